package adapt

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/riskgate/riskgate/models"
)

func home() Section { return Section{Weights: ones(), Slope: 0.6, Learn: true, Calibrate: true} }

// session draws a labeled session of a world in which network says what it means,
// time is noise and device says twice what it should. One in five is an attack.
func session(r *rand.Rand) *Example {
	x := &Example{Attack: r.IntN(5) == 0, Weight: Certain, Chance: 1}
	mean := -1.0
	if x.Attack {
		mean = 1
	}
	x.Nats[models.Network] = 2 * (mean + r.NormFloat64()) // the likelihood ratio of two normal samples
	x.Nats[models.Time] = 2 * r.NormFloat64()
	x.Nats[models.Device] = 4 * (mean + r.NormFloat64())
	return x
}

// heldOut is the mean loss, on sessions that were never learned from, of a section
// whose intercept is what suits it best there.
func heldOut(weights [models.NumGroups]float64, slope float64) float64 {
	r := rand.New(rand.NewPCG(100, 100))
	w := NewWeights(weights, slope, 0)
	var labels []Labeled
	for range 4000 {
		x := session(r)
		labels = append(labels, Labeled{Nats: w.Evidence(x), Attack: x.Attack, Weight: 1})
	}
	loss, level := 0.0, Level(labels, slope)
	for _, l := range labels {
		x := Example{Attack: l.Attack, Weight: 1, Chance: 1}
		loss += lossOf(&x, line{slope, level}.odds(l.Nats))
	}
	return loss / float64(len(labels))
}

func TestLearnerDoesBetterOnWhatItNeverSaw(t *testing.T) {
	for name, s := range map[string]Section{
		"both":    home(),
		"weights": {Weights: ones(), Slope: 0.6, Learn: true},
		"slope":   {Weights: ones(), Slope: 1.2, Calibrate: true},
	} {
		r, l := rand.New(rand.NewPCG(1, 2)), NewLearner(s)
		for range 3000 {
			if !l.Learn(session(r)) {
				t.Fatal("an example was refused")
			}
		}
		f, better := l.Found()
		was, is := heldOut(s.Weights, s.Slope), heldOut(f.Weights, f.Slope)
		if !better || !(is < was) {
			t.Errorf("%s: a loss of %.4f on what was held out, %.4f as configured, better %v", name, is, was, better)
		}
		if s.Learn == (f.Weights == s.Weights) || s.Calibrate == (f.Slope == s.Slope) {
			t.Errorf("%s: slope %g, weights %v", name, f.Slope, f.Weights)
		}
		if s.Learn && f.Weights[models.Time] >= f.Weights[models.Network] {
			t.Errorf("%s: noise has weight %g, what means what it says %g", name, f.Weights[models.Time], f.Weights[models.Network])
		}
		if home, learned := l.Losses(); !(learned < home) {
			t.Errorf("%s: foretold at %.4f, %.4f as configured", name, learned, home)
		}
	}
}

// What sessions below the threshold say has to be heard over the many above it
// that are all asked.
func TestFewSampledSessionsCountForMany(t *testing.T) {
	l := NewLearner(home())
	asked, sampled := Example{Attack: true, Weight: 1, Chance: 1}, Example{Weight: 1, Chance: 0.0005}
	asked.Nats[models.Network], sampled.Nats[models.Network] = 4, 0.5
	for range 100 {
		l.Learn(&asked)
		l.Learn(&sampled)
	}
	if share := logistic(l.homeLevel + 0.6*0.5); share > 0.1 {
		t.Errorf("a quiet session is taken for an attack at %.3f, want less than one in ten", share)
	}
}

// Ten thousand labels that somebody made up: step-ups failed on purpose against
// many accounts, each with the evidence of an honest session, and passed with all
// that an attack shows.
func TestHostileLabelsStayWithinBounds(t *testing.T) {
	for name, lie := range map[string]func(r *rand.Rand) Example{
		"failed where nothing is wrong": func(r *rand.Rand) (x Example) {
			x = Example{Attack: true, Weight: Failed, Chance: Sampled}
			for g := range x.Nats {
				x.Nats[g] = -32 * r.Float64()
			}
			return x
		},
		"passed with all that is wrong": func(r *rand.Rand) (x Example) {
			x = Example{Weight: Certain, Chance: Sampled}
			for g := range x.Nats {
				x.Nats[g] = 32 * r.Float64()
			}
			return x
		},
		"turn and turn about": func(r *rand.Rand) (x Example) {
			x = Example{Attack: r.IntN(2) == 0, Weight: Failed, Chance: 1}
			x.Nats[r.IntN(int(models.NumGroups))] = 64 * (r.Float64() - 0.5)
			return x
		},
	} {
		configured := home()
		configured.Weights[models.Token] = 0
		r, l := rand.New(rand.NewPCG(5, 6)), NewLearner(configured)
		for range LabelsKept {
			x := lie(r)
			l.Learn(&x)
		}
		f, _ := l.Found()
		for g, w := range f.Weights {
			if !(w >= leastWeight && w <= mostWeight) && models.Group(g) != models.Token {
				t.Errorf("%s: %s has weight %g", name, models.Group(g), w)
			}
		}
		if f.Weights[models.Token] != 0 || !(f.Slope >= leastSlope && f.Slope <= mostSlope) {
			t.Errorf("%s: a silenced group has weight %g; slope %g", name, f.Weights[models.Token], f.Slope)
		}
	}
}

