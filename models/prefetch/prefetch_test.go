package prefetch

import (
	"math/rand/v2"
	"testing"
)

func TestLineChangesNothing(t *testing.T) {
	words := []uint64{1, 2, 3}
	for i := range words {
		Line(&words[i])
	}
	Line[uint64](nil)
	if words[0] != 1 || words[1] != 2 || words[2] != 3 {
		t.Errorf("%v, want 1 2 3", words)
	}
}

// words is larger than the caches of most processors.
const words = 1 << 24

// lookups of this many places are under way at once where they are asked for
// ahead.
const ahead = 8

// BenchmarkLookUp reads random words one after the other, each place known only
// once the word before has been read.
func BenchmarkLookUp(b *testing.B) { look(b, false) }

// BenchmarkLookUpAhead reads the same, but asks for each place some reads before.
func BenchmarkLookUpAhead(b *testing.B) { look(b, true) }

func look(b *testing.B, early bool) {
	table := make([]uint64, words)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range table {
		table[i] = r.Uint64() & 1
	}
	places := make([]uint32, 1<<16)
	for i := range places {
		places[i] = r.Uint32N(words - 1)
	}
	sum, mask := uint64(0), len(places)-1
	b.ResetTimer()
	for i := range b.N {
		if early {
			Line(&table[places[(i+ahead)&mask]])
		}
		sum = table[uint64(places[i&mask])+sum&1] // depends on the read before
	}
	sink = sum
}

var sink uint64
