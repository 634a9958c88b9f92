package gateway

import (
	"math"
	"time"

	"github.com/riskgate/riskgate/gateway/verdict"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/risk/adapt"
)

const (
	// takeEvery is how often what was learned may be taken into force.
	takeEvery = 10 * time.Minute
	// leastWeight and leastSlope are the smallest changes that are worth a
	// configuration of their own.
	leastWeight = 0.05
	leastSlope  = 0.02
)

// learn learns from the labels that came, and takes what was found into force,
// where that is worth it and the last time is long enough ago. It reports whether
// it did, and what was in force before.
func (l *learning) learn(now time.Time) (was adapt.Found, news bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.learner == nil {
		return was, false
	}
	l.absorb(now)
	was, _ = l.learner.Taken()
	if ago := now.Sub(l.last); ago >= 0 && ago < takeEvery {
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

// absorb learns from the labels that came. The caller holds mu.
func (l *learning) absorb(now time.Time) {
	l.labels = l.drain(now, l.labels)
	for i := range l.labels {
		l.learner.Learn(&l.labels[i])
	}
	if l.since == 0 {
		l.saved = now
	}
	l.since += len(l.labels)
}

// inForce returns what f stands for: the section as it is configured if it is
// zero, else one of at least the floor of the slope. The caller holds mu.
func (l *learning) inForce(f adapt.Found) adapt.Found {
	if f == (adapt.Found{}) {
		home := l.learner.Home()
		return adapt.Found{Weights: home.Weights, Slope: home.Slope}
	}
	f.Slope = max(f.Slope, l.floor)
	return f
}

// floorOf returns the least slope that may be learned for a section, to three
// decimals: that at which a quarantine by default still denies a caller for whom
// all else speaks that may, in every class; the configured one where it does not
// deny as it is.
func floorOf(c *risk.Config) float64 {
	room := verdict.QuarantineNats - c.Caps.Innocence
	if room <= 0 {
		return c.Slope
	}
	floor, engine := 0.0, risk.New(*c)
	for class := range models.NumClasses {
		floor = max(floor, engine.NatsAt(engine.Thresholds(class).Deny)*c.Slope/room)
	}
	return min(math.Ceil(floor*1000)/1000, c.Slope)
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
