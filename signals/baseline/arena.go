package baseline

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/models/prefetch"
)

// entry is the one live copy of a known subject. It is guarded by the lock of
// its stripe and holds no pointer.
type entry struct {
	key     models.Pseudonym
	version uint32  // how often it was copied out to be written, earlier runs included
	next    entryID // the next one to be written, see dirty
	seen    uint32  // tick of the last access told to the cache
	profile Profile
}

// expect asks for the whole of e at once: it is read in many places, and each
// would wait for memory alone.
func (e *entry) expect() {
	const line = 64
	for at := uintptr(0); at < unsafe.Sizeof(*e); at += line {
		prefetch.Line((*byte)(unsafe.Add(unsafe.Pointer(e), at)))
	}
}

// lastEntry ends a list of entries to be written, so that next is 0 outside lists.
const lastEntry = ^entryID(0)

// dirty reports whether the entry was changed since it was last copied out: it is
// in a list to be written.
func (e *entry) dirty() bool { return e.next != 0 }

// after returns the next entry to be written, or zero.
func (e *entry) after() entryID {
	if e.next == lastEntry {
		return 0
	}
	return e.next
}

// push puts an entry at the head of a list to be written.
func (e *entry) push(id entryID, list *entryID) {
	e.next = *list
	if *list == 0 {
		e.next = lastEntry
	}
	*list = id
}

// entryID names an entry of the arena. Zero is no entry.
type entryID uint32

const slabEntries = 512

type slab [slabEntries]entry

// arena hands out entries, up to a fixed number, and takes them back. Slabs are
// made when first needed and kept.
type arena struct {
	slabs []atomic.Pointer[slab]
	limit entryID

	mu   sync.Mutex // guards all below; nothing else is locked under it
	free []entryID
	used entryID // IDs handed out at least once
	live int
}

func newArena(entries int) *arena {
	return &arena{
		slabs: make([]atomic.Pointer[slab], entries/slabEntries+1),
		limit: entryID(entries),
	}
}

// take returns an empty entry, or zero when all are in use.
func (a *arena) take() entryID {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.free); n > 0 {
		id := a.free[n-1]
		a.free = a.free[:n-1]
		a.live++
		return id
	}
	if a.used == a.limit {
		return 0
	}
	a.used++
	a.live++
	if s := &a.slabs[a.used/slabEntries]; s.Load() == nil {
		s.Store(new(slab))
	}
	return a.used
}

// give takes an entry back. The caller holds the lock of its stripe and has
// removed it from there.
func (a *arena) give(id entryID) {
	*a.at(id) = entry{}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.free = append(a.free, id)
	a.live--
}

func (a *arena) at(id entryID) *entry {
	return &a.slabs[id/slabEntries].Load()[id%slabEntries]
}

// count returns how many entries are in use.
func (a *arena) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.live
}
