package results

import (
	"fmt"
	"slices"
	"strings"
)

// Group puts what has the same key together, in the order in which the keys first
// come.
func Group[T any, K comparable](all []T, key func(*T) K) (groups [][]T) {
	index := map[K]int{}
	for i := range all {
		k := key(&all[i])
		at, ok := index[k]
		if !ok {
			at = len(groups)
			index[k], groups = at, append(groups, nil)
		}
		groups[at] = append(groups[at], all[i])
	}
	return groups
}

// Seeds lists the seeds of the elements once, in their order: "100 101".
func Seeds[T any](all []T, seed func(*T) uint64) string {
	var seeds []uint64
	for i := range all {
		seeds = append(seeds, seed(&all[i]))
	}
	slices.Sort(seeds)
	return strings.Trim(fmt.Sprint(slices.Compact(seeds)), "[]")
}
