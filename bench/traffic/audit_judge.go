package traffic

import (
	"math"
	"slices"
)

// judge learns and tests one kind of attack, each half by the other.
func (a *audit) judge(kind Attack) []Separation {
	var scores [attributes + 1][2][]float64 // honest, attack
	attacks := 0
	for half := range 2 {
		table := a.learn(kind, half)
		for i, r := range a.rows {
			if i%2 == half || r.attack != kind && r.attack.Label != Honest {
				continue
			}
			class, sum := 0, 0.0
			if r.attack == kind {
				class = 1
				attacks++
			}
			for n := range attributes {
				s := table[n][r.bins[n]]
				scores[n][class] = append(scores[n][class], s)
				if !exempt(kind, auditNames[n]) {
					sum += s
				}
			}
			scores[attributes][class] = append(scores[attributes][class], sum)
		}
	}
	var found []Separation
	for n, name := range auditNames {
		if !exempt(kind, name) {
			found = append(found, Separation{kind.Label, kind.Variant, name, area(scores[n][0], scores[n][1]), attacks})
		}
	}
	return found
}

// learn returns the log ratio of frequencies in every bin, from the events of one
// half.
func (a *audit) learn(kind Attack, half int) (table [attributes][25]float64) {
	var seen [attributes][25][2]float64
	var total [2]float64
	for i, r := range a.rows {
		class := 0
		if r.attack == kind {
			class = 1
		}
		if i%2 != half || class == 0 && r.attack.Label != Honest {
			continue
		}
		total[class]++
		for n := range attributes {
			seen[n][r.bins[n]][class]++
		}
	}
	for n := range table {
		for b := range table[n] {
			honest := (seen[n][b][0] + 1) / (total[0] + 1)
			table[n][b] = math.Log((seen[n][b][1] + 20*honest) / (total[1] + 20) / honest)
		}
	}
	return table
}

// area returns the probability that an attack scores higher than an honest event,
// ties counted half.
func area(honest, attack []float64) float64 {
	if len(honest) == 0 || len(attack) == 0 {
		return 0.5
	}
	slices.Sort(honest)
	sum := 0.0
	for _, s := range attack {
		below, _ := slices.BinarySearch(honest, s)
		upTo, _ := slices.BinarySearch(honest, math.Nextafter(s, math.Inf(1)))
		sum += float64(below+upTo) / 2
	}
	return sum / float64(len(honest)) / float64(len(attack))
}
