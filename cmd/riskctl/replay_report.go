package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
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

// render writes the report for a human reader.
func (r *replayReport) render(name string, top int) []byte {
	const stamp = "2006-01-02 15:04:05"
	b := fmt.Appendf(nil, "%s: %d requests of %d clients, %s to %s, scored from nothing\n", clean(name), r.requests,
		len(r.clients), r.first.UTC().Format(stamp), r.last.UTC().Format(stamp+" MST"))
	b = r.appendLimits(b)
	b = append(b, "what the score asks for\n"...)
	for _, a := range scoreActions {
		b = fmt.Appendf(b, "  %-22s %10d  %s\n", actionWords[a], r.actions[a], percent(r.actions[a], r.requests))
	}
	b = fmt.Appendf(b, "  %-22s %10d  %s\n", "slower, any of these", r.slowed, percent(r.slowed, r.requests))
	b = fmt.Appendf(b, "  %-22s %10d  %s\n", "held to 1/16 or less", r.held, percent(r.held, r.requests))
	b = r.appendScores(b)
	b = r.appendReasons(b)
	return r.appendClients(b, top)
}

// appendLimits says what could not be judged.
func (r *replayReport) appendLimits(b []byte) []byte {
	if r.anonymous > 0 {
		b = fmt.Appendf(b, "%s of anonymous callers: only source, client, rate and enumeration speak of them\n", share(r.anonymous, r.requests))
	}
	if r.placed == 0 {
		b = append(b, "no country of any request is known: --geo-city and --geo-asn name databases\n"...)
	}
	return append(b, '\n')
}

var actionWords = [models.NumActions]string{
	models.Allow: "allow", models.Monitor: "allow and mark", models.StepUp: "ask to step up", models.Deny: "deny",
}

const barWidth = 40

func (r *replayReport) appendScores(b []byte) []byte {
	b = append(b, "\nscores\n"...)
	most := slices.Max(r.scores[:])
	for i, n := range r.scores {
		end := 100.0
		if i+1 < len(scoreEdges) {
			end = scoreEdges[i+1]
		}
		line := fmt.Sprintf("  %3g to %-3g %10d  %s", scoreEdges[i], end, n, strings.Repeat("#", int((n*barWidth+most-1)/most)))
		b = append(append(b, strings.TrimRight(line, " ")...), '\n')
	}
	return b
}

func (r *replayReport) appendReasons(b []byte) []byte {
	all := slices.DeleteFunc(slices.Clone(r.reasons[:]), func(x reason) bool { return x.requests == 0 })
	if len(all) == 0 {
		return append(b, "\nnothing raised a score by 0.5 nats or more\n"...)
	}
	slices.SortStableFunc(all, func(x, y reason) int { return cmp.Compare(y.requests, x.requests) })
	b = append(b, "\nreasons             requests  as largest  most points\n"...)
	for _, x := range all {
		b = fmt.Appendf(b, "  %-15s %10d %11d %+12.1f  %s\n", x.group, x.requests, x.first, x.points, x.words)
	}
	return b
}

func (r *replayReport) appendClients(b []byte, top int) []byte {
	all := r.remarkable()
	b = fmt.Appendf(b, "\nclients of whom the score asked something: %d\n", len(all))
	for _, c := range all[:min(top, len(all))] {
		b = fmt.Appendf(b, "\n  %s, %d requests: %s\n", clean(c.name), c.requests, c.summary())
		b = fmt.Appendf(b, "    %s  %s\n", c.at.UTC().Format("2006-01-02 15:04:05 MST"), c.sentence)
	}
	if r.uncounted > 0 {
		b = fmt.Appendf(b, "\n%d requests of clients beyond the first %d are not counted by client\n", r.uncounted, maxClients)
	}
	return b
}

func (c *client) summary() string {
	var parts []string
	for _, a := range scoreActions {
		if n := c.actions[a]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, actionWords[a]))
		}
	}
	if c.held > 0 {
		parts = append(parts, fmt.Sprintf("%d held to 1/16 or less", c.held))
	}
	return strings.Join(parts, ", ")
}
