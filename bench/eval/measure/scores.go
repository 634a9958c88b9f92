// Package measure computes figures of merit from scores and outcomes.
package measure

import (
	"cmp"
	"math"
	"slices"
)

// Scores is a weighted sample of scores. Higher means riskier; the unit does not
// matter. Ties are allowed, NaN is not. The zero value is empty. Make it with
// NewScores.
type Scores struct {
	values []float32 // ascending
	from   []float64 // weight of values[i:], one longer than values; nil: every weight is 1
}

// NewScores returns a sample of its own of the scores. Weights has one weight, not
// negative, for each score; nil stands for ones.
func NewScores(scores []float32, weights []float64) Scores {
	s := Scores{values: slices.Clone(scores)}
	if weights == nil {
		slices.Sort(s.values)
		return s
	}
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	s.from = make([]float64, len(scores)+1)
	for i := len(order) - 1; i >= 0; i-- {
		s.values[i] = scores[order[i]]
		s.from[i] = s.from[i+1] + weights[order[i]]
	}
	return s
}

// Len returns how many scores there are.
func (s Scores) Len() int { return len(s.values) }

// Weight returns the sum of the weights.
func (s Scores) Weight() float64 { return s.weightFrom(0) }

func (s Scores) weightFrom(i int) float64 {
	if s.from == nil {
		return float64(len(s.values) - i)
	}
	return s.from[i]
}

// search returns the index of the first score that is at least t.
func (s Scores) search(t float32) int {
	i, _ := slices.BinarySearch(s.values, t)
	return i
}

// after returns the index of the first score above t.
func (s Scores) after(t float32) int {
	i, _ := slices.BinarySearchFunc(s.values, t, func(v, t float32) int {
		if v <= t {
			return -1
		}
		return 1
	})
	return i
}

// Share returns which part of the weight has a score of at least t: the step-up
// rate of honest logins, the true-positive rate of attacks. It is 0 of an empty
// sample.
func (s Scores) Share(t float32) float64 {
	if len(s.values) == 0 {
		return 0
	}
	return s.weightFrom(s.search(t)) / s.Weight()
}

// Threshold returns the lowest threshold at which the share is at most rate. Where
// ties do not allow the rate itself the share stays below it; +Inf says that only
// a threshold above every score does.
func (s Scores) Threshold(rate float64) float32 {
	best := float32(math.Inf(1))
	allowed := rate * s.Weight()
	for i := len(s.values) - 1; i >= 0; i-- {
		if s.weightFrom(i) > allowed {
			break
		}
		if i == 0 || s.values[i-1] < s.values[i] {
			best = s.values[i]
		}
	}
	return best
}

// Reaching returns the highest threshold at which the share is at least rate, -Inf
// for an empty sample.
func (s Scores) Reaching(rate float64) float32 {
	wanted := rate * s.Weight() * (1 - 1e-12) // the share of a whole number of attacks
	for i := len(s.values) - 1; i >= 0; i-- {
		if s.weightFrom(i) >= wanted {
			return s.values[i]
		}
	}
	return float32(math.Inf(-1))
}

// RateFor returns which share of the honest is stepped up where the threshold
// catches the given share of the attacks.
func RateFor(attacks, honest Scores, caught float64) float64 {
	return honest.Share(attacks.Reaching(caught))
}

// Quantile returns the q-th quantile, q in [0, 1], by the nearest rank; the weights
// do not count. It is 0 for no values.
func Quantile[T cmp.Ordered](values []T, q float64) T {
	if len(values) == 0 {
		var zero T
		return zero
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

// MedianOf returns the median, by the nearest rank, of a value of each element, 0
// for none.
func MedianOf[T any, V cmp.Ordered](all []T, value func(*T) V) V {
	values := make([]V, len(all))
	for i := range all {
		values[i] = value(&all[i])
	}
	return Quantile(values, 0.5)
}
