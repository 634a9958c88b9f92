package measure

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Weighted figures of ranked attacks are those of the plain sample in which each
// attack stands as often as it weighs.
func TestRankedIsTheRepeatedSample(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 50 {
		attacks, _ := sample(r, 1+r.IntN(40), 1)
		few, _ := sample(r, 1+r.IntN(60), 0)
		honest := NewScores(few, nil)
		ranked := Rank(attacks, make([]int, len(attacks)), honest)
		weights := make([]float64, len(attacks))
		var repeated []float32
		for i := range weights {
			weights[i] = float64(r.IntN(3))
			repeated = append(repeated, slices.Repeat([]float32{attacks[i]}, int(weights[i]))...)
		}
		if len(repeated) == 0 {
			continue
		}
		plain := NewScores(repeated, nil)
		for _, caught := range []float64{0.5, 0.9, 0.99, 1} {
			near(t, "rate", ranked.RateFor(weights, caught), RateFor(plain, honest, caught), 1e-12)
		}
		near(t, "precision", ranked.Precision(weights, 0.01), AveragePrecision(plain, honest, 0.01), 1e-12)
	}
}

// What belongs to an attack moves with it.
func TestRankMovesKeysAlong(t *testing.T) {
	scores, keys := []float32{1, 5, 3, 5}, []string{"a", "b", "c", "d"}
	Rank(scores, keys, NewScores([]float32{0, 4}, nil))
	if !slices.Equal(keys, []string{"b", "d", "c", "a"}) || !slices.IsSortedFunc(scores, func(a, b float32) int { return int(b - a) }) {
		t.Errorf("%v of %v", scores, keys)
	}
}

// The interval of a mean is that of the normal distribution, with clusters of
// equal elements as wide as their number says.
func TestRedrawnMean(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	const clusters, each = 400, 5
	var keys []int
	var values []float64
	for c := range clusters {
		v := r.NormFloat64()
		for range each {
			keys, values = append(keys, c), append(values, v)
		}
	}
	got := Redraw(keys, 2000, 1, 1, func(weights, out []float64) {
		out[0] = 0
		for i, w := range weights {
			out[0] += w * values[i]
		}
		out[0] /= sumOf(weights)
	})[0]
	near(t, "width", got.High-got.Low, 2*1.96/math.Sqrt(clusters), 0.03)
	if none := Redraw([]int(nil), 10, 1, 2, nil); len(none) != 2 || none[0] != (Interval{}) {
		t.Errorf("%v of nothing", none)
	}
}

func TestMedianOf(t *testing.T) {
	type one struct{ v int }
	if got := MedianOf([]one{{9}, {1}, {4}}, func(o *one) int { return o.v }); got != 4 {
		t.Errorf("median %d, want 4", got)
	}
}
