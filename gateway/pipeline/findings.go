package pipeline

import (
	"encoding/binary"
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/riskgate/riskgate/models"
)

const (
	// findingEvery is how often one finding about one subject is sent: what a hot
	// client does a thousand times is one piece of news.
	findingEvery = 10 * time.Minute
	findingSlots = 8192
)

// findings remembers what was said about whom. Two subjects that share a slot
// push each other out, and are then reported more often. The zero value must not
// be used: see newFindings.
type findings struct {
	seed  maphash.Seed
	slots [findingSlots]atomic.Uint64 // upper half: hash of subject and finding; lower half: unix seconds
}

func newFindings() *findings { return &findings{seed: maphash.MakeSeed()} }

// news reports whether the finding about a subject has not been sent for a while,
// and notes that it is sent now.
func (f *findings) news(p models.Pseudonym, finding string, now time.Time) bool {
	h := binary.LittleEndian.Uint64(p[:]) ^ maphash.String(f.seed, finding)
	slot, tag, second := &f.slots[h%findingSlots], h>>32, now.Unix()
	was := slot.Load()
	if was>>32 == tag && second-int64(uint32(was)) < int64(findingEvery/time.Second) {
		return false
	}
	return slot.CompareAndSwap(was, tag<<32|uint64(uint32(second)))
}
