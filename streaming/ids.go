package streaming

import (
	crand "crypto/rand"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/riskgate/riskgate/models"
)

// IDs makes event ids: UUIDv7 (RFC 9562, method 2 of section 6.2) that rise within
// the process. It is safe for concurrent use.
type IDs struct {
	mu     sync.Mutex // guards the rest
	source *rand.ChaCha8
	milli  uint64
	count  uint64 // 74 bits of counter and randomness, the upper 62 of them
}

// NewIDs returns a generator with a seed of its own.
func NewIDs() *IDs {
	var seed [32]byte
	crand.Read(seed[:])
	return &IDs{source: rand.NewChaCha8(seed)}
}

// New returns the next id for time now. Ids rise even where now does not.
func (g *IDs) New(now time.Time) models.EventID {
	milli := uint64(now.UnixMilli())
	g.mu.Lock()
	if milli > g.milli {
		g.milli = milli
		g.count = g.source.Uint64() >> 3 // leaves room to count up
	} else {
		g.count += 1 + g.source.Uint64()>>40
		if g.count >= 1<<62 {
			g.milli++
			g.count = g.source.Uint64() >> 3
		}
	}
	milli, count, low := g.milli, g.count, g.source.Uint64()
	g.mu.Unlock()
	return uuid7(milli, count, low)
}

// uuid7 lays out 48 bits of time, 62 bits of count and 12 bits of low around the
// version and the variant.
func uuid7(milli, count, low uint64) models.EventID {
	var id models.EventID
	binary.BigEndian.PutUint64(id[:8], milli<<16|7<<12|count>>50&0xfff)
	binary.BigEndian.PutUint64(id[8:], 2<<62|count&(1<<50-1)<<12|low&0xfff)
	return id
}
