package eval

import (
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
)

// tally collects a Report.
type tally struct {
	Report
	sessions map[string]*session
	clients  map[string]*client
	visits   map[string]int // honest sessions by person
}

type session struct {
	day, requests, before int // before: sessions of the person
	challenged, refused   bool
	label                 traffic.Label
}

type client struct{ refused, touched bool }

func newTally(days int) *tally {
	t := &tally{sessions: map[string]*session{}, clients: map[string]*client{}, visits: map[string]int{}}
	t.Days = make([]Day, days)
	t.Scores, t.Honest.Causes = map[string]*[Bins]int{}, map[string]*Cause{}
	return t
}

// kindOf names who really sent a request.
func kindOf(e *traffic.Event) string {
	if e.Label != traffic.Honest {
		return e.Label.String()
	}
	return e.Subject.Kind.String()
}

// take counts one decided request. Again says that it repeats one that was
// challenged.
func (t *tally) take(e *traffic.Event, ev *models.Event, day int, again bool) {
	t.Requests++
	bins := t.Scores[kindOf(e)]
	if bins == nil {
		bins = &[Bins]int{}
		t.Scores[kindOf(e)] = bins
	}
	bins[min(Bins-1, int(ev.Assessment.Score*Bins/100))]++
	switch {
	case e.Subject.Kind == models.Client:
		t.client(e, ev)
	case e.Subject.Kind == models.User:
		t.visit(e, ev, day, again)
	case e.Label == traffic.Honest && ev.Denial != "":
		t.Honest.LoginsRefused++
	}
}

func (t *tally) client(e *traffic.Event, ev *models.Event) {
	c := t.clients[e.Person]
	if c == nil {
		c = &client{}
		t.clients[e.Person] = c
	}
	n := &t.Clients
	n.Requests++
	switch {
	case ev.Denial == models.SubjectRate:
		n.Throttled++
	case ev.Denial != "":
		n.Denied++
	case ev.Action == models.Monitor:
		n.Monitored++
	}
	if ev.Finding != "" {
		n.Findings++
	}
	if ev.Assessment.Refill <= 1.0/16 || ev.Finding != "" {
		n.Slowed++
		c.touched = true
	}
	c.refused = c.refused || ev.Denial != ""
}

func (t *tally) visit(e *traffic.Event, ev *models.Event, day int, again bool) {
	s := t.sessions[e.CredentialID]
	if s == nil {
		s = &session{day: day, label: e.Label, before: t.visits[e.Person]}
		t.sessions[e.CredentialID] = s
		if e.Label == traffic.Honest {
			t.visits[e.Person]++
		}
	}
	s.requests++
	if e.Label != traffic.Honest {
		t.takeover(s, ev)
		return
	}
	if ev.Denial != "" && (ev.Denial != models.StepUpRequired || again) {
		t.Honest.Refused++
		s.refused = true
	}
	if ev.Denial == models.StepUpRequired && !s.challenged {
		s.challenged = true
		t.blame(ev)
	}
}

// takeover counts the first requests of an attack: who is caught stays caught.
func (t *tally) takeover(s *session, ev *models.Event) {
	n := &t.Naive.None
	switch {
	case s.before >= 5:
		n = &t.Naive.Much
	case s.before > 0:
		n = &t.Naive.Little
	}
	if s.requests == 1 {
		n.Attacks++
	}
	switch {
	case s.challenged:
	case ev.Denial == "":
		n.Through++
	default:
		s.challenged = true
		n.Caught++
		if s.requests == 1 {
			n.AtOnce++
		}
	}
}

func (t *tally) blame(ev *models.Event) {
	a := &ev.Assessment
	for g := range models.NumGroups {
		c := t.Honest.Causes[g.String()]
		if c == nil {
			c = &Cause{}
			t.Honest.Causes[g.String()] = c
		}
		c.Nats += a.Contributions[g].Nats
	}
	for i, g := range a.Top() {
		c := t.Honest.Causes[g.String()]
		c.Reason++
		if i == 0 {
			c.First++
		}
	}
}

// report sums up.
func (t *tally) report() *Report {
	for _, s := range t.sessions {
		if s.label != traffic.Honest {
			continue
		}
		d := &t.Days[s.day]
		t.Honest.Sessions++
		d.Sessions++
		if s.challenged {
			t.Honest.SteppedUp++
			d.SteppedUp++
		}
		if s.refused {
			t.Honest.LockedOut++
		}
	}
	for i := range t.Days {
		t.Days[i].Share = share(t.Days[i].SteppedUp, t.Days[i].Sessions)
	}
	t.Honest.Share = share(t.Honest.SteppedUp, t.Honest.Sessions)
	for _, c := range t.Honest.Causes {
		c.Nats /= float64(max(1, t.Honest.SteppedUp))
	}
	t.Clients.Clients = len(t.clients)
	for _, c := range t.clients {
		if c.refused {
			t.Clients.Refused++
		}
		if c.touched {
			t.Clients.Touched++
		}
	}
	return &t.Report
}

func share(n, of int) float64 { return float64(n) / float64(max(1, of)) }
