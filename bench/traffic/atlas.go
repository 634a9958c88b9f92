package traffic

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"sync"

	"github.com/riskgate/riskgate/models"
)

// Atlas says where the addresses of the worlds A and B are. Operators have
// blocks of 240.0.0.0/4, which is reserved (RFC 1112), and AS numbers for private
// use (RFC 6996), so that nobody's address is simulated; the networks of the
// fixture databases are known too. The zero value is ready; it never changes and
// is the same for all worlds. It is a signals.Locator.
type Atlas struct{}

// Lookup returns the place of an address, its SourceVPN and SourceHosting bits,
// and models.Clean; models.Unavailable for an address of no operator.
func (Atlas) Lookup(addr netip.Addr, _ uint64) (models.Place, models.Flag, models.State) {
	b := blockOf(addr)
	if b == nil {
		return models.Place{}, 0, models.Unavailable
	}
	return b.place, b.classes, models.Clean
}

// Ready reports true.
func (Atlas) Ready() bool { return true }

// kind is what an operator uses a block for.
type kind uint8

const (
	homeKind kind = iota
	mobileKind
	vpnKind
	hostingKind
	officeKind
)

// block is a run of addresses of one operator in one place.
type block struct {
	from, size uint32
	kind       kind
	place      models.Place
	classes    models.Flag
	region     string
	country    int // index of countries; -1: a network of the fixture databases
}

// operator sells connections in one country.
type operator struct {
	weight float64
	homes  []*block // one for each city it serves
	mobile *block   // nil: no carrier
}

// territory is what there is in one country.
type territory struct {
	operators []operator
	total     float64  // of the weights
	carriers  []*block // at most four
	exits     []*block // of commercial VPNs
}

// world4 is the whole simulated address space.
type world4 struct {
	territories []territory
	units       [1 << 16]*block // by bits 4 to 19 of the address
}

const (
	firstUnit = uint32(0xF0) << 24 // 240.0.0.0
	unitBits  = 12                 // addresses of a unit: 4,096
	firstASN  = 4_200_000_000
	poolSize  = 4000 // addresses of a carrier behind which its customers share
)

var theWorld = sync.OnceValue(buildWorld)

// buildWorld gives the operators their blocks, in the order of countries.
func buildWorld() *world4 {
	w := &world4{}
	b := builder{world: w, asn: firstASN}
	for i := range countries {
		w.territories = append(w.territories, b.territory(i))
	}
	for range 3 { // providers of VPNs, with an exit in every country
		b.asn++
		for i := range countries {
			exit := b.block(i, 0, vpnKind, 1)
			exit.classes = models.SourceVPN
			w.territories[i].exits = append(w.territories[i].exits, exit)
		}
	}
	return w
}

// blockOf returns the block of an address, nil if nobody has it.
func blockOf(addr netip.Addr) *block {
	addr = addr.Unmap()
	if addr.Is4() {
		four := addr.As4()
		if n := binary.BigEndian.Uint32(four[:]); n >= firstUnit {
			return theWorld().units[n>>unitBits&0xFFFF]
		}
	}
	i := slices.IndexFunc(fixtures, func(f knownNetwork) bool { return f.prefix.Contains(addr) })
	if i < 0 {
		return nil
	}
	return &fixtures[i].block
}

// address returns address n of a block, counted around its end.
func (b *block) address(n uint32) netip.Addr { return addr4(b.from + n%b.size) }

func addr4(n uint32) netip.Addr {
	var four [4]byte
	binary.BigEndian.PutUint32(four[:], n)
	return netip.AddrFrom4(four)
}

// Network is a run of addresses of one operator in one place, as Atlas tells it.
type Network struct {
	Prefix  netip.Prefix
	Place   models.Place
	Classes models.Flag // Source* bits
	Region  string      // "NO-1"
}

// Networks returns the networks of 240.0.0.0/4 in the order of their addresses.
// All others that Atlas knows stand in testdata/geo/networks.txt.
func (Atlas) Networks() (all []Network) {
	for unit, b := range theWorld().units {
		if b == nil {
			continue
		}
		at := addr4(firstUnit + uint32(unit)<<unitBits)
		all = append(all, Network{Prefix: netip.PrefixFrom(at, 32-unitBits), Place: b.place, Classes: b.classes, Region: b.region})
	}
	return all
}
