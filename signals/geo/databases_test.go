package geo

import (
	"bytes"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/models"
	fixture "github.com/riskgate/riskgate/testdata/geo"
)

// realFile returns the path of a database that nobody here made, or skips.
func realFile(t testing.TB, name string) string {
	dir := os.Getenv("RISKGATE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	path := filepath.Join(dir, "geo", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED: no %s: set RISKGATE_DATA to the folder of real data", path)
	}
	return path
}

// fixtureFile writes one of the fixture databases into a directory of the test.
func fixtureFile(t testing.TB, name string) string {
	content, err := fixture.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// fixtureConfig configures all three fixture databases.
func fixtureConfig(t testing.TB) Config {
	cfg := DefaultConfig()
	cfg.City, cfg.ASN = fixtureFile(t, "city.mmdb"), fixtureFile(t, "asn.mmdb")
	cfg.Anonymous = fixtureFile(t, "anonymous.mmdb")
	return cfg
}

func openTestDatabases(t testing.TB, cfg Config) *Databases {
	d, err := Open(cfg, zerolog.New(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func countryOf(d *Databases, addr string) string {
	place, _, _ := d.Lookup(netip.MustParseAddr(addr), 0)
	return strings.Trim(string(place.Country[:]), "\x00")
}

// replace puts content in place of the file at path, as an updater should: a new
// file renamed over the old one.
func replace(t testing.TB, path string, content []byte) {
	next := path + ".new"
	if err := os.WriteFile(next, content, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
}

func TestBrokenDatabasesAreRefused(t *testing.T) {
	for _, name := range []string{
		"GeoIP2-City-Test-Broken-Double-Format.mmdb", "GeoIP2-City-Test-Invalid-Node-Count.mmdb",
		"MaxMind-DB-test-broken-pointers-24.mmdb", "MaxMind-DB-test-broken-search-tree-24.mmdb",
	} {
		t.Run(name, func(t *testing.T) {
			good := fixtureConfig(t)
			d := openTestDatabases(t, good)
			bad := good
			bad.City = realFile(t, name)
			if _, err := Open(bad, zerolog.Nop()); err == nil {
				t.Error("Open accepts it")
			}
			if err := d.Reload(bad); err == nil {
				t.Error("Reload accepts it")
			}
			if got := countryOf(d, "192.0.2.1"); got != "DE" {
				t.Errorf("after the refused reload the country is %q, want DE", got)
			}
		})
	}
}

func TestTruncatedDatabasesAreRefused(t *testing.T) {
	whole, err := os.ReadFile(realFile(t, "GeoIP2-City-Test.mmdb"))
	if err != nil {
		t.Fatal(err)
	}
	for size := 0; size < len(whole); size += 97 {
		if _, err := parse(cityKind, whole[:size]); err == nil {
			t.Errorf("the first %d of %d bytes are accepted", size, len(whole))
		}
	}
	if _, err := parse(cityKind, whole); err != nil {
		t.Errorf("the whole is refused: %v", err)
	}
}

func TestDatabaseOfAnotherKindIsRefused(t *testing.T) {
	cfg := DefaultConfig()
	cfg.City = fixtureFile(t, "asn.mmdb")
	_, err := Open(cfg, zerolog.Nop())
	if err == nil || !strings.Contains(err.Error(), "City method does not support") {
		t.Errorf("an ASN database as city: %v, want a refusal that names the kind", err)
	}
}

func TestEveryFaultIsNamed(t *testing.T) {
	cfg := DefaultConfig()
	cfg.City, cfg.ASN = "no/city.mmdb", "no/asn.mmdb"
	_, err := Open(cfg, zerolog.Nop())
	if err == nil || !strings.Contains(err.Error(), cfg.City) || !strings.Contains(err.Error(), cfg.ASN) {
		t.Errorf("Open = %v, want both files named", err)
	}
}

func TestReplacedFileIsNoticed(t *testing.T) {
	cfg := fixtureConfig(t)
	d := openTestDatabases(t, cfg)
	if got := countryOf(d, "81.2.69.160"); got != "" {
		t.Fatalf("before: %q, want unknown", got)
	}
	other, err := os.ReadFile(realFile(t, "GeoIP2-City-Test.mmdb"))
	if err != nil {
		t.Fatal(err)
	}
	replace(t, cfg.City, other)
	d.poll()
	if got := countryOf(d, "81.2.69.160"); got != "GB" {
		t.Errorf("after: %q, want GB, although the old answer was remembered", got)
	}
	if place, _, _ := d.Lookup(netip.MustParseAddr("192.0.2.1"), 0); place.ASN != 64496 {
		t.Errorf("AS %d, want 64496 from the database that did not change", place.ASN)
	}
}

func TestBrokenReplacementIsReportedOnceAndTheOldStays(t *testing.T) {
	var out bytes.Buffer
	cfg := fixtureConfig(t)
	d, err := Open(cfg, zerolog.New(&out))
	if err != nil {
		t.Fatal(err)
	}
	good, _ := os.ReadFile(cfg.City)
	replace(t, cfg.City, good[:len(good)/2])
	d.poll()
	d.poll()
	if n := strings.Count(out.String(), "not replaced"); n != 1 {
		t.Errorf("%d warnings for one broken file, want 1:\n%s", n, &out)
	}
	if got := countryOf(d, "192.0.2.1"); got != "DE" {
		t.Errorf("country %q, want DE from the old database", got)
	}
	replace(t, cfg.City, good)
	d.poll()
	if !strings.Contains(out.String(), "database replaced") {
		t.Error("the repaired file is not taken")
	}
}

func TestRemovedFileChangesNothing(t *testing.T) {
	cfg := fixtureConfig(t)
	d := openTestDatabases(t, cfg)
	if err := os.Remove(cfg.City); err != nil {
		t.Fatal(err)
	}
	d.poll()
	if got := countryOf(d, "192.0.2.1"); got != "DE" {
		t.Errorf("country %q, want DE", got)
	}
}

func TestWatchPollsAndStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := fixtureConfig(t)
		d := openTestDatabases(t, cfg)
		d.Start()
		replace(t, cfg.City, mustRead(t, "asn.mmdb")) // readable, but no City database
		time.Sleep(cfg.Refresh + time.Second)
		d.Stop()
		if d.failed[cityKind] == nil {
			t.Error("the replaced file was not looked at")
		}
	})
}

func mustRead(t testing.TB, name string) []byte {
	content, err := fixture.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// Look-ups go on while databases are replaced, and each sees one whole set: the
// city database and its opposite never mix within an answer.
func TestLookupsRunWhileDatabasesAreReplaced(t *testing.T) {
	cfg := fixtureConfig(t)
	d := openTestDatabases(t, cfg)
	without := cfg
	without.City = ""
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for conn := uint64(1); ; conn++ {
				select {
				case <-done:
					return
				default:
				}
				place, _, state := d.Lookup(netip.MustParseAddr("192.0.2.1"), conn%8)
				if place.ASN != 64496 || state != models.Clean || place.HasLocation != (place.Country != [2]byte{}) {
					t.Errorf("half an answer: %+v %v", place, state)
					return
				}
			}
		})
	}
	for range 50 {
		if err := d.Reload(without); err != nil {
			t.Error(err)
		}
		if err := d.Reload(cfg); err != nil {
			t.Error(err)
		}
	}
	close(done)
	readers.Wait()
}

