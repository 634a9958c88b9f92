package pipeline

import (
	"encoding/hex"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/risk/replay"
)

// Candidate is a risk section that is tried on every scored request, on the same
// evidence as the one in force, without effect.
type Candidate struct {
	Name   string
	Engine *risk.Engine
	Since  time.Time // when counting began; an unchanged candidate goes on from before

	counts *disagreement
}

// disagreement counts what one candidate says beside one section in force.
type disagreement struct {
	enforced, candidate [8]byte // hashes
	since               time.Time
	matrix              [models.NumActions][models.NumActions]atomic.Int64
	metrics             [models.NumActions][models.NumActions]prometheus.Counter
}

// try counts what the score of every candidate asks for, beside that of the section
// in force: whether a session is explored is no difference between them.
func (d *decision) try() {
	e := &d.event
	for i := range d.snapshot.Candidates {
		c := &d.snapshot.Candidates[i]
		enforced := d.snapshot.Risk.Ask(&e.Assessment, &e.Features, e.Class, e.CanStepUp).Action
		c.Engine.Assess(&e.Features, &e.Evidence, e.Class, &d.other)
		to := c.Engine.Ask(&d.other, &e.Features, e.Class, e.CanStepUp).Action
		c.counts.matrix[enforced][to].Add(1)
		c.counts.metrics[enforced][to].Inc()
	}
}

// scored are the actions that a score asks for; it never throttles.
var scored = [...]models.Action{models.Allow, models.Monitor, models.StepUp, models.Deny}

// candidates gives every candidate of a snapshot its counts: those from before
// where neither it nor the section in force has changed. Series of candidates that
// are gone go with them.
func (m *Metrics) candidates(all []Candidate, enforced *risk.Engine) {
	m.trying.Lock()
	defer m.trying.Unlock()
	next := map[string]*disagreement{}
	for i := range all {
		c := &all[i]
		was := m.tried[c.Name]
		if was == nil || was.enforced != enforced.Hash() || was.candidate != c.Engine.Hash() {
			was = &disagreement{enforced: enforced.Hash(), candidate: c.Engine.Hash(), since: c.Since}
			for _, from := range scored {
				for _, to := range scored {
					was.metrics[from][to] = m.disagreements.WithLabelValues(c.Name, from.String(), to.String())
				}
			}
		}
		c.counts, c.Since, next[c.Name] = was, was.since, was
	}
	for name := range m.tried {
		if next[name] == nil {
			m.disagreements.DeletePartialMatch(prometheus.Labels{"candidate": name})
		}
	}
	m.tried = next
}

// Comparison is what a candidate has said so far beside the section in force.
type Comparison struct {
	Name         string        `json:"name"`
	Hash         string        `json:"config_hash"` // of the section it stands for
	Since        time.Time     `json:"since"`
	Decisions    int64         `json:"decisions"`
	Changed      int64         `json:"changed"`
	NewlyRefused int64         `json:"newly_refused"` // forwarded, and would be asked to step up or denied
	NewlyAllowed int64         `json:"newly_allowed"` // the reverse
	Matrix       replay.Matrix `json:"matrix"`        // in force, then candidate
}

// Comparisons returns what the candidates of the current configuration have said,
// in their order.
func (p *Pipeline) Comparisons() []Comparison {
	s := p.acquire()
	defer s.release()
	all := []Comparison{}
	for i := range s.Candidates {
		c := &s.Candidates[i]
		x := Comparison{Name: c.Name, Hash: hex.EncodeToString(c.counts.candidate[:]), Since: c.Since.UTC()}
		for from := range c.counts.matrix {
			for to := range c.counts.matrix[from] {
				x.Matrix[from][to] = c.counts.matrix[from][to].Load()
			}
		}
		x.Decisions, x.Changed = x.Matrix.Total(), x.Matrix.Changed()
		x.NewlyRefused, x.NewlyAllowed = x.Matrix.NewlyRefused(), x.Matrix.NewlyAllowed()
		all = append(all, x)
	}
	return all
}
