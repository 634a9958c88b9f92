package baseline

import (
	"sync/atomic"
	"unsafe"

	"github.com/dgraph-io/ristretto/v2"
)

// known decides which established subjects stay in memory. It is a ristretto
// cache whose values are entry IDs; the stripes find entries, so that nothing
// depends on what ristretto shows or when.
//
// Every offer of an entry puts it into the leaving queue exactly once: because
// the offer was dropped, rejected, or the entry later evicted. Whoever takes it
// from that queue frees the entry, or keeps it, or offers it again.
//
// Ristretto calls back on its one goroutine, which must never wait for a stripe:
// a holder of a stripe may be inside offer. The callbacks lock only the queue.
type known struct {
	cache   *ristretto.Cache[uint64, entryID]
	leaving *leaving
	evicted atomic.Uint64
}

// knownCost is what one known subject costs in memory: its entry, and in
// ristretto, the map of its stripe and the filter what was measured, rounded up.
const knownCost = int64(unsafe.Sizeof(entry{})) + knownOverhead

const knownOverhead = 192

// countersPerEntry sizes the frequency sketch; each costs about 3 bytes.
const countersPerEntry = 2

func newKnown(entries int, l *leaving) (*known, error) {
	k := &known{leaving: l}
	cache, err := ristretto.NewCache(&ristretto.Config[uint64, entryID]{
		NumCounters:        int64(max(64, countersPerEntry*entries)),
		MaxCost:            knownCost * int64(entries),
		BufferItems:        64,
		IgnoreInternalCost: true, // knownCost has it
		KeyToHash:          func(hash uint64) (uint64, uint64) { return hash, 0 },
		ShouldUpdate:       func(_, _ entryID) bool { return false }, // equal hashes: the first stays
		OnEvict:            k.leave,
		OnReject:           k.leave,
	})
	k.cache = cache
	return k, err
}

// offer hands an entry to the cache, which does not hold it. The caller may hold
// its stripe.
func (k *known) offer(hash uint64, id entryID) {
	if !k.cache.Set(hash, id, knownCost) {
		k.evicted.Add(1)
		k.leaving.push(id)
	}
}

// touch tells the cache that the subject was seen.
func (k *known) touch(hash uint64) { k.cache.Get(hash) }

func (k *known) leave(item *ristretto.Item[entryID]) {
	if item.Value != 0 {
		k.evicted.Add(1)
		k.leaving.push(item.Value)
	}
}
