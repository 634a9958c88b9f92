package measure

import "math/rand/v2"

// Fidelity compares taking away the reasons that were shown for an alarm with
// taking away as many other groups at random. The zero value has seen no alarm.
type Fidelity struct {
	Alarms int `json:"alarms"`
	Shown  int `json:"vanish_without_reasons"`
	Random int `json:"vanish_without_random"` // one draw for each alarm
}

// Add counts one alarm: contributions, in the unit of the threshold, add up to a
// sum of at least threshold, of which those at the indexes in shown were given as
// reasons. The random groups are drawn among those that contribute something.
func (f *Fidelity) Add(contributions []float64, shown []int, threshold float64, r *rand.Rand) {
	total := 0.0
	var present []int
	for i, c := range contributions {
		total += c
		if c != 0 {
			present = append(present, i)
		}
	}
	f.Alarms++
	if without(total, contributions, shown) < threshold {
		f.Shown++
	}
	r.Shuffle(len(present), func(i, j int) { present[i], present[j] = present[j], present[i] })
	if without(total, contributions, present[:min(len(shown), len(present))]) < threshold {
		f.Random++
	}
}

// Share returns which part of the alarms n are.
func (f *Fidelity) Share(n int) float64 { return float64(n) / float64(max(1, f.Alarms)) }

func without(total float64, contributions []float64, groups []int) float64 {
	for _, g := range groups {
		total -= contributions[g]
	}
	return total
}
