package ratelimit

import (
	"math/bits"
	"sync/atomic"

	"github.com/riskgate/riskgate/models/prefetch"
)

// ways is how many buckets share a set: one cache line.
const ways = 8

// table holds buckets in fixed memory. A bucket is one word: 16 bits of the key's
// hash, and the time at which the bucket is full again, in microseconds since the
// limiter was made (48 bits: nine years). That time is the theoretical arrival
// time of the generic cell rate algorithm.
//
// A key that finds no bucket of its own takes over the one in its set that is
// full again first, and what is missing in it. So the least time in a set never
// falls, and a key that was displaced finds, when it returns, at least what it
// owed: replacement admits nothing that exact buckets would have refused. A
// drained bucket is displaced last: to displace one that owes n requests, all
// other buckets of its set must owe as much, and which keys share a set is
// secret. The price: where more than eight keys of a set are in debt at once, a
// newcomer starts with the smallest of those debts.
//
// Two keys with the same set and the same 16 bits share a bucket, which is one
// pair in 2^16 times the number of sets.
type table struct {
	sets []set
	mask uint64
}

type set [ways]atomic.Uint64 // 0: never used

const (
	timeBits = 48
	timeMask = 1<<timeBits - 1
)

func newTable(keys int) *table {
	n := 1 << bits.Len(uint(keys-1)) / ways
	return &table{sets: make([]set, n), mask: uint64(n - 1)}
}

func (t *table) expect(hash uint64) { prefetch.Line(&t.sets[hash&t.mask]) }

// charge is what one request asks of a bucket, in microseconds.
type charge struct {
	now   int64
	cost  int64 // time the bucket takes to refill what the request takes
	limit int64 // time to full above which a request is refused
	worst int64 // time to full that no bucket exceeds unless the clock was set back
}

// spend takes cost from the bucket of the key with that hash unless the bucket
// would then be further than limit from full. It returns how far from full the
// bucket is afterwards, or would have been.
func (t *table) spend(hash uint64, c charge) (debt int64, ok bool) {
	s := &t.sets[hash&t.mask]
	tag := hash >> timeBits
	for {
		slot, word := s.find(tag)
		owed := int64(word&timeMask) - c.now
		if owed > c.worst {
			slot.CompareAndSwap(word, word&^timeMask|uint64(c.now+c.worst))
			continue
		}
		debt = max(owed, 0) + c.cost
		if debt > c.limit {
			return debt, false
		}
		// A word that has changed since, by this key or another, is read again.
		if slot.CompareAndSwap(word, tag<<timeBits|uint64(c.now+debt)) {
			return debt, true
		}
	}
}

// find returns the bucket of tag, else the one that is full again first. While
// the clock goes on, words only grow in time, and ties go to the first: so two
// requests that insert the same key at once choose the same bucket, and one of
// them finds it changed.
func (s *set) find(tag uint64) (*atomic.Uint64, uint64) {
	var first *atomic.Uint64
	var word uint64
	for i := range s {
		w := s[i].Load()
		if w>>timeBits == tag && w != 0 {
			return &s[i], w
		}
		if first == nil || w<<(64-timeBits) < word<<(64-timeBits) {
			first, word = &s[i], w
		}
	}
	return first, word
}
