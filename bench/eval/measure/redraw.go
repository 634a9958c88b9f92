package measure

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Ranked is attacks in the order in which a falling threshold catches them, among
// honest logins that stay as they are. Make it with Rank.
type Ranked struct {
	scores []float32 // descending
	rates  []float64 // of the honest, stepped up at that threshold
}

// Rank orders attacks by score, and what belongs to each with it: both slices are
// sorted.
func Rank[K any](attacks []float32, keys []K, honest Scores) Ranked {
	order := make([]int, len(attacks))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(attacks[b], attacks[a]) })
	was, owned := slices.Clone(attacks), slices.Clone(keys)
	r := Ranked{scores: attacks, rates: make([]float64, len(attacks))}
	for i, from := range order {
		attacks[i], keys[i] = was[from], owned[from]
		r.rates[i] = honest.Share(was[from])
	}
	return r
}

// RateFor returns which share of the honest is stepped up where the threshold
// catches the given share of the attacks' weight; 0 without any.
func (r Ranked) RateFor(weights []float64, caught float64) float64 {
	wanted := caught * sumOf(weights) * (1 - 1e-12)
	sum := 0.0
	for i, w := range weights {
		if sum += w; sum >= wanted && sum > 0 {
			return r.rates[i]
		}
	}
	return 0
}

// Precision is AveragePrecision of weighted attacks.
func (r Ranked) Precision(weights []float64, base float64) float64 {
	total := sumOf(weights)
	if total == 0 {
		return 0
	}
	area, caught, before := 0.0, 0.0, 0.0
	for i, w := range weights {
		caught += w / total
		if i+1 < len(weights) && r.scores[i+1] == r.scores[i] {
			continue
		}
		hits := base * caught
		if hits > 0 {
			area += (caught - before) * hits / (hits + (1-base)*r.rates[i])
		}
		before = caught
	}
	return area
}

// Redraw returns 95 % intervals, by percentiles, of n statistics of a sample whose
// elements belong together by key: whole clusters are drawn with replacement, as
// many as there are, in each of so many rounds. Statistics is given how often each
// element was drawn, and writes to out. Equal arguments give equal intervals.
// Without elements they are [0, 0].
func Redraw[K comparable](keys []K, rounds int, seed uint64, n int, statistics func(weights, out []float64)) []Interval {
	intervals := make([]Interval, n)
	if len(keys) == 0 || rounds < 1 {
		return intervals
	}
	of, clusters := numbered(keys)
	r := rand.New(rand.NewPCG(seed, 0x72656472))
	drawn, weights, out := make([]float64, clusters), make([]float64, len(keys)), make([]float64, n)
	values := make([][]float64, n)
	for range rounds {
		clear(drawn)
		for range clusters {
			drawn[r.IntN(clusters)]++
		}
		for i, c := range of {
			weights[i] = drawn[c]
		}
		statistics(weights, out)
		for i, v := range out {
			values[i] = append(values[i], v)
		}
	}
	for i, v := range values {
		intervals[i] = Interval{Low: Quantile(v, 0.025), High: Quantile(v, 0.975)}
	}
	return intervals
}

// numbered returns the number of each element's cluster, and how many there are.
func numbered[K comparable](keys []K) (of []int, clusters int) {
	index := make(map[K]int, len(keys))
	of = make([]int, len(keys))
	for i, k := range keys {
		c, ok := index[k]
		if !ok {
			c = len(index)
			index[k] = c
		}
		of[i] = c
	}
	return of, len(index)
}

func sumOf(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum
}
