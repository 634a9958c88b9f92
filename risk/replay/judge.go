// Package replay makes recorded decisions again by another risk section, and
// counts what would be different.
package replay

import (
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// Evaluate computes the evidence of every group from the features and from
// nothing else; signals.Evaluate is one.
type Evaluate func(*models.Features, *models.EvidenceSet)

// Decision is what a recorded decision was made of.
type Decision struct {
	Features  *models.Features
	Class     models.Class
	CanStepUp bool
}

// Outcome is what the score comes to for a request.
type Outcome struct {
	Action models.Action // never Throttle
	Slowed bool          // the caller's bucket fills more slowly than at its base rate
	Score  float64       // 0..100
}

// Refuses reports whether the request would not have been forwarded.
func (o Outcome) Refuses() bool { return refuses(o.Action) }

func refuses(a models.Action) bool { return a >= models.StepUp }

// Judge makes decisions again. It is for one goroutine.
type Judge struct {
	evaluate   Evaluate
	evidence   models.EvidenceSet
	assessment models.Assessment
}

// NewJudge returns a Judge that computes evidence by evaluate.
func NewJudge(evaluate Evaluate) *Judge { return &Judge{evaluate: evaluate} }

// Decide returns what the engine makes of d: exact, because the features hold
// every number that the score is computed from. What the other decisions would
// have left behind is not learned again: behavior, credit and baselines are those
// of the recording.
func (j *Judge) Decide(e *risk.Engine, d *Decision) Outcome {
	j.evaluate(d.Features, &j.evidence)
	e.Assess(d.Features, &j.evidence, d.Class, &j.assessment)
	r := e.Ask(&j.assessment, d.Features, d.Class, d.CanStepUp)
	return Outcome{Action: r.Action, Slowed: r.Refill < 1, Score: j.assessment.Score}
}

// Assessment returns what Decide made last. It is valid until the next call.
func (j *Judge) Assessment() *models.Assessment { return &j.assessment }

// Evidence returns what Decide evaluated last. It is valid until the next call.
func (j *Judge) Evidence() *models.EvidenceSet { return &j.evidence }
