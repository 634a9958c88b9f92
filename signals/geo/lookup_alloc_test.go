//go:build !race

package geo

import (
	"net/netip"
	"testing"
)

func TestLookupAllocates(t *testing.T) {
	d := openTestDatabases(t, fixtureConfig(t))
	for _, text := range []string{"192.0.2.1", "2001:db8::1", "198.19.240.1"} {
		addr := netip.MustParseAddr(text)
		for _, conn := range []uint64{0, 9} {
			d.Lookup(addr, conn)
			if n := testing.AllocsPerRun(200, func() { d.Lookup(addr, conn) }); n != 0 {
				t.Errorf("a remembered look-up of %s on connection %d allocates %v times, want 0", addr, conn, n)
			}
		}
	}
}
