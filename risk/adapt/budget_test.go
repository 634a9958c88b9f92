package adapt

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestBudgetFindsTheShare(t *testing.T) {
	for _, target := range []float64{0.005, 0.01, 0.05} {
		r := rand.New(rand.NewPCG(1, 2))
		b := NewBudget(target, 2)
		over, n := 0, 0
		for i := range 400_000 {
			x := r.NormFloat64()
			if i >= 200_000 {
				n++
				if x > b.Nats() {
					over++
				}
			}
			b.See(x)
		}
		if got := float64(over) / float64(n); math.Abs(got/target-1) > 0.2 {
			t.Errorf("%.4f of the sessions are above the threshold of %.4f", got, target)
		}
	}
}

func TestBudgetStaysWithinReach(t *testing.T) {
	b := NewBudget(0.005, 2.25)
	for range 1_000_000 {
		b.See(30)
	}
	if b.Nats() != 3.25 {
		t.Errorf("a flood moved the threshold to %g, want 3.25", b.Nats())
	}
	for range 10_000_000 {
		b.See(-30)
	}
	if b.Nats() < 1.25 {
		t.Errorf("silence moved the threshold to %g, want at least 1.25", b.Nats())
	}
	b.See(math.NaN())
	if b.Seen() != 11_000_000 || math.IsNaN(b.Nats()) {
		t.Errorf("%d sessions, threshold %g after one that is no number", b.Seen(), b.Nats())
	}
}

func TestBudgetResumes(t *testing.T) {
	for _, c := range []struct{ at, want float64 }{{2.5, 2.5}, {9, 3}, {-9, 1}, {math.NaN(), 2}} {
		b := NewBudget(0.01, 2)
		b.Resume(c.at, 7)
		if b.Nats() != c.want {
			t.Errorf("resumed at %g: %g, want %g", c.at, b.Nats(), c.want)
		}
	}
}

// The tail of what is exponential or heavier is known: the fit is compared with it.
func TestTailExtrapolates(t *testing.T) {
	const n, q = 60_000, 0.0005
	for name, sample := range map[string]struct {
		draw func(u float64) float64
		want float64
	}{
		"exponential": {func(u float64) float64 { return -math.Log(u) }, -math.Log(q)},
		"heavy":       {func(u float64) float64 { return (math.Pow(u, -0.2) - 1) / 0.2 }, (math.Pow(q, -0.2) - 1) / 0.2},
		"bounded":     {func(u float64) float64 { return (1 - math.Pow(u, 0.3)) / 0.3 }, (1 - math.Pow(q, 0.3)) / 0.3},
	} {
		r := rand.New(rand.NewPCG(3, 4))
		var tail Tail
		if _, known := tail.Nats(q); known {
			t.Errorf("%s: known before anything was seen", name)
		}
		for range n {
			tail.See(sample.draw(1 - r.Float64()))
		}
		tail.See(math.NaN())
		got, known := tail.Nats(q)
		if !known || math.Abs(got/sample.want-1) > 0.12 {
			t.Errorf("%s: %g, known %v, want about %g", name, got, known, sample.want)
		}
	}
}

func TestTailAnswersOnlyForTheTail(t *testing.T) {
	var tail Tail
	for i := range 5000 {
		tail.See(float64(i % 997))
	}
	for _, q := range []float64{0, -1, 0.02, 0.5, math.NaN()} {
		if nats, known := tail.Nats(q); known {
			t.Errorf("a share of %g: %g, want none", q, nats)
		}
	}
}

func TestACloneIsTheTailOfThen(t *testing.T) {
	var tail Tail
	for i := range 5000 {
		tail.See(float64(i % 997))
	}
	was, _ := tail.Nats(0.001)
	clone := tail.Clone()
	for range 5000 {
		tail.See(5000)
	}
	if got, known := clone.Nats(0.001); !known || got != was {
		t.Errorf("the clone says %g, %v, want %g as before", got, known, was)
	}
	if now, _ := tail.Nats(0.001); now == was {
		t.Error("what came later changed nothing")
	}
}
