// Package tune finds thresholds that keep a budget of step-ups and denials on
// recorded scores.
package tune

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

const (
	// LeastAbove is how many values a budget must leave room for above the
	// threshold: fewer say too little of where it lies.
	LeastAbove = 10
	// LeastSubjects is how many callers the values must be of.
	LeastSubjects = 30

	resamples = 1000
	grain     = 10 // thresholds are multiples of 1/grain
	highest   = 100
)

// Values are scores, each of one caller. The zero value is empty.
type Values struct {
	subjects []uint32 // by value
	scores   []float64
	counts   []int64 // of values, by subject
}

// Add adds one value of the caller with that number; numbers are small and begin
// at 0.
func (v *Values) Add(subject uint32, score float64) {
	for int(subject) >= len(v.counts) {
		v.counts = append(v.counts, 0)
	}
	v.counts[subject]++
	v.subjects, v.scores = append(v.subjects, subject), append(v.scores, score)
}

// Len returns how many values there are.
func (v *Values) Len() int { return len(v.scores) }

// Subjects returns how many callers there are.
func (v *Values) Subjects() (n int) {
	for _, c := range v.counts {
		if c > 0 {
			n++
		}
	}
	return n
}

// Result is a threshold for a budget.
type Result struct {
	Threshold float64 // the lowest, in tenths, that keeps the budget; at least the floor
	Low, High float64 // the middle 95 % of what resampled callers would give
	Above     int     // values at the threshold or above
	Values    int
	Subjects  int
}

// Share returns which part of the values reaches the threshold.
func (r *Result) Share() float64 { return float64(r.Above) / float64(max(r.Values, 1)) }

// The ways in which there is no threshold.
var (
	ErrTooFew      = errors.New("tune: too few")
	ErrUnreachable = errors.New("tune: no threshold keeps the budget")
)

// Needed returns how many values a budget, a share of them, needs.
func Needed(budget float64) int { return int(math.Ceil(LeastAbove / budget)) }

// Threshold returns the lowest threshold, not below the floor, that at most the
// budget, a share in (0, 1), of the values reaches. The interval is that of 1,000
// samples of as many callers, drawn with replacement, with all their values: one
// caller's scores are no independent news. The same seed gives the same interval.
// ErrTooFew says that the values, or the callers, are too few.
func (v *Values) Threshold(budget, floor float64, seed uint64) (Result, error) {
	r := Result{Values: v.Len(), Subjects: v.Subjects()}
	if r.Values < Needed(budget) || r.Subjects < LeastSubjects {
		return r, fmt.Errorf("%w: %d values of %d callers, want at least %d of %d", ErrTooFew,
			r.Values, r.Subjects, Needed(budget), LeastSubjects)
	}
	order := make([]int, r.Values)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case v.scores[a] > v.scores[b]:
			return -1
		case v.scores[a] < v.scores[b]:
			return 1
		}
		return a - b
	})
	r.Threshold = max(floor, v.cut(order, budget, nil))
	if r.Threshold > highest {
		return r, fmt.Errorf("%w: more than %g of the scores round to 100", ErrUnreachable, budget)
	}
	for _, s := range v.scores {
		if s >= r.Threshold {
			r.Above++
		}
	}
	r.Low, r.High = v.interval(order, budget, floor, seed)
	return r, nil
}

// cut returns the threshold just above the first value, from the highest down,
// that the budget has no room for. Weights say how often each caller counts; nil:
// once.
func (v *Values) cut(order []int, budget float64, weights []int64) float64 {
	total := int64(len(order))
	if weights != nil {
		total = 0
		for s, w := range weights {
			total += w * v.counts[s]
		}
	}
	room := int64(math.Floor(budget * float64(total)))
	for _, i := range order {
		w := int64(1)
		if weights != nil {
			w = weights[v.subjects[i]]
		}
		if room -= w; room < 0 {
			return above(v.scores[i])
		}
	}
	return 0
}

// above returns the lowest threshold that a score does not reach.
func above(score float64) float64 {
	t := math.Floor(score*grain+1) / grain
	if t <= score { // rounding
		t += 1.0 / grain
	}
	return t
}

// interval resamples the callers.
func (v *Values) interval(order []int, budget, floor float64, seed uint64) (low, high float64) {
	var callers []int
	for s, c := range v.counts {
		if c > 0 {
			callers = append(callers, s)
		}
	}
	r := rand.New(rand.NewPCG(seed, uint64(len(order))))
	cuts, weights := make([]float64, resamples), make([]int64, len(v.counts))
	for n := range cuts {
		clear(weights)
		for range callers {
			weights[callers[r.IntN(len(callers))]]++
		}
		cuts[n] = min(highest, max(floor, v.cut(order, budget, weights)))
	}
	slices.Sort(cuts)
	return cuts[resamples/40], cuts[resamples-1-resamples/40]
}
