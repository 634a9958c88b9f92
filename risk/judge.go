package risk

import "github.com/riskgate/riskgate/models"

// minRefill is the slowest a bucket may fill, so that nobody is locked out by
// rate alone.
const minRefill = 1.0 / 64

// judge sets the level, the action asked for and the refill from the score.
func (c *class) judge(out *models.Assessment, mode float64, mayDeny bool) {
	s := out.Score
	out.Level = c.level(s)
	out.Refill = c.refill(s)
	switch {
	case s < c.Monitor:
		out.Wanted = models.Allow
	case s < c.StepUp || mode > 0 && out.Nats <= 0:
		out.Wanted = models.Monitor // an attack elsewhere is no evidence against this request
	case s < c.Deny || !mayDeny:
		out.Wanted = models.StepUp
	default:
		out.Wanted = models.Deny
	}
}

func (c *class) level(score float64) models.Level {
	switch {
	case score < c.Monitor:
		return models.Low
	case score < c.StepUp:
		return models.Medium
	case score < c.Deny:
		return models.High
	}
	return models.Critical
}

func (c *class) refill(score float64) float64 {
	if score < c.Throttle {
		return 1
	}
	return max(minRefill, models.Exp2(-(score-c.Throttle)/10))
}

// Finding names what an analyst should look at although the request went on.
// The zero value is none.
type Finding string

// NoStepUp: the score asked for a step-up and the caller cannot perform one.
const NoStepUp Finding = "no_step_up"

// Resolution is what the score's wish comes to for one caller. Action is never
// Throttle: whether a request is throttled is up to the subject's bucket, which
// fills at Refill.
type Resolution struct {
	Action  models.Action
	Refill  float64
	Finding Finding
}

// noStepUpRefill is the most that a caller gets who was asked to step up and
// cannot.
const noStepUpRefill = 1.0 / 16

// Resolve returns what is done about a request: what the score asks for, or, where
// the section explores, a step-up of a session that is explored, whatever its score.
func (e *Engine) Resolve(a *models.Assessment, f *models.Features, c models.Class, canStepUp bool) Resolution {
	r := e.Ask(a, f, c, canStepUp)
	if e.config.Learning.Explore > 0 && f.Has(models.Explored) && canStepUp && !f.Has(models.IsMachine) {
		r.Action = max(r.Action, models.StepUp)
	}
	return r
}

// Ask returns what the score asks for: it replaces a step-up where the caller cannot
// perform one; machine clients never can. A machine client in its first days is at
// most throttled. Neither spares a caller against whom a verdict speaks: where a
// step-up is asked for because of one, who cannot is refused. Step-ups asked for by
// policy or route are not its business.
func (e *Engine) Ask(a *models.Assessment, f *models.Features, c models.Class, canStepUp bool) Resolution {
	r := Resolution{Action: a.Wanted, Refill: a.Refill}
	machine, ruled := f.Has(models.IsMachine), Quarantined(a)
	switch {
	case machine && f.Has(models.IsEnrolling) && !ruled:
		r.Action = min(r.Action, models.Monitor)
	case r.Action != models.StepUp || canStepUp && !machine:
	case ruled || e.classes[c].NoStepUp == FallbackDeny:
		r.Action = models.Deny
	default:
		r = Resolution{Action: models.Monitor, Refill: min(r.Refill, noStepUpRefill), Finding: NoStepUp}
	}
	return r
}

// Quarantined reports whether an analyst's verdict is a reason against the caller.
func Quarantined(a *models.Assessment) bool {
	return a.Contributions[models.Verdict].Nats >= reasonNats
}

// CreditFor returns the credit, in nats and never positive, that a step-up
// passed at this assessment earns: enough to come down to where monitoring
// begins. Credit already in force does not count against it. It decays.
func (e *Engine) CreditFor(a *models.Assessment, c models.Class) float64 {
	evidence := a.Nats - a.Contributions[models.Credit].Nats
	return max(-maxLambda, min(0, e.classes[c].monitorNats-evidence))
}
