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
	yes, no := (attacks+1)/(attacks+2), 1/(honest+2)
	slope, intercept = 0.6, 0
	for range 100 {
		ds, di := newton(labels, slope, intercept, yes, no)
		slope = min(max(slope-ds, leastSlope), mostSlope)
		intercept -= di
		if math.Abs(ds)+math.Abs(di) < 1e-9 {
			break
		}
	}
	return slope, intercept, true
}

// newton returns the step of Newton's method on the weighted logistic loss.
func newton(labels []Labeled, slope, intercept, yes, no float64) (ds, di float64) {
	var gs, gi, hss, hsi, hii float64
	for _, l := range labels {
		target := no
		if l.Attack {
			target = yes
		}
		p := logistic(float64(slope*l.Nats) + intercept)
		g, h := l.Weight*(p-target), l.Weight*p*(1-p)
		gs += float64(g * l.Nats)
		gi += g
		hss += float64(h * l.Nats * l.Nats)
		hsi += float64(h * l.Nats)
		hii += h
	}
	const ridge = 1e-6
	hss, hii = hss+ridge, hii+ridge
	det := float64(hss*hii) - float64(hsi*hsi)
	ds = (float64(hii*gs) - float64(hsi*gi)) / det
	di = (float64(hss*gi) - float64(hsi*gs)) / det
	return min(max(ds, -0.5), 0.5), min(max(di, -1), 1)
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
	want := (attacks + 1) / (all + 2) * all
	low, high := -30.0, 30.0
	for range 40 {
		middle := (low + high) / 2
		expected := 0.0
		for _, l := range labels {
			expected += float64(l.Weight * logistic(float64(slope*l.Nats)+middle))
		}
		if expected < want {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}
