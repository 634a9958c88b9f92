package adapt

import (
	"math"
	"slices"
)

const (
	// base is the share of sessions below the threshold of a Tail.
	base = 0.98
	// calibration is how many sessions set that threshold.
	calibration = 1000
	// peaksKept bounds the exceedances that the tail is fitted to: the latest.
	peaksKept = 2000
	// peaksNeeded is how many exceedances a fit needs.
	peaksNeeded = 20
)

// Tail finds a threshold that hardly any session exceeds, one in thousands, for
// which a Budget would take too long: it fits a generalized Pareto distribution
// to what lies above a lower threshold and extrapolates (Siffer et al., KDD 2017).
// It must be fed like a Budget. The zero value is ready.
type Tail struct {
	first     []float64 // until there are enough of them
	threshold float64
	peaks     []float64 // above threshold, the latest, as a ring
	next      int
	seen      uint64
	over      uint64 // exceedances, forgotten ones included
}

// See takes the evidence of one session. What is not a number does not count.
func (t *Tail) See(nats float64) {
	if math.IsNaN(nats) {
		return
	}
	t.seen++
	if t.seen <= calibration {
		t.first = append(t.first, nats)
		if t.seen == calibration {
			t.calibrate()
		}
		return
	}
	if nats > t.threshold {
		t.keep(nats - t.threshold)
	}
}

// Clone returns a copy that shares nothing with t.
func (t *Tail) Clone() Tail {
	c := *t
	c.first, c.peaks = slices.Clone(t.first), slices.Clone(t.peaks)
	return c
}

func (t *Tail) calibrate() {
	slices.Sort(t.first)
	t.threshold = t.first[int(base*calibration)]
	for _, nats := range t.first {
		if nats > t.threshold {
			t.keep(nats - t.threshold)
		}
	}
	t.first = nil
}

func (t *Tail) keep(excess float64) {
	t.over++
	if len(t.peaks) < peaksKept {
		t.peaks = append(t.peaks, excess)
		return
	}
	t.peaks[t.next] = excess
	t.next = (t.next + 1) % peaksKept
}

// Nats returns the evidence that a share q of the sessions exceeds, q below 0.02.
// It is not known before a thousand sessions and twenty exceedances have been
// seen.
func (t *Tail) Nats(q float64) (nats float64, known bool) {
	if len(t.peaks) < peaksNeeded || !(q > 0 && q < 1-base) {
		return 0, false
	}
	shape, scale := fit(t.peaks)
	r := q * float64(t.seen) / float64(t.over)
	if math.Abs(shape) < 1e-9 {
		return t.threshold - scale*math.Log(r), true
	}
	return t.threshold + scale/shape*(math.Pow(r, -shape)-1), true
}

// fit returns the generalized Pareto distribution that is likeliest to give the
// peaks. Grimshaw's trick leaves one unknown, theta = shape/scale: for each theta
// the likeliest shape is the mean of ln(1+theta*y).
func fit(peaks []float64) (shape, scale float64) {
	largest, sum := 0.0, 0.0
	for _, y := range peaks {
		largest, sum = max(largest, y), sum+y
	}
	mean := sum / float64(len(peaks))
	best := -math.Log(mean) - 1 // shape 0: exponential
	shape, scale = 0, mean
	try := func(theta float64) float64 {
		k := 0.0
		for _, y := range peaks {
			k += math.Log1p(theta * y)
		}
		k /= float64(len(peaks))
		s := k / theta
		if !(s > 0) || k < -0.5 || k > 1 { // beyond, likelihoods mean nothing
			return math.Inf(-1)
		}
		l := -math.Log(s) - k - 1
		if l > best {
			best, shape, scale = l, k, s
		}
		return l
	}
	low, high := -1/largest*(1-1e-6), 10/mean
	for range 3 { // a grid, then finer ones around its best
		at, found := 0.0, math.Inf(-1)
		step := (high - low) / 100
		for theta := low; theta <= high; theta += step {
			if math.Abs(theta) < 1e-12 {
				continue
			}
			if l := try(theta); l > found {
				at, found = theta, l
			}
		}
		low, high = max(low, at-step), at+step
	}
	return shape, scale
}
