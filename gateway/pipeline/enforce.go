package pipeline

import (
	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/models"
)

// enforce applies the stricter of policy, route and risk, and spends the
// subject's bucket at the rate that the score allows.
func (p *Pipeline) enforce(d *decision) models.Denial {
	e := &d.event
	r := d.snapshot.Risk.Resolve(&e.Assessment, &e.Features, e.Class, e.CanStepUp)
	e.ByRisk, e.Finding = r.Action, string(r.Finding)
	action, refill := models.Allow, 1.0
	if e.Mode == models.Enforce {
		action, refill = r.Action, r.Refill
	}
	byPolicy := max(d.policy.Action, d.demanded())
	if max(e.ByRisk, e.ByPolicy) > max(action, byPolicy) {
		p.Metrics.shadowed.Inc()
	}
	if d.route.Limited {
		d.bucket = p.Limiter.Spend(e.Pseudonym, refill, d.view.Time)
	} else {
		d.bucket.Allowed = true
	}
	return p.conclude(d, action, byPolicy)
}

// demanded returns StepUp when the route asks for an authentication that the
// credential does not show.
func (d *decision) demanded() models.Action {
	d.want = stepup.Want(d.policy.Want)
	if d.route.Want == (stepup.Want{}) {
		return models.Allow
	}
	if d.event.CanStepUp && d.snapshot.StepUp.Meets(d.identity, d.route.Want, d.view.Time) {
		return models.Allow
	}
	d.want = d.route.Want
	return models.StepUp
}

// conclude turns the two actions into one action and its denial.
func (p *Pipeline) conclude(d *decision, byRisk, byPolicy models.Action) models.Denial {
	e := &d.event
	e.Action = max(byRisk, byPolicy)
	switch {
	case byPolicy == models.Deny:
		return models.PolicyDenied
	case byRisk == models.Deny:
		return models.RiskDenied
	case byPolicy == models.StepUp && !e.CanStepUp:
		e.Action = models.Deny
		return models.StepUpImpossible
	case e.Action == models.StepUp:
		return p.challenge(d)
	case !d.bucket.Allowed:
		e.Action = models.Throttle
		return models.SubjectRate
	}
	if e.Action == models.Throttle && d.bucket.Delay == 0 { // asked for by policy, and the bucket had room
		e.Action = models.Monitor
	} else if d.bucket.Delay > 0 {
		e.Action = models.Throttle
	}
	return ""
}

// challenge asks for a step-up, or gives up when too many went unanswered.
func (p *Pipeline) challenge(d *decision) models.Denial {
	e := &d.event
	ask, exhausted := d.snapshot.StepUp.Ask(d.identity, d.key, d.want, d.view.Time)
	if exhausted {
		e.Action = models.Deny
		return models.StepUpExhausted
	}
	d.ask = ask
	e.Challenge, e.MaxAge = append(e.Challenge[:0], ask.ACR...), ask.MaxAge
	return models.StepUpRequired
}
