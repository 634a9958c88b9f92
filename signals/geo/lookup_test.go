package geo

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/oschwald/geoip2-golang/v2"

	"github.com/riskgate/riskgate/models"
)

func TestMaxMindDatabases(t *testing.T) {
	cfg := DefaultConfig()
	cfg.City, cfg.ASN = realFile(t, "GeoIP2-City-Test.mmdb"), realFile(t, "GeoLite2-ASN-Test.mmdb")
	cfg.Anonymous = realFile(t, "GeoIP2-Anonymous-IP-Test.mmdb")
	d := openTestDatabases(t, cfg)
	for _, c := range []struct {
		addr     string
		country  string
		lat, lon float64
		asn      uint32
		classes  models.Flag
	}{
		{"81.2.69.160", "GB", 51.5142, -0.0931, 0, models.SourceHosting | models.SourceVPN | models.SourceTor},
		{"::ffff:81.2.69.160", "GB", 51.5142, -0.0931, 0, models.SourceHosting | models.SourceVPN | models.SourceTor},
		{"89.160.20.112", "SE", 58.4167, 15.6167, 29518, 0},
		{"216.160.83.56", "US", 47.2513, -122.3149, 209, 0},
		{"2001:218::1", "JP", 35.68536, 139.75309, 0, 0},
		{"1.128.0.1", "", 0, 0, 1221, 0},
		{"1.2.0.1", "", 0, 0, 0, models.SourceVPN},
		{"65.0.0.1", "", 0, 0, 0, models.SourceTor},
		{"71.160.223.1", "", 0, 0, 0, models.SourceHosting},
	} {
		place, classes, state := d.Lookup(netip.MustParseAddr(c.addr), 0)
		want := models.Place{ASN: c.asn}
		copy(want.Country[:], c.country)
		near := math.Abs(float64(place.Latitude)-c.lat) < 0.01 && math.Abs(float64(place.Longitude)-c.lon) < 0.01
		if place.Country != want.Country || !near || place.ASN != c.asn || classes != c.classes {
			t.Errorf("%s: %+v %b, want %+v", c.addr, place, classes, c)
		}
		if known := c.country != "" || c.asn != 0; known != (state == models.Clean) {
			t.Errorf("%s: state %v", c.addr, state)
		}
	}
}

func TestUnknownAddressIsUnavailable(t *testing.T) {
	d := openTestDatabases(t, fixtureConfig(t))
	for _, addr := range []string{"198.19.240.1", "10.0.0.1", "127.0.0.1", "::1", "2001:db8:ff00::1", "8.8.8.8"} {
		place, classes, state := d.Lookup(netip.MustParseAddr(addr), 1)
		if place != (models.Place{}) || classes != 0 || state != models.Unavailable {
			t.Errorf("%s: %+v %b %v, want nothing and unavailable", addr, place, classes, state)
		}
	}
	if _, _, state := d.Lookup(netip.Addr{}, 0); state != models.Unavailable {
		t.Errorf("no address: %v, want unavailable", state)
	}
}

func TestWithoutDatabasesEverythingIsUnavailable(t *testing.T) {
	d := openTestDatabases(t, DefaultConfig())
	if _, _, state := d.Lookup(netip.MustParseAddr("192.0.2.1"), 0); state != models.Unavailable || d.Ready() {
		t.Errorf("state %v, ready %v; want unavailable and not ready", state, d.Ready())
	}
}

func TestMissingRadiusIsAssumedWide(t *testing.T) {
	lat, lon := 52.0, 13.0
	city := &geoip2.City{Location: geoip2.Location{Latitude: &lat, Longitude: &lon}}
	for _, c := range []struct {
		name string
		km   uint16
		want float32
	}{{"Berlin", 20, 20}, {"Berlin", 0, cityRadius}, {"", 0, countryRadius}} {
		city.City.Names.English, city.Location.AccuracyRadius = c.name, c.km
		var a answer
		if a.setCity(city); a.place.Radius != c.want {
			t.Errorf("city %q, radius %d: %v km, want %v", c.name, c.km, a.place.Radius, c.want)
		}
	}
	lat = math.NaN()
	var a answer
	if a.setCity(city); a.place.HasLocation {
		t.Error("a latitude that is no number is a location")
	}
}

// The remembered answer is the one the databases give, for any order of look-ups
// and with a cache too small to hold them.
func TestRememberedAnswersAreTheDatabases(t *testing.T) {
	cfg := fixtureConfig(t)
	cfg.Cache = 1024
	d := openTestDatabases(t, cfg)
	r := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		addr := randomAddress(r)
		place, classes, _ := d.Lookup(addr, r.Uint64N(200))
		want, _ := d.current.Load().read(addr)
		if place != want.place || classes != want.classes {
			t.Fatalf("%s: remembered %+v %b, want %+v %b", addr, place, classes, want.place, want.classes)
		}
	}
}

// randomAddress returns an address of the fixture's world or beside it.
func randomAddress(r *rand.Rand) netip.Addr {
	switch r.IntN(4) {
	case 0:
		return netip.AddrFrom4([4]byte{192, 0, 2, byte(r.Uint32())})
	case 1:
		return netip.AddrFrom4([4]byte{203, 0, 113, byte(r.Uint32())})
	case 2:
		return netip.AddrFrom4([4]byte{198, 18 + byte(r.IntN(2)), byte(r.Uint32()), byte(r.Uint32())})
	}
	return netip.AddrFrom16([16]byte{0: 0x20, 1: 0x01, 2: 0x0d, 3: 0xb8, 4: byte(r.Uint32()), 7: byte(r.Uint32()), 15: 1})
}

func TestConnectionRemembersWhatTheNetworksForgot(t *testing.T) {
	d := openTestDatabases(t, fixtureConfig(t))
	addr := netip.MustParseAddr("192.0.2.1")
	want, _, _ := d.Lookup(addr, 5)
	s := d.current.Load()
	s.prefixes = newCache(1024)    // a flood went through
	s.open = [numKinds]*database{} // so that only a memory can answer
	if got, _, _ := d.Lookup(addr, 5); got != want {
		t.Errorf("connection 5: %+v, want %+v", got, want)
	}
	if _, _, state := d.Lookup(addr, 6); state != models.Unavailable {
		t.Errorf("connection 6 never asked, and got state %v", state)
	}
}

func TestCacheKeepsToItsSize(t *testing.T) {
	c := newCache(1024)
	for i := range uint64(100_000) {
		c.put(key{i, 0, 1}, answer{known: true})
	}
	held := 0
	for i := range uint64(100_000) {
		if _, ok := c.get(key{i, 0, 1}); ok {
			held++
		}
	}
	if held > 1024 || held < 1000 {
		t.Errorf("%d answers held of 100000, want close to 1024", held)
	}
	c.put(key{7, 0, 1}, answer{place: models.Place{ASN: 7}})
	if a, ok := c.get(key{7, 0, 1}); !ok || a.place.ASN != 7 {
		t.Errorf("the newest answer is %+v, %v", a, ok)
	}
}

func BenchmarkLookup(b *testing.B) {
	d := openTestDatabases(b, fixtureConfig(b))
	addr := netip.MustParseAddr("192.0.2.1")
	b.Run("network", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d.Lookup(addr, 0)
		}
	})
	b.Run("miss", func(b *testing.B) {
		b.ReportAllocs()
		s := d.current.Load()
		for b.Loop() {
			s.read(addr)
		}
	})
}