func TestNothingIsFoundInTooFewLabels(t *testing.T) {
	l := NewLearner(home())
	x := Example{Attack: true, Weight: 1, Chance: 1}
	x.Nats[models.Network] = 3
	for range 5000 { // one kind only
		l.Learn(&x)
	}
	if f, better := l.Found(); better {
		t.Errorf("found %+v without a genuine session", f)
	}
	x.Attack, x.Nats[models.Network] = false, -3
	for range LeastGenuine {
		l.Learn(&x)
	}
	if f, better := l.Found(); !better || f.Attacks != 5000 || f.Labels != 5000+LeastGenuine {
		t.Errorf("better %v, %d attacks of %d labels", better, f.Attacks, f.Labels)
	}
}

func TestLearnerKeepsTheLatest(t *testing.T) {
	l, r := NewLearner(home()), rand.New(rand.NewPCG(3, 4))
	for range LabelsKept + 77 {
		l.Learn(session(r))
	}
	l.Learn(&Example{Weight: 2, Chance: 1}) // refused
	if f, _ := l.Found(); f.Labels != LabelsKept || l.Seen() != LabelsKept+77 {
		t.Errorf("%d labels kept of %d", f.Labels, l.Seen())
	}
}

func TestRebasedLearnsAgainFromTheLabels(t *testing.T) {
	r, l, plain := rand.New(rand.NewPCG(7, 8)), NewLearner(home()), home()
	plain.Weights[models.Device] = 0
	want := NewLearner(plain)
	for range 500 {
		x := session(r)
		l.Learn(x)
		want.Learn(x)
	}
	l.Take(Found{Weights: ones(), Slope: 1, Labels: 500})
	if got := l.Rebased(plain); !reflect.DeepEqual(got, want) {
		t.Error("a rebased learner differs from one that began with the section")
	}
}

// A restart changes nothing: what was restored learns on to the same bits.
func TestRestoredLearnerGoesOn(t *testing.T) {
	for _, n := range []int{0, 1, 700, LabelsKept + 3} {
		r, l := rand.New(rand.NewPCG(9, uint64(n))), NewLearner(home())
		for range n {
			l.Learn(session(r))
		}
		if f, better := l.Found(); better {
			l.Take(f)
		}
		again, err := RestoreLearner(l.AppendBinary(nil), home())
		if err != nil {
			t.Fatalf("%d labels: %v", n, err)
		}
		for range 100 {
			x := session(r)
			l.Learn(x)
			again.Learn(x)
		}
		if !bytes.Equal(l.AppendBinary(nil), again.AppendBinary(nil)) {
			t.Errorf("%d labels: a restored learner learns something else", n)
		}
		f, _ := l.Taken()
		if g, ok := again.Taken(); g != f || ok != (n > 100) {
			t.Errorf("%d labels: %+v is in force after a restart, %v", n, g, ok)
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	l, r := NewLearner(home()), rand.New(rand.NewPCG(1, 1))
	for range 3 {
		l.Learn(session(r))
	}
	sound := l.AppendBinary(nil)
	change := func(at int, v ...byte) []byte {
		b := bytes.Clone(sound)
		copy(b[at:], v)
		return b
	}
	nan := appendFloats(nil, math.NaN())
	for name, src := range map[string][]byte{
		"nothing":            {},
		"another version":    change(0, 2),
		"groups of later":    change(1, byte(models.NumGroups)+1),
		"unknown flags":      change(2, 4),
		"too many labels":    change(4, 0xff, 0xff),
		"cut":                sound[:len(sound)-1],
		"one more":           append(bytes.Clone(sound), 0),
		"no number":          change(stateHead, nan...),
		"weight of 3":        change(stateHead, appendFloats(nil, 3)...),
		"a label of no kind": change(len(sound)-stateLabel(int(models.NumGroups)), 2),
	} {
		if _, err := RestoreLearner(src, home()); !errors.Is(err, ErrState) {
			t.Errorf("%s: %v, want ErrState", name, err)
		}
	}
}

// What is read back holds what a Learner may hold, and is written as it was read.
func FuzzRestoreLearner(f *testing.F) {
	l, r := NewLearner(home()), rand.New(rand.NewPCG(1, 1))
	f.Add(l.AppendBinary(nil))
	for range 3 {
		l.Learn(session(r))
	}
	l.Take(Found{Weights: ones(), Slope: 0.5, Labels: 3, Attacks: 1})
	f.Add(l.AppendBinary(nil))
	f.Fuzz(func(t *testing.T, src []byte) {
		l, err := RestoreLearner(src, home())
		if err != nil {
			return
		}
		if src[1] == byte(models.NumGroups) && !bytes.Equal(l.AppendBinary(nil), src) {
			t.Fatal("what was read is written differently")
		}
		l.Learn(session(rand.New(rand.NewPCG(2, 2))))
		found, _ := l.Found()
		for g, w := range found.Weights {
			if !(w >= 0 && w <= mostWeight) {
				t.Fatalf("%s has weight %g", models.Group(g), w)
			}
		}
		if !(found.Slope >= leastSlope && found.Slope <= mostSlope) {
			t.Fatalf("slope %g", found.Slope)
		}
	})
}
