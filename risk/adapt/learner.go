package adapt

import (
	"math"

	"github.com/riskgate/riskgate/models"
)

// LeastGenuine is how many genuine sessions a Learner needs beside AttacksNeeded.
const LeastGenuine = 50

// Section is the part of a risk section that is learned, and what of it may be.
type Section struct {
	Weights   [models.NumGroups]float64
	Slope     float64
	Learn     bool // the weights
	Calibrate bool // the slope
}

// Found is what was learned, to three decimals.
type Found struct {
	Weights [models.NumGroups]float64
	Slope   float64
	Labels  int // that it was learned from, the latest 10,000 of them
	Attacks int // among those
}

// Learner learns weights and slope from labels as they come, and keeps watch over
// whether they would have done better than the section as it is configured: each
// label is foretold by both before it is learned from. It keeps the latest 10,000
// labels. It is for one goroutine; the zero value is not usable.
type Learner struct {
	home    Section
	weights *Weights

	foretells line    // by what was learned
	homeLevel float64 // intercept of the section as it is configured
	refitAt   int     // Seen at which both are found again
	kept      []label // the latest, as a ring
	next      int
	taken     Found // in force; the zero value: nothing is
}

// line turns evidence into log-odds among the labels.
type line struct{ slope, intercept float64 }

// label is an Example that was learned from, with the loss, in nats, at which it
// was foretold. Its evidence is rounded before it is learned.
type label struct {
	nats           [models.NumGroups]float32
	attack         bool
	weight, chance float32
	home, learned  float32
}

func (l *label) example() (x Example) {
	for g, n := range l.nats {
		x.Nats[g] = float64(n)
	}
	x.Attack, x.Weight, x.Chance = l.attack, float64(l.weight), float64(l.chance)
	return x
}

func labelOf(x *Example) (l label) {
	for g, n := range x.Nats {
		l.nats[g] = float32(n)
	}
	l.attack, l.weight, l.chance = x.Attack, float32(x.Weight), float32(x.Chance)
	return l
}

// NewLearner begins with a section as it is configured.
func NewLearner(home Section) *Learner {
	return &Learner{
		home: home, weights: NewWeights(home.Weights, home.Slope, 0), foretells: line{slope: home.Slope},
		kept: make([]label, 0, LabelsKept),
	}
}

// Home returns the section as it is configured.
func (l *Learner) Home() Section { return l.home }

// Rebased returns a Learner of another section that has learned from the labels
// that l keeps.
func (l *Learner) Rebased(home Section) *Learner {
	next := NewLearner(home)
	for i := range l.kept {
		x := l.kept[(l.next+i)%len(l.kept)].example()
		next.Learn(&x)
	}
	return next
}

// Learn takes one example and reports whether it was sound.
func (l *Learner) Learn(x *Example) bool {
	entry := labelOf(x)
	rounded := entry.example()
	x = &rounded
	if !x.sound() {
		return false
	}
	entry.home = float32(lossOf(x, line{l.home.Slope, l.homeLevel}.odds(l.homeEvidence(x))))
	entry.learned = float32(lossOf(x, l.foretells.odds(l.weights.Evidence(x))))
	if l.home.Learn {
		l.weights.Learn(x)
	} else {
		l.weights.seen++
	}
	l.keep(entry)
	if l.Seen() >= l.refitAt {
		l.refit()
		l.refitAt = l.Seen() + max(1, len(l.kept)/16)
	}
	return true
}

func (l *Learner) keep(entry label) {
	if len(l.kept) < LabelsKept {
		l.kept = append(l.kept, entry)
		return
	}
	l.kept[l.next] = entry
	l.next = (l.next + 1) % LabelsKept
}

// refit finds the lines again, from the labels that are kept.
func (l *Learner) refit() {
	labels, at := make([]Labeled, len(l.kept)), make([]Labeled, len(l.kept))
	for i := range l.kept {
		x := l.kept[i].example()
		labels[i] = Labeled{Nats: l.weights.Evidence(&x), Attack: x.Attack, Weight: x.Importance()}
		at[i] = Labeled{Nats: l.homeEvidence(&x), Attack: x.Attack, Weight: x.Importance()}
	}
	l.homeLevel = Level(at, l.home.Slope)
	level := Level(labels, l.home.Slope)
	l.weights.Expect(level)
	l.foretells = line{l.home.Slope, level}
	if slope, intercept, known := Calibrate(labels); known && l.home.Calibrate {
		l.foretells = line{slope, intercept}
	}
}

func (l *Learner) homeEvidence(x *Example) float64 {
	e := 0.0
	for g, n := range x.Nats {
		e += float64(l.home.Weights[g] * n)
	}
	return e
}

func (l line) odds(nats float64) float64 { return float64(l.slope*nats) + l.intercept }

// lossOf is the logistic loss of one example, in nats, by its importance.
func lossOf(x *Example, odds float64) float64 {
	if x.Attack {
		odds = -odds
	}
	return x.Importance() * (max(odds, 0) + math.Log1p(math.Exp(-math.Abs(odds))))
}

// Seen returns how many labels were learned from.
func (l *Learner) Seen() int { return l.weights.Seen() }

// Losses returns the mean loss of the labels that are kept, in nats, as they were
// foretold by the section as it is configured and by what had been learned, before
// they were learned from. Zeros without labels.
func (l *Learner) Losses() (home, learned float64) {
	all := 0.0
	for i := range l.kept {
		x := l.kept[i].example()
		all += x.Importance()
		home += float64(l.kept[i].home)
		learned += float64(l.kept[i].learned)
	}
	if all == 0 {
		return 0, 0
	}
	return home / all, learned / all
}

// Found returns what was learned. It is not worth taking, and false, with fewer
// than 50 attacks or 50 genuine sessions among the labels kept, or if it has not
// foretold these better than the section as it is configured.
func (l *Learner) Found() (f Found, better bool) {
	f = Found{Weights: l.weights.Weights(), Slope: l.foretells.slope, Labels: len(l.kept)}
	for g, w := range f.Weights {
		if w != l.home.Weights[g] {
			f.Weights[g] = thousandths(w)
		}
	}
	if f.Slope != l.home.Slope {
		f.Slope = thousandths(f.Slope)
	}
	for i := range l.kept {
		if l.kept[i].attack {
			f.Attacks++
		}
	}
	home, learned := l.Losses()
	enough := f.Attacks >= AttacksNeeded && f.Labels-f.Attacks >= LeastGenuine
	return f, enough && learned < home
}

// Take notes that what was found is in force from now on; the zero value stands
// for the section as it is configured.
func (l *Learner) Take(f Found) { l.taken = f }

// Taken returns what is in force, and false if nothing is that was learned.
func (l *Learner) Taken() (Found, bool) { return l.taken, l.taken != Found{} }

func thousandths(x float64) float64 { return math.Round(x*1000) / 1000 }
