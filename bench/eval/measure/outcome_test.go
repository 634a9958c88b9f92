package measure

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The interval of a mean of independent values is the one of the central limit
// theorem; that of values which come in equal pairs is wider by the root of two.
func TestBootstrapKnowsClusters(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const n, p = 2000, 0.3
	hits, pairs := make([]float64, n), make([]float64, n)
	alone, together := make([]int, n), make([]int, n)
	for i := range n {
		if r.Float64() < p {
			hits[i] = 1
		}
		pairs[i] = hits[i/2]
		alone[i], together[i] = i, i/2
	}
	width := func(keys []int, v []float64) float64 {
		iv := Bootstrap(Clusters(keys, func(i int) float64 { return v[i] }), 2000, 7)
		return iv.High - iv.Low
	}
	want := 2 * 1.96 * math.Sqrt(p*(1-p)/n)
	near(t, "alone", width(alone, hits)/want, 1, 0.08)
	near(t, "in pairs", width(together, pairs)/want, math.Sqrt2, 0.12)
	c := Clusters(alone, func(i int) float64 { return hits[i] })
	if a, b := Bootstrap(c, 100, 3), Bootstrap(c, 100, 3); a != b {
		t.Errorf("%v, then %v with the same seed", a, b)
	}
}

func TestClustersAddUp(t *testing.T) {
	got := Clusters([]string{"b", "a", "b"}, func(i int) float64 { return float64(i) })
	if len(got) != 2 || got[0] != (Cluster{2, 2}) || got[1] != (Cluster{1, 1}) {
		t.Errorf("clusters %v", got)
	}
}

// draw makes outcomes that follow slope and intercept.
func draw(n int, slope, intercept float64) []Outcome {
	r := rand.New(rand.NewPCG(5, 5))
	outcomes := make([]Outcome, n)
	for i := range outcomes {
		x := 2 * r.NormFloat64()
		p := 1 / (1 + math.Exp(-(slope*x + intercept)))
		outcomes[i] = Outcome{LogOdds: x, Attack: r.Float64() < p, Weight: 1}
	}
	return outcomes
}

func TestLogisticFindsTheTruth(t *testing.T) {
	for _, want := range [][2]float64{{1, 0}, {0.4, -1}, {2, 1.5}} {
		slope, intercept := Logistic(draw(40_000, want[0], want[1]))
		near(t, "slope", slope, want[0], 0.05)
		near(t, "intercept", intercept, want[1], 0.05)
	}
}

// At the optimum the gradient is zero: the forecasts add up to the attacks.
func TestLogisticIsTheOptimum(t *testing.T) {
	outcomes := draw(500, 0.7, 0.2)
	Balance(outcomes)
	slope, intercept := Logistic(outcomes)
	for _, d := range [][2]float64{{1e-3, 0}, {-1e-3, 0}, {0, 1e-3}, {0, -1e-3}} {
		if logisticLoss(outcomes, slope+d[0], intercept+d[1]) < logisticLoss(outcomes, slope, intercept) {
			t.Errorf("a step of %v is better", d)
		}
	}
}

func TestInterceptIsThatOfTheRegression(t *testing.T) {
	outcomes := draw(2000, 0.7, 0.4)
	slope, intercept := Logistic(outcomes)
	near(t, "intercept", Intercept(outcomes, slope), intercept, 1e-6)
}

func TestLogisticOfSeparableOutcomesEnds(t *testing.T) {
	slope, _ := Logistic([]Outcome{{-1, false, 1}, {1, true, 1}})
	if !(slope > 1) || math.IsInf(slope, 0) {
		t.Errorf("slope %g", slope)
	}
}

func TestTrueForecastsAreCalibrated(t *testing.T) {
	c := Calibrate(draw(100_000, 1, 0), 15)
	near(t, "ECE", c.ECE, 0, 0.01)
	near(t, "slope", c.Slope, 1, 0.03)
	near(t, "intercept", c.Intercept, 0, 0.03)
	near(t, "top gap", c.TopGap, 0, 0.01)
	if len(c.Bins) != 15 {
		t.Errorf("%d bins, want 15", len(c.Bins))
	}
}

// Twice too sure: the slope is a half.
func TestOverconfidenceShows(t *testing.T) {
	outcomes := draw(100_000, 1, 0)
	for i := range outcomes {
		outcomes[i].LogOdds *= 2
	}
	c := Calibrate(outcomes, 15)
	near(t, "slope", c.Slope, 0.5, 0.02)
	if c.ECE < 0.03 {
		t.Errorf("ECE %g of forecasts that are twice too sure", c.ECE)
	}
}

// Two bins by hand: forecasts 0.2 0.2 0.8 0.8, outcomes 0 1 1 1.
func TestCalibrationByHand(t *testing.T) {
	low, high := math.Log(0.25), math.Log(4.0)
	c := Calibrate([]Outcome{{high, true, 1}, {low, true, 1}, {low, false, 1}, {high, true, 1}}, 2)
	near(t, "ECE", c.ECE, (0.3+0.2)/2, 1e-12)
	near(t, "Brier", c.Brier, (0.04+0.64+0.04+0.04)/4, 1e-12)
	near(t, "top gap", c.TopGap, 0.2, 1e-12)
}

func TestBalance(t *testing.T) {
	o := []Outcome{{Attack: true}, {}, {}, {}}
	Balance(o)
	near(t, "attack", o[0].Weight, 0.5, 1e-12)
	near(t, "honest", o[1].Weight, 0.5/3, 1e-12)
}

func TestBurden(t *testing.T) {
	users := []uint32{1, 2, 1, 3, 1, 2}
	scores := []float32{9, 1, 9, 1, 1, 9}
	b := BurdenOf(users, scores, 5, 2)
	near(t, "median", b.Median, 0.5, 0)
	near(t, "p95", b.P95, 1, 0)
	near(t, "mean", b.Mean, 0.5, 1e-12)
	near(t, "none", b.None, 1.0/3, 1e-12)
}

// Two users: one asked at logins 1 and 2 of 3, the other at 2 of 2.
func TestReauthentication(t *testing.T) {
	users := []uint32{1, 2, 1, 2, 1}
	numbers := []uint8{1, 1, 2, 2, 3}
	scores := []float32{9, 1, 9, 9, 1}
	median, mean := Reauthentication(users, numbers, scores, 5, 4)
	want := []float64{0.5, 0.75, 2.0 / 3, 2.0 / 3}
	for i := range want {
		near(t, "mean", mean[i], want[i], 1e-12)
	}
	near(t, "median at two", median[1], 0.5, 1e-12)
}

// Without its only large contribution an alarm vanishes; without another it stays.
func TestFidelity(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	var f Fidelity
	for range 3000 {
		f.Add([]float64{5, 0, 0.1, 0.1}, []int{0}, 3, r)
	}
	if f.Alarms != 3000 || f.Shown != 3000 {
		t.Errorf("%+v, want every alarm to vanish without its reason", f)
	}
	near(t, "random", float64(f.Random)/3000, 1.0/3, 0.03)
}
