package eval

import (
	"errors"
	"fmt"
	"math"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/signals"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// ErrDifferent says that a decision, computed again from its published event,
// came out differently.
var ErrDifferent = errors.New("eval: recomputed differently")

// Recomputer computes decisions again as somebody does who has nothing but the
// stream: the event as it was encoded, and the risk section as it was recorded.
type Recomputer struct {
	engine *risk.Engine
	text   []byte
	event  models.Event
}

// NewRecomputer returns a Recomputer for decisions made by a recorded section.
func NewRecomputer(record []byte) (*Recomputer, error) {
	e, err := risk.Restore(record)
	if err != nil {
		return nil, fmt.Errorf("restore the risk section: %w", err)
	}
	return &Recomputer{engine: e}, nil
}

// Section returns the record of the risk section that the gate decides by.
func (g *Gate) Section() []byte { return g.engine.JSON() }

// Check encodes a decision, decodes it, computes it again, and compares every
// figure with the decision, bit for bit.
func (r *Recomputer) Check(was *models.Event) error {
	r.text = ocsf.AppendEvent(r.text[:0], was, ocsf.Options{Privacy: ocsf.Truncate, Version: "eval"})
	e := &r.event
	if err := ocsf.Decode(r.text, e); err != nil {
		return fmt.Errorf("decode the event: %w", err)
	}
	if e.ConfigHash != r.engine.Hash() {
		return fmt.Errorf("%w: section %x, want %x", ErrDifferent, e.ConfigHash, r.engine.Hash())
	}
	var evidence models.EvidenceSet
	var again models.Assessment
	signals.Evaluate(&e.Features, &evidence)
	r.engine.Assess(&e.Features, &evidence, e.Class, &again)
	action := r.engine.Resolve(&again, &e.Features, e.Class, e.CanStepUp).Action
	switch {
	case e.Features != was.Features:
		return fmt.Errorf("%w: features", ErrDifferent)
	case action != was.ByRisk:
		return fmt.Errorf("%w: action %s, was %s", ErrDifferent, action, was.ByRisk)
	case !sameEvidence(&evidence, &was.Evidence):
		return fmt.Errorf("%w: evidence %v, was %v", ErrDifferent, evidence, was.Evidence)
	case !sameAssessment(&again, &was.Assessment):
		return fmt.Errorf("%w: assessment %+v, was %+v", ErrDifferent, again, was.Assessment)
	case !sameAssessment(&e.Assessment, &was.Assessment):
		return fmt.Errorf("%w: published %+v, was %+v", ErrDifferent, e.Assessment, was.Assessment)
	}
	return nil
}

func sameEvidence(a, b *models.EvidenceSet) bool {
	for g := range a {
		if !same(a[g].Lambda, b[g].Lambda) || !same(a[g].Confidence, b[g].Confidence) {
			return false
		}
	}
	return *a == *b
}

func sameAssessment(a, b *models.Assessment) bool {
	for g := range a.Contributions {
		x, y := &a.Contributions[g], &b.Contributions[g]
		if !same(x.Nats, y.Nats) || !same(x.Points, y.Points) {
			return false
		}
	}
	return *a == *b && same(a.Nats, b.Nats) && same(a.ActorNats, b.ActorNats)
}

// same also tells the two zeros apart.
func same(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) }
