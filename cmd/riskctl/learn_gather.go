package main

import (
	"fmt"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk/adapt"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

const (
	// patience is how long a challenge may go unanswered.
	patience = time.Hour
	// maxPending bounds the challenges that are waited for.
	maxPending = 1 << 18
)

// gathering makes examples of a recording, in its order.
type gathering struct {
	labels   *labels
	s        streams
	event    models.Event
	examples []adapt.Example
	hours    map[callerHour]standing

	pending  map[models.Pseudonym]int // number of the challenge that was not answered yet
	open     []challenge              // in order of time
	gone     int                      // number of the first in open
	decided  int
	unread   int
	firstBad string
}

// challenge is a step-up that was asked for.
type challenge struct {
	of      models.Pseudonym
	at      time.Time
	in      callerHour
	example adapt.Example
	closed  bool
}

func newGathering(l *labels, s streams) *gathering {
	return &gathering{labels: l, s: s, hours: map[callerHour]standing{}, pending: map[models.Pseudonym]int{}}
}

func (g *gathering) take(r record) error {
	e := &g.event
	if err := ocsf.Decode(r.value, e); err != nil {
		if g.unread++; g.unread == 1 {
			g.firstBad = r.place.String() + ": " + err.Error()
		}
		return nil
	}
	if e.Kind != models.DecisionEvent || e.Assessment.Base == 0 {
		return nil
	}
	g.decided++
	g.expire(e.Time)
	if l, ok := g.labels.of(e); ok {
		x := exampleOf(e)
		x.Attack, x.Weight, x.Chance = l.attack, l.weight, 1
		g.add(hourOf(e), x, true)
		g.close(e.Pseudonym)
		return nil
	}
	switch {
	case e.Features.AfterLogout(): // asked whatever the score is
	case e.Passed:
		g.answer(e, false, adapt.Certain)
	case e.Denial == models.StepUpExhausted:
		g.answer(e, true, adapt.Failed)
	case e.Denial == models.StepUpRequired:
		g.ask(e)
	}
	return nil
}

// ask notes a challenge; the first that is not answered counts.
func (g *gathering) ask(e *models.Event) {
	if _, waiting := g.pending[e.Pseudonym]; waiting || len(g.pending) >= maxPending {
		return
	}
	g.pending[e.Pseudonym] = g.gone + len(g.open)
	g.open = append(g.open, challenge{of: e.Pseudonym, at: e.Time, in: hourOf(e), example: exampleOf(e)})
}

// answer learns from the outcome of a step-up: of the challenge if it was seen,
// else of the request that ended it.
func (g *gathering) answer(e *models.Event, attack bool, weight float64) {
	in, x := hourOf(e), exampleOf(e)
	if i, waiting := g.pending[e.Pseudonym]; waiting {
		in, x = g.open[i-g.gone].in, g.open[i-g.gone].example
	}
	x.Attack, x.Weight = attack, weight
	g.judge(in, x)
	g.close(e.Pseudonym)
}

// judge takes the outcome of a step-up, but for one of a sample that was not passed: it
// stands for many, and who ignores it may be anybody.
func (g *gathering) judge(in callerHour, x adapt.Example) {
	if x.Attack && x.Chance != 1 {
		return
	}
	g.add(in, x, false)
}

func (g *gathering) close(p models.Pseudonym) {
	if i, waiting := g.pending[p]; waiting {
		g.open[i-g.gone].closed = true
		delete(g.pending, p)
	}
}

// expire ends the challenges that were not answered by now.
func (g *gathering) expire(now time.Time) {
	n := 0
	for n < len(g.open) && (g.open[n].closed || now.Sub(g.open[n].at) > patience) {
		if c := &g.open[n]; !c.closed {
			c.example.Attack, c.example.Weight = true, adapt.Abandoned
			g.judge(c.in, c.example)
			delete(g.pending, c.of)
		}
		n++
	}
	g.open, g.gone = g.open[n:], g.gone+n
}

// finish says what was left out, and fails where there is too little.
func (g *gathering) finish(from *source) error {
	if g.unread > 0 {
		g.s.say("%d records are no events and are left out; the first: %s", g.unread, g.firstBad)
	}
	if g.decided == 0 {
		return noDecisions(from)
	}
	attacks, genuine, _ := g.tally()
	if attacks < adapt.AttacksNeeded || genuine < leastGenuine {
		return withHint(fmt.Errorf("%w: %d attacks and %d genuine sessions, want at least %d and %d", errFewLabels,
			attacks, genuine, adapt.AttacksNeeded, leastGenuine), "--labels FILE names what is known of events and callers")
	}
	return nil
}
