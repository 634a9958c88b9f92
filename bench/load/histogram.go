package main

import (
	"math"
	"math/bits"
	"time"
)

// subBuckets is how many equal buckets divide each power of two of nanoseconds:
// quantiles are exact to 1 part in 128.
const subBuckets = 128

// histogram counts durations from 0 to 2^40 ns (18 minutes). The zero value is
// empty.
type histogram struct {
	buckets [34 * subBuckets]int64
	count   int64
	max     time.Duration
}

func (h *histogram) add(d time.Duration) {
	h.buckets[bucketOf(d)]++
	h.count++
	h.max = max(h.max, d)
}

func (h *histogram) merge(other *histogram) {
	for i, n := range other.buckets {
		h.buckets[i] += n
	}
	h.count += other.count
	h.max = max(h.max, other.max)
}

// quantile returns the duration that a share q of all stay at or below, in
// microseconds, 0 if there are none.
func (h *histogram) quantile(q float64) float64 {
	rank := int64(math.Ceil(q * float64(h.count)))
	for i, n := range h.buckets {
		if rank -= n; rank <= 0 && n > 0 {
			return min(upperEnd(i), float64(h.max)) / float64(time.Microsecond)
		}
	}
	return 0
}

// bucketOf returns d itself below 128 ns, then 128 buckets per doubling.
func bucketOf(d time.Duration) int {
	n := uint64(max(d, 0))
	if n < subBuckets {
		return int(n)
	}
	shift := bits.Len64(n) - bits.Len64(subBuckets-1) - 1
	i := (shift+1)*subBuckets + int(n>>shift) - subBuckets
	return min(i, len(histogram{}.buckets)-1)
}

// upperEnd returns the largest duration that falls into bucket i, in ns.
func upperEnd(i int) float64 {
	if i < subBuckets {
		return float64(i)
	}
	shift := i/subBuckets - 1
	return float64(uint64(i%subBuckets+subBuckets+1)<<shift - 1)
}
