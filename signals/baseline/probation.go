package baseline

import (
	"math/bits"
	"unsafe"

	"github.com/riskgate/riskgate/models"
)

// candidate is a subject on probation: it has not earned a place among the
// known. It holds no pointer.
type candidate struct {
	key     models.Pseudonym
	seen    uint32 // tick of the last access
	changes uint16 // saturating
	rank    rank
	profile Profile
}

// rank says which newcomers may replace a candidate.
type rank uint8

const (
	vacant   rank = iota
	passing       // anonymous: never established, gives way first
	aspiring      // may become established
)

const (
	ways        = 8 // candidates of one bucket
	passingWays = 2 // of which so many are never aspiring

	candidateBytes = int64(unsafe.Sizeof(candidate{})) + 2
)

// candidates is the probation memory of one stripe: buckets of eight, in fixed
// arrays. A newcomer replaces the least valuable candidate of its bucket, and an
// anonymous one replaces only anonymous ones: a flood of strangers costs nobody
// who proved who he is anything. The stripe's lock guards it.
type candidates struct {
	slots []candidate
	tags  []uint16 // of the slots, to search a bucket in one cache line; 0: vacant
}

func newCandidates(buckets int) candidates {
	return candidates{slots: make([]candidate, buckets*ways), tags: make([]uint16, buckets*ways)}
}

// bucket returns the index of the first slot of the bucket of hash.
func (c *candidates) bucket(hash uint64) int {
	b, _ := bits.Mul64(hash<<24, uint64(len(c.slots)/ways))
	return int(b) * ways
}

func tagOf(hash uint64) uint16 { return max(1, uint16(hash)) }

// find returns the slot of a subject, or -1.
func (c *candidates) find(hash uint64, p models.Pseudonym) int {
	first, tag := c.bucket(hash), tagOf(hash)
	for i, t := range c.tags[first : first+ways] {
		if t == tag && c.slots[first+i].key == p {
			return first + i
		}
	}
	return -1
}

// seat gives a newcomer an empty slot and says whether somebody lost it.
func (c *candidates) seat(hash uint64, p models.Pseudonym, r rank, tick uint32) (slot int, replaced bool) {
	slot = c.victim(c.bucket(hash), r, tick)
	replaced = c.slots[slot].rank != vacant
	c.slots[slot] = candidate{key: p, seen: tick, rank: r}
	c.tags[slot] = tagOf(hash)
	return slot, replaced
}

// victim returns the slot a newcomer of rank r takes: a vacant one, else an
// anonymous one, else the least valuable. Because the first slots are closed to
// the aspiring, an anonymous newcomer never gets as far as the last.
func (c *candidates) victim(first int, r rank, tick uint32) int {
	end := first + ways
	if r == aspiring {
		first += passingWays
	}
	best := first
	for i := first + 1; i < end; i++ {
		if c.slots[i].lessValuable(&c.slots[best], tick) {
			best = i
		}
	}
	return best
}

// vacate empties a slot.
func (c *candidates) vacate(slot int) {
	c.slots[slot] = candidate{}
	c.tags[slot] = 0
}

func (c *candidate) lessValuable(d *candidate, tick uint32) bool {
	if c.rank != d.rank {
		return c.rank < d.rank
	}
	if v, w := c.value(tick), d.value(tick); v != w {
		return v < w
	}
	return c.seen < d.seen
}

// value is the order of magnitude of what was learned, less one for every hour
// since.
func (c *candidate) value(tick uint32) int {
	idle := int(tick-min(tick, c.seen)) / 3600
	return bits.Len16(c.changes) - idle
}
