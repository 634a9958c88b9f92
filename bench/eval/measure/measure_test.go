package measure

import (
	"math"
	"math/rand/v2"
	"testing"
)

// sample draws scores with many ties, and weights.
func sample(r *rand.Rand, n int, shift float64) (scores []float32, weights []float64) {
	for range n {
		scores = append(scores, float32(math.Round(4*(r.NormFloat64()+shift))/4))
		weights = append(weights, r.Float64()+0.1)
	}
	return scores, weights
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s: %.9f, want %.9f", what, got, want)
	}
}

// The published example of scikit-learn's roc_auc_score and average_precision:
// y = 0 0 1 1, scores 0.1 0.4 0.35 0.8.
func TestKnownVector(t *testing.T) {
	attacks := NewScores([]float32{0.35, 0.8}, nil)
	honest := NewScores([]float32{0.1, 0.4}, nil)
	near(t, "AUC", AUC(attacks, honest), 0.75, 1e-12)
	near(t, "average precision", AveragePrecision(attacks, honest, 0.5), 0.5*1+0.5*2/3, 1e-12)
}

func TestWeighedAUCCountsEveryPair(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		a, wa := sample(r, 1+r.IntN(60), 1)
		h, wh := sample(r, 1+r.IntN(60), 0)
		won, all := 0.0, 0.0
		for i := range a {
			for j := range h {
				w := wa[i] * wh[j]
				all += w
				switch {
				case a[i] > h[j]:
					won += w
				case a[i] == h[j]:
					won += w / 2
				}
			}
		}
		near(t, "AUC", AUC(NewScores(a, wa), NewScores(h, wh)), won/all, 1e-12)
	}
}

func TestAveragePrecisionCountsEveryThreshold(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		a, _ := sample(r, 1+r.IntN(60), 1)
		h, _ := sample(r, 1+r.IntN(60), 0)
		const base = 0.01
		want, before := 0.0, 0.0
		for t := float32(6); t >= -6; t -= 0.25 { // every score there is
			tpr, rate := plainShare(a, t), plainShare(h, t)
			if tpr > before {
				want += (tpr - before) * base * tpr / (base*tpr + (1-base)*rate)
			}
			before = tpr
		}
		near(t, "average precision", AveragePrecision(NewScores(a, nil), NewScores(h, nil), base), want, 1e-12)
	}
}

func plainShare(scores []float32, t float32) float64 {
	n := 0
	for _, s := range scores {
		if s >= t {
			n++
		}
	}
	return float64(n) / float64(len(scores))
}

// A threshold keeps the rate, and the next lower score would not.
func TestThresholdKeepsTheRate(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		h, _ := sample(r, 1+r.IntN(100), 0)
		s, rate := NewScores(h, nil), r.Float64()
		at := s.Threshold(rate)
		if got := plainShare(h, at); got > rate {
			t.Fatalf("share %g at the threshold for %g", got, rate)
		}
		for _, v := range h {
			if v < at && plainShare(h, v) <= rate {
				t.Fatalf("%g is lower than %g and keeps %g too", v, at, rate)
			}
		}
		if got := s.Share(at); got != plainShare(h, at) {
			t.Fatalf("share %g, want %g", got, plainShare(h, at))
		}
	}
}

// The highest threshold that catches enough, by trying all.
func TestRateForCatchesEnough(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		a, _ := sample(r, 1+r.IntN(100), 1)
		h, _ := sample(r, 1+r.IntN(100), 0)
		want := 1.0
		for _, v := range a {
			if plainShare(a, v) >= 0.9 {
				want = min(want, plainShare(h, v))
			}
		}
		near(t, "rate for 90 %", RateFor(NewScores(a, nil), NewScores(h, nil), 0.9), want, 1e-12)
	}
}

func TestWhatCannotBeScoredIsLowest(t *testing.T) {
	low := float32(math.Inf(-1))
	attacks, honest := NewScores([]float32{low, 3}, nil), NewScores([]float32{low, 1}, nil)
	near(t, "AUC", AUC(attacks, honest), (0.5+0+1+1)/4, 1e-12)
	near(t, "rate", RateFor(attacks, honest, 1), 1, 0)
	if at := NewScores([]float32{5, 5, 5}, nil).Threshold(0.5); !math.IsInf(float64(at), 1) {
		t.Errorf("threshold %g of a constant, want none", at)
	}
}

func TestROCAgreesWithShares(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	a, _ := sample(r, 500, 1)
	h, _ := sample(r, 500, 0)
	points := ROC(NewScores(a, nil), NewScores(h, nil), 1e-3, 20)
	for i, p := range points {
		best := 0.0
		for _, v := range append([]float32{9}, h...) {
			if plainShare(h, v) <= p.Rate {
				best = max(best, plainShare(a, v))
			}
		}
		near(t, "TPR", p.TPR, best, 1e-12)
		if i > 0 && (p.TPR < points[i-1].TPR || p.Rate <= points[i-1].Rate) {
			t.Errorf("point %d falls", i)
		}
	}
	near(t, "first rate", points[0].Rate, 1e-3, 1e-12)
	near(t, "last rate", points[19].Rate, 1, 1e-12)
}

func TestQuantileIsTheNearestRank(t *testing.T) {
	v := []int{15, 20, 35, 40, 50} // the example of the Wikipedia article on percentiles
	for q, want := range map[float64]int{0.05: 15, 0.3: 20, 0.4: 20, 0.5: 35, 1: 50} {
		if got := Quantile(v, q); got != want {
			t.Errorf("quantile %g: %d, want %d", q, got, want)
		}
	}
	if got := Quantile([]float64(nil), 0.5); got != 0 {
		t.Errorf("quantile of nothing: %g", got)
	}
}
