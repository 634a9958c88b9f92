package measure

import (
	"math/rand/v2"
	"slices"
)

// Cluster is what belongs together when samples are drawn again: the attacks on
// one victim. The statistic is the sum of all Sum over the sum of all N.
type Cluster struct{ Sum, N float64 }

// Clusters adds up values by key, in the order in which the keys first come.
func Clusters[K comparable](keys []K, value func(i int) float64) []Cluster {
	index := make(map[K]int, len(keys))
	var all []Cluster
	for i, k := range keys {
		at, ok := index[k]
		if !ok {
			at = len(all)
			index[k] = at
			all = append(all, Cluster{})
		}
		all[at].Sum += value(i)
		all[at].N++
	}
	return all
}

// Interval is a range of values.
type Interval struct{ Low, High float64 }

// Bootstrap returns the 95 % interval, by percentiles, of the mean of values in
// clusters: whole clusters are drawn with replacement, as many as there are, in
// each of so many rounds. Equal arguments give equal intervals. Without clusters
// it is [0, 0].
func Bootstrap(clusters []Cluster, rounds int, seed uint64) Interval {
	if len(clusters) == 0 || rounds < 1 {
		return Interval{}
	}
	r := rand.New(rand.NewPCG(seed, 0x626f6f74))
	means := make([]float64, rounds)
	for i := range means {
		var c Cluster
		for range clusters {
			drawn := &clusters[r.IntN(len(clusters))]
			c.Sum += drawn.Sum
			c.N += drawn.N
		}
		means[i] = c.Sum / c.N
	}
	slices.Sort(means)
	return Interval{Low: Quantile(means, 0.025), High: Quantile(means, 0.975)}
}
