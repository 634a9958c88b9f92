package geo

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"

	"github.com/oschwald/geoip2-golang/v2"
	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/riskgate/riskgate/models"
)

// Radii assumed where the database gives none, in km: DB-IP Lite never does.
const (
	cityRadius    = 50
	countryRadius = 1000
)

// answer is what the databases say about a network.
type answer struct {
	place   models.Place
	classes models.Flag
	known   bool // at least a country or an AS number was found
}

// Lookup returns the place of addr, its SourceHosting, SourceVPN and SourceTor
// bits, and models.Clean; for an address of which neither country nor AS number
// is known, models.Unavailable. The answer is remembered by network, and by
// connection if connID is not 0.
func (d *Databases) Lookup(addr netip.Addr, connID uint64) (models.Place, models.Flag, models.State) {
	return d.current.Load().lookup(addr, connID).result()
}

// Ready reports whether a City or an ASN database is open.
func (d *Databases) Ready() bool {
	s := d.current.Load()
	return s.open[cityKind] != nil || s.open[asnKind] != nil
}

func (a answer) result() (models.Place, models.Flag, models.State) {
	if a.known {
		return a.place, a.classes, models.Clean
	}
	return a.place, a.classes, models.Unavailable
}

// Lengths of the blocks under which answers are remembered, shortest first, as
// lengths of IPv6 prefixes. An answer is kept under the largest block that its
// network covers.
var (
	blocks4 = []int{96 + 24, 96 + 32}
	blocks6 = []int{48, 64, 128}
)

func blocksOf(addr netip.Addr) []int {
	if addr.Unmap().Is4() {
		return blocks4
	}
	return blocks6
}

// lookup finds the answer in the cache of networks, else in that of connections,
// which a flood of addresses reaches last, else in the databases.
func (s *snapshot) lookup(addr netip.Addr, connID uint64) answer {
	hi, lo := words(addr)
	blocks := blocksOf(addr)
	for _, bits := range blocks {
		if a, ok := s.prefixes.get(blockKey(hi, lo, bits)); ok {
			return a
		}
	}
	if connID != 0 {
		if a, ok := s.connections.get(key{hi, lo, connID}); ok {
			return a
		}
	}
	a, covered := s.read(addr.Unmap())
	if connID != 0 {
		s.connections.put(key{hi, lo, connID}, a)
	}
	for _, bits := range blocks {
		if covered <= bits {
			s.prefixes.put(blockKey(hi, lo, bits), a)
			break
		}
	}
	return a
}

// read asks every open database. It returns the length of the longest network
// found, as that of an IPv6 prefix: all addresses in it have the same answer.
func (s *snapshot) read(addr netip.Addr) (a answer, covered int) {
	if !addr.IsValid() {
		return answer{}, 0
	}
	if db := s.open[cityKind]; db != nil {
		if r, err := db.reader.City(addr); err == nil {
			a.setCity(r)
			covered = max(covered, length6(r.Traits.Network))
		}
	}
	if db := s.open[asnKind]; db != nil {
		if r, err := db.reader.ASN(addr); err == nil {
			a.place.ASN = uint32(r.AutonomousSystemNumber)
			covered = max(covered, length6(r.Network))
		}
	}
	if db := s.open[anonymousKind]; db != nil {
		classes, network, err := readClasses(db.reader, addr)
		if err == nil {
			a.classes = classes
			covered = max(covered, length6(network))
		}
	}
	a.known = a.place.ASN != 0 || a.place.Country != [2]byte{}
	return a, covered
}

func (a *answer) setCity(r *geoip2.City) {
	if iso := r.Country.ISOCode; len(iso) == 2 {
		a.place.Country = [2]byte{iso[0], iso[1]}
	}
	if !r.Location.HasCoordinates() {
		return
	}
	lat, lon := *r.Location.Latitude, *r.Location.Longitude
	if !(math.Abs(lat) <= 90 && math.Abs(lon) <= 180) {
		return
	}
	a.place.Latitude, a.place.Longitude = float32(lat), float32(lon)
	a.place.HasLocation = true
	a.place.Radius = radius(r)
}

func radius(r *geoip2.City) float32 {
	switch {
	case r.Location.AccuracyRadius != 0:
		return float32(r.Location.AccuracyRadius)
	case r.City.Names.HasData():
		return cityRadius
	}
	return countryRadius
}

// readClasses reads either kind of anonymizer database. Proxies, public and
// residential, count as VPN: somebody else's address, for hire.
func readClasses(r *geoip2.Reader, addr netip.Addr) (models.Flag, netip.Prefix, error) {
	if r.Metadata().DatabaseType == "GeoIP-Anonymous-Plus" {
		v, err := r.AnonymousPlus(addr)
		vpn := v != nil && (v.IsAnonymousVPN || v.IsPublicProxy || v.IsResidentialProxy)
		if err != nil {
			return 0, netip.Prefix{}, err
		}
		return classes(v.IsHostingProvider, vpn, v.IsTorExitNode), v.Network, nil
	}
	v, err := r.AnonymousIP(addr)
	if err != nil {
		return 0, netip.Prefix{}, err
	}
	vpn := v.IsAnonymousVPN || v.IsPublicProxy || v.IsResidentialProxy
	return classes(v.IsHostingProvider, vpn, v.IsTorExitNode), v.Network, nil
}

func classes(hosting, vpn, tor bool) (c models.Flag) {
	if hosting {
		c |= models.SourceHosting
	}
	if vpn {
		c |= models.SourceVPN
	}
	if tor {
		c |= models.SourceTor
	}
	return c
}

// A new database is asked for its first networks and for addresses spread over
// both families. The walk is bounded because a tree whose nodes share subtrees
// has more networks than a life has seconds.
const (
	probes  = 512
	walkMax = 4096
)

// probe refuses a file whose records have another shape than its database type
// says, before it is used.
func probe(k kind, raw *maxminddb.Reader, r *geoip2.Reader) error {
	left := walkMax
	for result := range raw.Networks(maxminddb.IncludeNetworksWithoutData()) {
		if err := ask(k, r, result.Prefix().Addr()); err != nil {
			return err
		}
		if left--; left == 0 {
			break
		}
	}
	for i := range uint64(probes) {
		var four [4]byte
		binary.BigEndian.PutUint32(four[:], uint32(i*(1<<32/probes)))
		if err := ask(k, r, netip.AddrFrom4(four)); err != nil {
			return err
		}
		if raw.Metadata.IPVersion != 6 {
			continue
		}
		six := [16]byte{0: 0x20}
		binary.BigEndian.PutUint64(six[1:], i*(1<<61/probes)<<3)
		if err := ask(k, r, netip.AddrFrom16(six)); err != nil {
			return err
		}
	}
	return nil
}

func ask(k kind, r *geoip2.Reader, addr netip.Addr) (err error) {
	switch k {
	case cityKind:
		_, err = r.City(addr)
	case asnKind:
		_, err = r.ASN(addr)
	default:
		_, _, err = readClasses(r, addr)
	}
	if err != nil {
		return fmt.Errorf("look up %s: %w", addr, err)
	}
	return nil
}

// length6 returns the length of p as an IPv6 prefix.
func length6(p netip.Prefix) int {
	if p.Addr().Is4() {
		return 96 + p.Bits()
	}
	return p.Bits()
}
