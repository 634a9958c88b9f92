package baseline

import "github.com/riskgate/riskgate/models"

// index finds the known subjects of one stripe: open addressing over entry IDs,
// each with 8 bits of the hash in front, in 5 to 11 bytes per subject. The
// stripe's lock guards it.
type index struct {
	hash  hasher
	arena *arena
	slots []uint32 // tag in the top 8 bits, then the ID; 0: empty
	n     int
}

const (
	indexIDBits = 24
	maxEntries  = 1<<indexIDBits - 1
)

func indexTag(hash uint64) uint32 { return uint32(uint8(hash>>48)) << indexIDBits }

func (x *index) home(hash uint64) int { return int(uint32(hash>>8)) & (len(x.slots) - 1) }

func (x *index) next(i int) int { return (i + 1) & (len(x.slots) - 1) }

// find returns the entry of a subject, or zero.
func (x *index) find(hash uint64, p models.Pseudonym) entryID {
	if x.n == 0 {
		return 0
	}
	tag := indexTag(hash)
	for i := x.home(hash); x.slots[i] != 0; i = x.next(i) {
		if x.slots[i]&^maxEntries != tag {
			continue
		}
		id := entryID(x.slots[i] & maxEntries)
		e := x.arena.at(id)
		e.expect()
		if e.key == p {
			return id
		}
	}
	return 0
}

// put adds a subject that is not in the index.
func (x *index) put(hash uint64, id entryID) {
	if 4*(x.n+1) > 3*len(x.slots) {
		x.grow()
	}
	x.n++
	x.place(hash, indexTag(hash)|uint32(id))
}

func (x *index) place(hash uint64, slot uint32) {
	i := x.home(hash)
	for x.slots[i] != 0 {
		i = x.next(i)
	}
	x.slots[i] = slot
}

func (x *index) grow() {
	old := x.slots
	x.slots = make([]uint32, max(16, 2*len(old)))
	for _, slot := range old {
		if slot != 0 {
			x.place(x.hashOf(slot), slot)
		}
	}
}

func (x *index) hashOf(slot uint32) uint64 {
	return x.hash.sum(x.arena.at(entryID(slot & maxEntries)).key)
}

// remove takes an entry out and closes the gap, so that no search ends early.
func (x *index) remove(hash uint64, id entryID) {
	gap := x.home(hash)
	for entryID(x.slots[gap]&maxEntries) != id {
		if x.slots[gap] == 0 {
			panic("BUG: baseline: an entry to remove is not in its index")
		}
		gap = x.next(gap)
	}
	x.n--
	mask := len(x.slots) - 1
	for i := x.next(gap); x.slots[i] != 0; i = x.next(i) {
		home := x.home(x.hashOf(x.slots[i]))
		if (i-home)&mask >= (i-gap)&mask {
			x.slots[gap], gap = x.slots[i], i
		}
	}
	x.slots[gap] = 0
}
