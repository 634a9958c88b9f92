package main

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// scoreEdges are where the bins of the histogram begin.
var scoreEdges = [...]float64{0, 5, 10, 15, 20, 30, 50, 70, 85}

// maxClients bounds the clients that are counted one by one.
const maxClients = 1 << 18

// replayReport counts what a trial decided.
type replayReport struct {
	requests    int64
	anonymous   int64
	placed      int64 // requests of which the country is known
	first, last time.Time
	actions     [models.NumActions]int64
	slowed      int64 // the bucket would fill more slowly
	held        int64 // and at 1/16 or less: in place of a step-up, or by the slope
	scores      [len(scoreEdges)]int64
	reasons     [models.NumGroups]reason
	clients     map[models.Pseudonym]*client
	uncounted   int64 // requests of clients beyond the bound
}

// reason is how often a group raised a score.
type reason struct {
	group    models.Group
	requests int64
	first    int64 // as the largest reason
	points   float64
	words    string // of the most points
}

// client is one caller of the trial.
type client struct {
	id       models.Pseudonym
	name     string
	requests int64
	actions  [models.NumActions]int64
	held     int64
	worst    float64
	sentence string // about the worst
	at       time.Time
}

func newReport() *replayReport { return &replayReport{clients: map[models.Pseudonym]*client{}} }

// heldRefill is the most that a caller gets who was asked to step up and cannot.
const heldRefill = 1.0 / 16

func (r *replayReport) add(e *models.Event, to *risk.Resolution, name string) {
	if r.requests == 0 {
		r.first = e.Time
	}
	r.requests++
	r.last = e.Time
	if e.Subject == models.Anonymous {
		r.anonymous++
	}
	if e.Observed.Place.Country != [2]byte{} {
		r.placed++
	}
	r.actions[to.Action]++
	if to.Refill < 1 {
		r.slowed++
	}
	held := to.Refill <= heldRefill && to.Action < models.StepUp
	if held {
		r.held++
	}
	bin := len(scoreEdges) - 1
	for bin > 0 && e.Assessment.Score < scoreEdges[bin] {
		bin--
	}
	r.scores[bin]++
	r.addReasons(e)
	r.addClient(e, to, held, name)
}

func (r *replayReport) addReasons(e *models.Event) {
	for i, g := range e.Assessment.Top() {
		x := &r.reasons[g]
		x.group = g
		x.requests++
		if i == 0 {
			x.first++
		}
		if p := e.Assessment.Contributions[g].Points; p > x.points {
			x.points, x.words = p, string(models.AppendWords(nil, g, &e.Evidence[g], p))
		}
	}
}

func (r *replayReport) addClient(e *models.Event, to *risk.Resolution, held bool, name string) {
	c := r.clients[e.Pseudonym]
	if c == nil {
		if len(r.clients) >= maxClients {
			r.uncounted++
			return
		}
		c = &client{id: e.Pseudonym, name: name}
		r.clients[e.Pseudonym] = c
	}
	c.requests++
	c.actions[to.Action]++
	if held {
		c.held++
	}
	if e.Assessment.Score <= c.worst || e.Assessment.Wanted == models.Allow {
		return
	}
	as := *e // as if the score had been enforced
	as.Mode, as.Action, as.Denial = models.Enforce, to.Action, ""
	as.ByPolicy, as.PolicyMode = models.Allow, models.Enforce
	c.worst, c.at, c.sentence = e.Assessment.Score, e.Time, string(models.AppendSentence(nil, &as))
}

// remarkable returns the clients that the score asked something of, the highest
// score first.
func (r *replayReport) remarkable() []*client {
	var all []*client
	for _, c := range r.clients {
		if c.sentence != "" {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *client) int {
		return cmp.Or(cmp.Compare(b.worst, a.worst), cmp.Compare(b.requests, a.requests), bytes.Compare(a.id[:], b.id[:]))
	})
	return all
}
