package traffic

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
)

// The networks of the world: those of testdata/geo/networks.txt, which says
// where each is and who runs it.
var (
	homeBerlin   = prefix("198.18.0.0/18")
	homeHamburg  = prefix("198.18.64.0/19")
	homeMunich   = prefix("198.18.96.0/19")
	cableCologne = prefix("198.18.128.0/18")
	homeSix      = prefix("2001:db8::/40")
	cableSix     = prefix("2001:db8:100::/40")
	carriers     = []netip.Prefix{prefix("198.18.192.0/20"), prefix("198.18.224.0/20")}
	offices      = []netip.Prefix{prefix("198.19.0.0/19"), prefix("198.19.32.0/19")}
	vpnExits     = []netip.Prefix{prefix("198.19.192.0/20"), prefix("198.19.208.0/20")}
	clouds       = []netip.Prefix{prefix("198.19.128.0/19"), prefix("198.19.160.0/20"), prefix("198.19.176.0/20")}
	abroad       = []netip.Prefix{
		prefix("198.19.64.0/21"), prefix("198.19.72.0/21"), prefix("198.19.80.0/21"), prefix("198.19.88.0/21"),
		prefix("198.19.96.0/21"), prefix("198.19.104.0/21"), prefix("198.19.112.0/21"), prefix("198.19.120.0/21"),
	}
)

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// hostIn returns address n of an IPv4 prefix, counted from its start and around
// its end.
func hostIn(p netip.Prefix, n uint32) netip.Addr {
	base := p.Addr().As4()
	size := uint32(1) << (32 - p.Bits())
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(base[:])+n%size)
	return netip.AddrFrom4(b)
}

// subnetIn returns an address in /64 number n of an IPv6 /40.
func subnetIn(p netip.Prefix, n uint32, host uint64) netip.Addr {
	b := p.Addr().As16()
	b[5], b[6], b[7] = byte(n>>16), byte(n>>8), byte(n)
	binary.BigEndian.PutUint64(b[8:], host)
	return netip.AddrFrom16(b)
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// chance is true with probability p.
func chance(r *rand.Rand, p float64) bool { return r.Float64() < p }
