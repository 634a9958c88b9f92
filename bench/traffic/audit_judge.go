package traffic

import (
	"math"
	"slices"
)

// judgeAll judges every kind of attack.
func (a *audit) judgeAll() (found []Separation) {
	for _, kind := range a.kinds {
		found = append(found, a.judge(kind)...)
	}
	return found
}

// of returns the rows of a kind of attack, and those that it is held against.
func (a *audit) of(kind Attack) (rows []*auditRow, attacks int) {
	seen := map[int]bool{0: true}
	for i := range a.rows {
		if r := &a.rows[i]; r.kind == kind || r.kind == (Attack{}) {
			rows = append(rows, r)
			seen[r.attack] = true
		}
	}
	return rows, len(seen) - 1
}

// judge learns and tests one kind of attack, each half by the other.
func (a *audit) judge(kind Attack) (found []Separation) {
	rows, attacks := a.of(kind)
	scores := make([][2][]float64, len(a.names)+1) // honest, attack
	for half := range 2 {
		table := a.learn(rows, half)
		for _, r := range rows {
			if r.half != half {
				continue
			}
			class, sum := r.class(), 0.0
			for n, name := range a.names {
				s := table[n][r.bins[n]]
				scores[n][class] = append(scores[n][class], s)
				if !a.exempt(kind, name) {
					sum += s
				}
			}
			scores[len(a.names)][class] = append(scores[len(a.names)][class], sum)
		}
	}
	for n, name := range append(slices.Clip(a.names), AuditAll) {
		if !a.exempt(kind, name) {
			found = append(found, Separation{kind.Label, kind.Variant, name, area(scores[n][0], scores[n][1]), attacks, len(scores[n][0])})
		}
	}
	return found
}

// class returns 1 for an attack.
func (r *auditRow) class() int { return min(1, r.attack) }

// learn returns the log ratio of frequencies in every bin, from the rows that are
// not of one half.
func (a *audit) learn(rows []*auditRow, half int) (table [mostAttributes][auditBins]float64) {
	var seen [mostAttributes][auditBins][2]float64
	var total [2]float64
	for _, r := range rows {
		if r.half == half {
			continue
		}
		class := r.class()
		total[class]++
		for n := range a.names {
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
