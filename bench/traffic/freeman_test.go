package traffic

import (
	"math"
	"slices"
)

// freeman is the published baseline, as a check of the worlds: the score of
// section 1.1 of the risk model, on counts without decay.
type freeman struct {
	global counts
	users  map[string]*counts
}

type counts struct {
	n    float64
	seen [7]map[any]float64 // address, ASN, country, agent, browser, system, form
}

var freemanWeights = [7]float64{0.6, 0.3, 0.1, 0.5386653840551359, 0.2680451498625666, 0.18818295100109536, 0.0051065150812021525}

func values(e *Event) [7]any {
	return [7]any{e.Address, e.Place.ASN, e.Place.Country, e.Agent, e.Browser, e.OS, e.DeviceType}
}

func newFreeman() *freeman { return &freeman{newCounts(), map[string]*counts{}} }

func newCounts() (c counts) {
	for i := range c.seen {
		c.seen[i] = map[any]float64{}
	}
	return c
}

func (c *counts) add(e *Event) {
	c.n++
	for i, v := range values(e) {
		c.seen[i][v]++
	}
}

// score returns the logarithm of the score, false for a first login.
func (f *freeman) score(e *Event) (float64, bool) {
	u := f.users[e.Subject.ID]
	if u == nil {
		return 0, false
	}
	v := values(e)
	score := -math.Log(float64(len(f.users))) - math.Log(u.n/f.global.n)
	for _, feature := range [][2]int{{0, 3}, {3, 7}} {
		all, own := 0.0, 0.0
		unseen := 1.0
		for h := feature[1] - 1; h >= feature[0]; h-- {
			if h < feature[1]-1 {
				unseen += float64(len(f.global.seen[h+1]))
			}
			p := f.global.seen[h][v[h]] / f.global.n
			if h == feature[0] {
				if p > 0 {
					p *= 1 - unseen/(f.global.n+unseen)
				} else {
					p = 1 / (f.global.n + unseen)
				}
			}
			all += freemanWeights[h] * p
			own += freemanWeights[h] * u.seen[h][v[h]] / u.n
		}
		if own == 0 {
			own = all / 4
		}
		score += math.Log(all / own)
	}
	return score, true
}

func (f *freeman) learn(e *Event) {
	u := f.users[e.Subject.ID]
	if u == nil {
		fresh := newCounts()
		u = &fresh
		f.users[e.Subject.ID] = u
	}
	u.add(e)
	f.global.add(e)
}

// rank returns the area under the ROC curve and the true positive rate at a false
// positive rate of 1 %.
func rank(honest, attack []float64) (area, at1 float64) {
	slices.Sort(honest)
	limit := honest[len(honest)*99/100]
	for _, s := range attack {
		below, _ := slices.BinarySearch(honest, s)
		above, _ := slices.BinarySearch(honest, math.Nextafter(s, math.Inf(1)))
		area += float64(below+above) / 2 / float64(len(honest))
		if s > limit {
			at1++
		}
	}
	n := float64(len(attack))
	return area / n, at1 / n
}
