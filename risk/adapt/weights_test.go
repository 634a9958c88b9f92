package adapt

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/riskgate/riskgate/models"
)

func ones() (w [models.NumGroups]float64) {
	for g := range w {
		w[g] = 1
	}
	return w
}

// drawn returns an example of two groups: one says what it means, the other says
// the same whoever comes.
func drawn(r *rand.Rand) *Example {
	x := &Example{Attack: r.Float64() < 0.5, Weight: Certain, Chance: 1}
	mean := -1.0
	if x.Attack {
		mean = 1
	}
	x.Nats[models.Network] = 2 * (mean + r.NormFloat64()) // two normals, two apart: the ratio is 2x
	x.Nats[models.Time] = 2 * r.NormFloat64()
	return x
}

func TestWeightsTellNoiseFromEvidence(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	w := NewWeights(ones(), 1, 0)
	for range 20_000 {
		if !w.Learn(drawn(r)) {
			t.Fatal("a sound example was refused")
		}
	}
	got := w.Weights()
	if math.Abs(got[models.Network]-1) > 0.15 {
		t.Errorf("what was right from the start has weight %g, want about 1", got[models.Network])
	}
	if got[models.Time] > 0.4 {
		t.Errorf("noise has weight %g, want at most 0.4", got[models.Time])
	}
	if got[models.Device] != 1 {
		t.Errorf("a group that never spoke has weight %g, want 1", got[models.Device])
	}
	if w.Seen() != 20_000 {
		t.Errorf("%d examples, want 20000", w.Seen())
	}
}

func TestWeightsStayWithinBounds(t *testing.T) {
	configured := ones()
	configured[models.Token] = 0
	w := NewWeights(configured, 1, 0)
	wrong := Example{Attack: false, Weight: 1, Chance: 1}
	wrong.Nats[models.Network], wrong.Nats[models.Device], wrong.Nats[models.Token] = 5, -1, 5
	for range 100_000 {
		w.Learn(&wrong)
	}
	got := w.Weights()
	for g, v := range got {
		if v != 0 && (v < leastWeight || v > mostWeight) {
			t.Errorf("%s has weight %g", models.Group(g), v)
		}
	}
	if got[models.Token] != 0 {
		t.Errorf("a silenced group has weight %g", got[models.Token])
	}
	if got[models.Network] != leastWeight {
		t.Errorf("what is always wrong has weight %g, want %g", got[models.Network], leastWeight)
	}
}

// What is configured below the least learned weight begins there, and falls no
// further; a restart keeps it.
func TestALightGroupDoesNotJump(t *testing.T) {
	section := Section{Weights: ones(), Slope: 1, Learn: true}
	section.Weights[models.Network] = 0.1
	l := NewLearner(section)
	x := Example{Attack: true, Weight: Certain, Chance: 1}
	x.Nats[models.Device] = 3
	l.Learn(&x)
	again, err := RestoreLearner(l.AppendBinary(nil), section)
	if err != nil {
		t.Fatal(err)
	}
	x.Attack, x.Nats[models.Network] = false, 5
	for _, l := range []*Learner{l, again} {
		if got := l.weights.Weights()[models.Network]; got != 0.1 {
			t.Errorf("after a label in which it says nothing the weight is %g, want 0.1 as configured", got)
		}
		for range 1000 {
			l.Learn(&x)
		}
		if got := l.weights.Weights()[models.Network]; got != 0.1 {
			t.Errorf("what is always wrong has weight %g, want no less than the configured 0.1", got)
		}
	}
}

func TestWeightsRefuse(t *testing.T) {
	w := NewWeights(ones(), 1, 0)
	for name, x := range map[string]Example{
		"no weight":    {Chance: 1},
		"large weight": {Chance: 1, Weight: 2},
		"no chance":    {Weight: 1},
		"NaN":          {Weight: 1, Chance: 1, Nats: [models.NumGroups]float64{math.NaN()}},
		"infinite":     {Weight: 1, Chance: 1, Nats: [models.NumGroups]float64{math.Inf(1)}},
	} {
		if w.Learn(&x) {
			t.Errorf("%s: learned", name)
		}
	}
	if w.Weights() != ones() || w.Seen() != 0 {
		t.Error("a refused example changed something")
	}
}

func TestCalibrateFindsTheLine(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	const slope, intercept = 0.8, -1.5
	var labels []Labeled
	for range LabelsKept {
		e := 3 * r.NormFloat64()
		labels = append(labels, Labeled{Nats: e, Attack: r.Float64() < logistic(slope*e+intercept), Weight: 1})
	}
	a, b, known := Calibrate(labels)
	if !known || math.Abs(a-slope) > 0.06 || math.Abs(b-intercept) > 0.12 {
		t.Errorf("slope %g, intercept %g, known %v, want about %g and %g", a, b, known, slope, intercept)
	}
	for i := range labels { // the same line if every label counts for three
		labels[i].Weight = 3
	}
	if a3, b3, _ := Calibrate(labels); math.Abs(a3-a) > 0.01 || math.Abs(b3-b) > 0.02 {
		t.Errorf("slope %g, intercept %g with another weight, want %g and %g", a3, b3, a, b)
	}
}

// Where attacks and the others do not meet, the best slope is the steepest that is
// allowed, and the intercept lies between them.
func TestCalibrateWhatIsFarApart(t *testing.T) {
	var labels []Labeled
	for i := range 60 {
		labels = append(labels, Labeled{Nats: 2.8 + float64(i%3)/10, Weight: 1},
			Labeled{Nats: 8.5 + float64(i%5)/10, Attack: true, Weight: Failed})
	}
	a, b, known := Calibrate(labels)
	if between := -b / a; !known || a != mostSlope || !(between > 3 && between < 8.5) {
		t.Errorf("slope %g, intercept %g, known %v: even odds at %g nats, want %g and between 3 and 8.5", a, b, known, between, mostSlope)
	}
	for i := range labels { // the other way round
		labels[i].Attack = !labels[i].Attack
	}
	if a, _, _ := Calibrate(labels); a != leastSlope {
		t.Errorf("slope %g of evidence that speaks for attackers, want %g", a, leastSlope)
	}
}

func TestCalibrateNeedsBoth(t *testing.T) {
	var labels []Labeled
	for range AttacksNeeded {
		labels = append(labels, Labeled{Nats: 3, Attack: true, Weight: 1})
	}
	if _, _, known := Calibrate(labels); known {
		t.Error("known without an honest session")
	}
	labels[0].Attack = false
	if _, _, known := Calibrate(labels); known {
		t.Error("known with too few attacks")
	}
	labels = append(labels, Labeled{Nats: 3, Attack: true, Weight: 1})
	a, _, known := Calibrate(labels)
	if !known || a < leastSlope || a > mostSlope {
		t.Errorf("slope %g, known %v", a, known)
	}
}

func TestShift(t *testing.T) {
	for _, c := range []struct{ b, from, to, want float64 }{
		{-1, 1, 1, -1}, {-1, 1, math.Exp(-2), -3}, {-5, 1, 1e-9, -6}, {-1, 0.001, 1, 0},
	} {
		if got := Shift(c.b, c.from, c.to); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("Shift(%g, %g, %g) = %g, want %g", c.b, c.from, c.to, got, c.want)
		}
	}
}
