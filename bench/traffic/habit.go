package traffic

import (
	"math/rand/v2"
	"slices"
	"time"
)

// habit is what a machine client calls after what: a Markov chain over a few
// routes, and objects of its own, most of which it reads again and again.
type habit struct {
	routes   []int // numbers of routes
	then     [][]float64
	now      int // index of routes
	objects  int64
	known    int64 // objects read again and again, from 30 to 300
	fresh    int64 // new ones a day
	failing  float64
	reads    int // the route that an export reads
	exported int64
}

func newHabit(r *rand.Rand, objects int64) habit {
	machine := []int{0, 1, 3, 6, 7, 8, 9, 10, 11}
	r.Shuffle(len(machine), func(i, j int) { machine[i], machine[j] = machine[j], machine[i] })
	h := habit{
		routes: machine[:2+r.IntN(4)], objects: objects, known: 30 + r.Int64N(270), fresh: 1 + r.Int64N(10),
		failing: 0.002 + 0.02*r.Float64(), reads: ordersRead,
	}
	for range h.routes {
		row := make([]float64, len(h.routes))
		sum := 0.0
		for j := range row {
			row[j] = r.ExpFloat64() * r.ExpFloat64() // a few likely, the rest seldom
			sum += row[j]
		}
		for j := range row {
			row[j] /= sum
		}
		h.then = append(h.then, row)
	}
	return h
}

// call fills in the next request.
func (h *habit) call(e *Event, r *rand.Rand, at time.Time) {
	u := r.Float64()
	row := h.then[h.now]
	h.now = max(0, slices.IndexFunc(row, func(p float64) bool { u -= p; return u < 0 }))
	object := h.objects + int64(float64(h.known)*r.Float64()*r.Float64())
	if chance(r, 0.05) {
		object = h.objects + h.known + h.fresh*(at.Unix()/86400%3000) + r.Int64N(h.fresh)
	}
	status := 200
	if chance(r, h.failing) {
		status = 404
	}
	routes[h.routes[h.now]].call(e, object, status)
}