func TestConfigMistakesAreReportedTogether(t *testing.T) {
	cfg := Config{Lists: map[string][]string{"vpns": {"a"}, "tor": {""}}}
	got := cfg.Validate()
	want := []string{
		"refresh: 0s, want 100ms to 24h",
		"cache: 0, want 1024 to 16777216",
		`lists.tor: "", want the name of a file`,
		"lists.vpns: vpns, want hosting, hosting_asn, listed, relay, tor or vpn",
	}
	for i, w := range want {
		if i >= len(got) || got[i].String() != w {
			t.Fatalf("problems %v, want %q", got, want)
		}
	}
	if cfg := DefaultConfig(); len(cfg.Validate()) != 0 {
		t.Errorf("the default has problems: %v", cfg.Validate())
	}
}

// A database that is accepted never fails a look-up, whatever its bytes are.
func FuzzParse(f *testing.F) {
	for k, name := range []string{"city.mmdb", "asn.mmdb", "anonymous.mmdb"} {
		f.Add(mustRead(f, name), uint8(k), []byte{192, 0, 2, 1})
	}
	f.Fuzz(func(t *testing.T, content []byte, k uint8, address []byte) {
		which := kind(k) % numKinds
		r, err := parse(which, content)
		addr, ok := netip.AddrFromSlice(address)
		if err != nil || !ok {
			return
		}
		var open [numKinds]*database
		open[which] = &database{reader: r}
		s := newSnapshot(1024, open)
		a, covered := s.read(addr.Unmap())
		if covered < 0 || covered > 128 || a.place.HasLocation && a.place.Radius <= 0 {
			t.Fatalf("%v covers %d bits: %+v", addr, covered, a)
		}
	})
}
