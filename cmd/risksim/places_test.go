package main

import (
	"bytes"
	"net/netip"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/rs/zerolog"
	"go4.org/netipx"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/geo"
	fixture "github.com/riskgate/riskgate/testdata/geo"
	"github.com/riskgate/riskgate/testdata/geo/mmdb"
)

// The written databases say of every block, from its first address to its last,
// and of the networks of the fixture, what the Atlas does.
func TestWrittenPlacesAreThoseOfTheAtlas(t *testing.T) {
	folder := t.TempDir()
	must(t, "live", "--world", "A", "--users", "1", "--days", "1", "--write-gateway", folder)
	c := geo.DefaultConfig()
	c.City, c.ASN, c.Anonymous = filepath.Join(folder, "city.mmdb"), filepath.Join(folder, "asn.mmdb"), filepath.Join(folder, "anonymous.mmdb")
	d, err := geo.Open(c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	table, err := fixture.Files.ReadFile("networks.txt")
	if err != nil {
		t.Fatal(err)
	}
	networks, err := mmdb.Read(bytes.NewReader(table))
	if err != nil {
		t.Fatal(err)
	}
	var addresses []netip.Addr
	for _, n := range networks {
		addresses = append(addresses, n.Prefix.Addr())
	}
	vpns, blocks := 0, (traffic.Atlas{}).Networks()
	for _, n := range blocks {
		addresses = append(addresses, n.Prefix.Addr(), netipx.PrefixLastIP(n.Prefix))
		if n.Classes&models.SourceVPN != 0 {
			vpns++
		}
	}
	seen := 0
	for _, a := range addresses {
		want, classes, state := traffic.Atlas{}.Lookup(a, 0)
		if state != models.Clean {
			continue // for documentation: nobody comes from there
		}
		seen++
		if got, gotClasses, gotState := d.Lookup(a, 0); got != want || gotClasses != classes || gotState != state {
			t.Fatalf("%s is in %+v %b, want %+v %b", a, got, gotClasses, want, classes)
		}
	}
	if seen < 2*len(blocks)+20 || len(blocks) < 2000 || vpns < 100 {
		t.Errorf("%d addresses of %d blocks, of which %d of VPNs", seen, len(blocks), vpns)
	}
	if _, _, state := d.Lookup(netip.MustParseAddr("255.255.255.254"), 0); state != models.Unavailable {
		t.Errorf("an address that nobody has is %s", state)
	}
}

// A fast world gets limits that are as many times as high.
func TestLimitsFollowTheTimeScale(t *testing.T) {
	for _, c := range []struct {
		scale float64
		want  *limits
	}{
		{0.5, nil}, {1, nil}, {1.5, &limits{75, 30, 60}}, {1000, &limits{50_000, 20_000, 40_000}},
		{86_400, &limits{1_000_000, 1_000_000, 100_000}}, {0, &limits{1_000_000, 1_000_000, 100_000}},
	} {
		if got := limitsAt(c.scale); !reflect.DeepEqual(got, c.want) {
			t.Errorf("at %g: %+v, want %+v", c.scale, got, c.want)
		}
	}
}
