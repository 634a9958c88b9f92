package gateway

import (
	"math"
	"sync"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/risk/adapt"
)

const (
	// learnEvery is how often labels are learned from.
	learnEvery = time.Minute
	// takeEvery is how often what was learned may be taken into force.
	takeEvery = 10 * time.Minute
	// saveEvery is how long a label may be lost to a process that is killed.
	saveEvery = 10 * time.Minute
	// leastWeight and leastSlope are the smallest changes that are worth a
	// configuration of their own.
	leastWeight = 0.05
	leastSlope  = 0.02

	learningName = "learning"
)

// learning follows risk.learning: what outcomes say becomes weights and a slope,
// which take effect only as a section of their own.
type learning struct {
	outcomes

	mu      sync.Mutex // guards the rest; no request waits for it
	learner *adapt.Learner
	labels  []adapt.Example // memory of drain
	last    time.Time       // when something was taken into force
	taken   uint64          // how often
	saved   time.Time       // when the first of since came
	since   int             // labels that were not saved
}

// sectionOf returns what of a risk section is learned.
func sectionOf(c *risk.Config) adapt.Section {
	return adapt.Section{Weights: c.ByGroup(), Slope: c.Slope, Learn: c.Learning.Weights, Calibrate: c.Learning.Calibration}
}

// configure takes over a risk section that learns. State is what an earlier run
// left, if any, for a learning that begins. What was learned for another section
// is learned again from the labels that are kept.
func (l *learning) configure(c *risk.Config, state []byte) (err error) {
	l.gather(float64(c.Learning.Explore))
	l.mu.Lock()
	defer l.mu.Unlock()
	home := sectionOf(c)
	if l.learner == nil {
		l.learner = adapt.NewLearner(home)
		if len(state) > 0 {
			var restored *adapt.Learner
			if restored, err = adapt.RestoreLearner(state, home); err == nil {
				l.learner = restored
			}
		}
	}
	if l.learner.Home() != home {
		l.learner = l.learner.Rebased(home)
	}
	return err
}

// running reports whether something is learned.
func (l *learning) running() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.learner != nil
}

// stop forgets everything.
func (l *learning) stop() {
	l.cease()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.learner = nil
}

// state returns what a restart should not forget; nil if nothing is learned.
func (l *learning) state() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.learner == nil {
		return nil
	}
	l.since = 0
	return l.learner.AppendBinary(nil)
}

// unsaved reports whether labels wait to be saved for long enough.
func (l *learning) unsaved(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.since > 0 && now.Sub(l.saved) >= saveEvery
}

// of returns the section with what is in force of what was learned for it.
func (l *learning) of(c risk.Config) risk.Config {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.learner == nil || l.learner.Home() != sectionOf(&c) { // not, or not yet
		return c
	}
	f, ok := l.learner.Taken()
	if !ok {
		return c
	}
	return c.With(f.Weights, f.Slope, risk.Learned{Labels: f.Labels, Attacks: f.Attacks})
}

// learn learns from the labels that came, and takes what was found into force,
// where that is worth it and the last time is long enough ago. It reports whether
// it did, and what was in force before.
func (l *learning) learn(now time.Time) (was adapt.Found, news bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.labels = l.drain(now, l.labels)
	if l.learner == nil {
		return was, false
	}
	for i := range l.labels {
		l.learner.Learn(&l.labels[i])
	}
	if l.since == 0 {
		l.saved = now
	}
	l.since += len(l.labels)
	was, _ = l.learner.Taken()
	if !l.last.IsZero() && now.Sub(l.last) < takeEvery {
		return was, false
	}
	found, better := l.learner.Found()
	if !better {
		found = adapt.Found{}
	}
	if !worthwhile(l.inForce(was), l.inForce(found)) {
		return was, false
	}
	l.take(found, now)
	return was, true
}

// inForce returns what f stands for: the section as it is configured if it is
// zero. The caller holds mu.
func (l *learning) inForce(f adapt.Found) adapt.Found {
	if f == (adapt.Found{}) {
		home := l.learner.Home()
		return adapt.Found{Weights: home.Weights, Slope: home.Slope}
	}
	return f
}

// worthwhile reports whether a section differs enough from the one in force.
func worthwhile(was, now adapt.Found) bool {
	most := 0.0
	for g := range was.Weights {
		most = max(most, math.Abs(now.Weights[g]-was.Weights[g]))
	}
	return most >= leastWeight || math.Abs(now.Slope-was.Slope) >= leastSlope
}

// take notes that f is in force from now on. The caller holds mu.
func (l *learning) take(f adapt.Found, now time.Time) {
	l.learner.Take(f)
	l.last = now
	l.taken++
}

// undo puts back what was in force, after it could not be replaced.
func (l *learning) undo(was adapt.Found) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.learner.Take(was)
	l.taken--
}

// takings returns how often something was taken into force.
func (l *learning) takings() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.taken
}

// foretold returns how well the labels kept were foretold, see adapt.Learner.Losses.
func (l *learning) foretold() (home, learned float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.learner == nil {
		return 0, 0
	}
	return l.learner.Losses()
}

// kept returns how many labels are kept, and how many of them are attacks.
func (l *learning) kept() (labels, attacks int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.learner == nil {
		return 0, 0
	}
	f, _ := l.learner.Found()
	return f.Labels, f.Attacks
}

// Label teaches what a caller turned out to be at a time: an attack, or genuine,
// believed with a weight in (0, 1]. The evidence is that of its last look at that
// time or up to an hour before. It reports whether that is learned from: not where
// risk.learning is off, where the look is not remembered or the caller was not
// established, and not twice an hour for one caller.
func (g *Gateway) Label(subject models.Pseudonym, at time.Time, attack bool, weight float64) bool {
	if !(weight > 0 && weight <= 1) {
		return false
	}
	return g.learning.verdict(subject, at, attack, weight, g.options.Clock())
}
