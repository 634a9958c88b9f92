package baseline

import (
	"math/rand/v2"
	"testing"
)

func TestFilterNeverDenies(t *testing.T) {
	for _, expected := range []int{0, 1, 100, 50_000} {
		f := newFilter(expected)
		rng := rand.New(rand.NewPCG(1, uint64(expected)))
		added := make([]uint64, 50_000)
		for i := range added {
			added[i] = rng.Uint64()
			f.add(added[i])
		}
		for i, h := range added {
			if !f.has(h) {
				t.Fatalf("made for %d: the %d. of %d is denied", expected, i, len(added))
			}
		}
	}
}

func TestFilterRarelyErrsAndStaysSmall(t *testing.T) {
	const n, strangers = 50_000, 1_000_000
	rng := rand.New(rand.NewPCG(3, 4))
	f := newFilter(n)
	for range n {
		f.add(rng.Uint64())
	}
	wrong := 0
	for range strangers {
		if f.has(rng.Uint64()) {
			wrong++
		}
	}
	if wrong > strangers/5000 {
		t.Errorf("%d of %d strangers pass, want at most 1 in 5000", wrong, strangers)
	}
	if per := float64(f.bytes()) / n; per > 4 {
		t.Errorf("%.1f bytes per subject, want at most 4", per)
	}
}

// A table that refuses an entry is as it was.
func TestFullTableForgetsNothing(t *testing.T) {
	table := newCuckoo(256)
	rng := rand.New(rand.NewPCG(5, 6))
	var in []uint64
	refused := 0
	for range 1000 {
		h := rng.Uint64()
		if !table.has(h) && !table.add(h) {
			refused++
			continue
		}
		in = append(in, h)
	}
	for _, h := range in {
		if !table.has(h) {
			t.Fatal("an entry is gone")
		}
	}
	if refused < 700 || refused > 800 {
		t.Errorf("%d of 1000 refused by a table of 256, want 744 or a few more", refused)
	}
}

func TestHashUsesEveryBitAndTheKey(t *testing.T) {
	h, other := newHasher(testKeys(t, 1)), newHasher(testKeys(t, 2))
	p := subject(1)
	base := h.sum(p)
	if base == other.sum(p) {
		t.Error("two keys, one hash")
	}
	for bit := range 8 * len(p) {
		q := p
		q[bit/8] ^= 1 << (bit % 8)
		if h.sum(q) == base {
			t.Errorf("bit %d does not count", bit)
		}
	}
}
