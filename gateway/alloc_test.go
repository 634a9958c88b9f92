//go:build !race

package gateway

import (
	"testing"
	"time"
)

// What a request does to be learned from.
func TestGatheringAllocatesNothing(t *testing.T) {
	o, n := gathering(0), 0
	asked, passed := stepOf(0, noon, 3), passedOf(0, noon)
	one := func() {
		n++
		at := noon.Add(time.Duration(n) * time.Second)
		for i := range 8 {
			asked.Pseudonym[i] = byte(n >> (8 * i))
		}
		passed.Pseudonym, asked.Time, passed.Time = asked.Pseudonym, at, at
		o.see(asked)
		o.step(asked)
		o.step(passed)
		if n%100 == 0 {
			o.labels = o.labels[:0] // as drain does, with memory of before
		}
	}
	for range 2 * looksKept {
		one()
	}
	if got := testing.AllocsPerRun(5000, one); got != 0 {
		t.Errorf("gathering allocates %v times per step-up, want 0", got)
	}
}
