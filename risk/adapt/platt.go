package adapt

import "math"

// The limits of calibration.
const (
	// LabelsKept is how many labels a calibration looks back on.
	LabelsKept = 10_000
	// AttacksNeeded is how many of them must be attacks.
	AttacksNeeded = 50

	leastSlope, mostSlope         = 0.3, 1.2
	leastIntercept, mostIntercept = -6, 0
)

// Labeled is the evidence of a session with its label.
type Labeled struct {
	Nats   float64 // weighted sum
	Attack bool
	Weight float64 // importance, above 0
}

// Calibrate returns the slope and the intercept at which the score is the
// probability of attack among the labels (Platt scaling, with his correction for
// few labels), within the bounds of the risk section. It is not known with fewer
// than AttacksNeeded attacks, or without any honest session. The prior is that of
// the labels: see Shift.
func Calibrate(labels []Labeled) (slope, intercept float64, known bool) {
	attacks, honest := 0.0, 0.0
	n := 0
	for _, l := range labels {
		if l.Attack {
			attacks += l.Weight
			n++
		} else {
			honest += l.Weight
		}
	}
	if n < AttacksNeeded || honest == 0 {
		return 0, 0, false
	}
	p := platt{labels: labels, yes: (attacks + 1) / (attacks + 2), no: 1 / (honest + 2)}
	p.want = float64(attacks*p.yes) + float64(honest*p.no)
	low, high := leastSlope, mostSlope
	for range 40 { // the loss is convex: halve where it still falls
		slope = (low + high) / 2
		if p.falls(slope) {
			low = slope
		} else {
			high = slope
		}
	}
	switch slope = (low + high) / 2; {
	case low == leastSlope:
		slope = leastSlope
	case high == mostSlope:
		slope = mostSlope
	}
	return slope, interceptOf(labels, slope, p.want), true
}

// platt is one fit: the targets of attacks and of the others, and how many attacks
// they come to.
type platt struct {
	labels        []Labeled
	yes, no, want float64
}

// falls reports whether the loss, with the best intercept at a slope, falls as the
// slope rises.
func (p *platt) falls(slope float64) bool {
	intercept, gradient := interceptOf(p.labels, slope, p.want), 0.0
	for _, l := range p.labels {
		target := p.no
		if l.Attack {
			target = p.yes
		}
		gradient += float64(l.Weight * l.Nats * (logistic(float64(slope*l.Nats)+intercept) - target))
	}
	return gradient < 0
}

// interceptOf returns the intercept at which so many attacks are expected: by
// Newton's method, and by halves where that leaves what is known to hold it.
func interceptOf(labels []Labeled, slope, want float64) float64 {
	low, high, most := -40.0, 40.0, 0.0
	for _, l := range labels {
		most = max(most, math.Abs(l.Nats))
	}
	low, high = low-float64(slope*most), high+float64(slope*most)
	at := 0.0
	for range 100 {
		excess, rise := -want, 0.0
		for _, l := range labels {
			p := logistic(float64(slope*l.Nats) + at)
			excess += float64(l.Weight * p)
			rise += float64(l.Weight * p * (1 - p))
		}
		if excess < 0 {
			low = at
		} else {
			high = at
		}
		next := at - excess/rise
		if !(next > low && next < high) {
			next = (low + high) / 2
		}
		if math.Abs(next-at) < 1e-9 {
			return next
		}
		at = next
	}
	return at
}

// Shift moves an intercept from the prior odds of the labels to others, and keeps
// it within the bounds of the risk section: labels hold many more attacks than
// traffic does.
func Shift(intercept, fromOdds, toOdds float64) float64 {
	moved := intercept - math.Log(fromOdds) + math.Log(toOdds)
	return min(max(moved, leastIntercept), mostIntercept)
}

// Level returns the intercept at which, with a slope, as many attacks are expected
// among the labels as they hold, one of each kind added. Labels hold many more
// attacks than traffic does, and neither weights nor slope should have to make up
// for that.
func Level(labels []Labeled, slope float64) float64 {
	attacks, all := 0.0, 0.0
	for _, l := range labels {
		all += l.Weight
		if l.Attack {
			attacks += l.Weight
		}
	}
	return interceptOf(labels, slope, (attacks+1)/(all+2)*all)
}
