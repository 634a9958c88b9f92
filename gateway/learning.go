package gateway

import (
	"sync"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/risk/adapt"
)

const (
	// learnEvery is how often labels are learned from.
	learnEvery = time.Minute
	// saveEvery is how long a label may be lost to a process that is killed.
	saveEvery = 10 * time.Minute

	learningName = "learning"
)

// learning follows risk.learning: what outcomes say becomes weights and a slope,
// which take effect only as a section of their own.
type learning struct {
	outcomes

	mu      sync.Mutex // guards the rest; no request waits for it
	learner *adapt.Learner
	floor   float64         // of the slope
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
	l.gather(float32(c.Learning.Explore))
	l.mu.Lock()
	defer l.mu.Unlock()
	home := sectionOf(c)
	l.floor = floorOf(c)
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

// state returns what a restart should not forget, the labels that came by now
// included; nil if nothing is learned.
func (l *learning) state(now time.Time) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.learner == nil {
		return nil
	}
	l.absorb(now)
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
	return c.With(f.Weights, max(f.Slope, floorOf(&c)), risk.Learned{Labels: f.Labels, Attacks: f.Attacks})
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
// established, and not twice an hour for one caller. A label of a step-up that was
// not learned from yet gives way to it.
func (g *Gateway) Label(subject models.Pseudonym, at time.Time, attack bool, weight float64) bool {
	if !(weight > 0 && weight <= 1) {
		return false
	}
	return g.learning.verdict(subject, at, attack, weight, g.options.Clock())
}
