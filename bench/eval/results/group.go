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

// Purpose is what seeds are for. Figures of different purposes are never put into one
// median.
type Purpose string

// The purposes.
const (
	HeldOut     Purpose = "held-out seeds"    // 100 to 199: nothing is chosen by them
	Development Purpose = "development seeds" // 1 to 99
	Other       Purpose = "other seeds"       // and data of no seed, 0
)

// Purposes lists them as reports do.
var Purposes = []Purpose{HeldOut, Development, Other}

// PurposeOf returns what a seed is for.
func PurposeOf(seed uint64) Purpose {
	switch {
	case seed >= 1 && seed <= 99:
		return Development
	case seed >= 100 && seed <= 199:
		return HeldOut
	}
	return Other
}

// For returns the elements whose seeds are for a purpose, in their order.
func For[T any](p Purpose, all []T, seed func(*T) uint64) (of []T) {
	for i := range all {
		if PurposeOf(seed(&all[i])) == p {
			of = append(of, all[i])
		}
	}
	return of
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
