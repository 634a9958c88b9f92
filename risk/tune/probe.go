package tune

import (
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/risk/replay"
)

// Probe tells which thresholds a recorded request would reach. It is for one
// goroutine.
type Probe struct {
	engine *risk.Engine
	judge  *replay.Judge
}

// NewProbe returns the Probe of a risk section. The thresholds of step_up and deny
// in it do not matter.
func NewProbe(c risk.Config, evaluate replay.Evaluate) *Probe {
	for _, t := range []*risk.Thresholds{&c.Classes.Normal, &c.Classes.Sensitive, &c.Classes.Admin, &c.Classes.Login} {
		t.StepUp, t.Deny = t.Throttle, t.Throttle
	}
	return &Probe{risk.New(c), replay.NewJudge(evaluate)}
}

// Reach returns the scores up to which a threshold of step_up, and one of deny,
// would have caught the request: 0 where none above the throttle threshold would.
// Credit is taken away, because it was earned under the thresholds of the
// recording. Nobody is asked for an attack elsewhere alone, or while enrolling;
// deny needs more than novelty. An ended session is asked whatever they are.
func (p *Probe) Reach(d *replay.Decision) (stepUp, deny float64) {
	d.Features.Set(models.CreditNats, 0)
	p.judge.Decide(p.engine, d)
	if d.Features.Has(models.IsMachine|models.IsEnrolling) || d.Features.AfterLogout() {
		return 0, 0
	}
	switch a := p.judge.Assessment(); a.Wanted {
	case models.StepUp:
		return a.Score, 0
	case models.Deny:
		return a.Score, a.Score
	}
	return 0, 0
}
