package pipeline

import (
	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// policyRefill is the share of its rate at which a caller's bucket fills when a
// policy asks to throttle it.
const policyRefill = 1.0 / 16

// enforce applies the stricter of policy, route and risk.
func (p *Pipeline) enforce(d *decision) models.Denial {
	e := &d.event
	r := d.snapshot.Risk.Resolve(&e.Assessment, &e.Features, e.Class, e.CanStepUp)
	e.ByRisk, e.Finding = r.Action, string(r.Finding)
	d.try()
	byRisk, refill := models.Allow, 1.0
	if e.Mode == models.Enforce {
		byRisk, refill = r.Action, r.Refill
	}
	byPolicy := d.demanded()
	if e.PolicyMode == models.Enforce {
		e.ByPolicy = byPolicy
	}
	if byPolicy == models.Throttle {
		refill = min(refill, policyRefill)
	}
	e.Action = max(byRisk, byPolicy)
	if max(e.ByRisk, e.ByPolicy) > e.Action {
		p.Metrics.shadowed.Inc()
	}
	if denial := p.refuse(d, byRisk, byPolicy); denial != "" {
		return denial
	}
	return p.spend(d, refill)
}

// demanded returns what policy and route ask for together. A step-up is no longer
// asked for where the credential already shows that authentication: else a policy
// that wants a recent one would want another with every request.
func (d *decision) demanded() models.Action {
	action := d.policy.Action
	if action == models.StepUp {
		d.want = stepup.Want(d.policy.Want)
		if d.shows(d.want) {
			action = models.Allow
		}
	}
	if d.route.Want != (stepup.Want{}) && !d.shows(d.route.Want) {
		d.want = d.route.Want
		action = max(action, models.StepUp)
	}
	return action
}

func (d *decision) shows(w stepup.Want) bool {
	return d.event.CanStepUp && d.snapshot.StepUp.Meets(d.identity, w, d.view.Time)
}

// refuse returns why the request is refused by what it is, if it is.
func (p *Pipeline) refuse(d *decision, byRisk, byPolicy models.Action) models.Denial {
	e := &d.event
	switch {
	case byPolicy == models.Deny:
		return models.PolicyDenied
	case byRisk == models.Deny && e.Assessment.Wanted == models.StepUp && risk.Quarantined(&e.Assessment):
		return models.StepUpImpossible // asked for by a verdict
	case byRisk == models.Deny:
		return models.RiskDenied
	case byPolicy == models.StepUp && !e.CanStepUp:
		e.Action = models.Deny
		return models.StepUpImpossible
	case e.Action == models.StepUp:
		return p.challenge(d)
	}
	return ""
}

// spend takes the request from the subject's bucket, at the rate that the score
// allows. The action is a throttle only when the bucket refused or delayed.
func (p *Pipeline) spend(d *decision, refill float64) models.Denial {
	e := &d.event
	e.Action = min(e.Action, models.Monitor)
	if !d.route.Limited {
		return ""
	}
	d.bucket = p.Limiter.Spend(e.Pseudonym, refill, d.view.Time)
	if !d.bucket.Allowed {
		e.Action = models.Throttle
		return models.SubjectRate
	}
	if d.bucket.Delay > 0 {
		e.Action = models.Throttle
	}
	return ""
}

// challenge asks for a step-up, or gives up when too many went unanswered.
func (p *Pipeline) challenge(d *decision) models.Denial {
	e := &d.event
	ask, exhausted := d.question()
	switch {
	case exhausted && d.sampled():
		d.spare()
		return ""
	case exhausted:
		e.Action = models.Deny
		return models.StepUpExhausted
	}
	d.ask = ask
	e.Challenge, e.MaxAge = append(e.Challenge[:0], ask.ACR...), ask.MaxAge
	return models.StepUpRequired
}

// question returns what to ask for. Of an ended session it is not counted: a page that
// was left open goes on asking, and so may a thief, and nobody is refused, or suspected,
// for that.
func (d *decision) question() (ask stepup.Challenge, exhausted bool) {
	if d.event.Features.AfterLogout() {
		return d.snapshot.StepUp.Challenge(d.identity, d.want, d.view.Time), false
	}
	return d.snapshot.StepUp.Ask(d.identity, d.key, d.want, d.view.Time)
}

// sampled reports whether a step-up is asked for only because the session is
// explored.
func (d *decision) sampled() bool {
	e := &d.event
	return e.Features.Has(models.Explored) && e.Assessment.Wanted < models.StepUp && e.ByPolicy < models.StepUp
}

// spare asks a session no longer for what nothing but the sample wants: whoever does
// not answer has done nothing wrong.
func (d *decision) spare() {
	e := &d.event
	e.Features.Flags &^= models.Explored
	e.ByRisk = e.Assessment.Wanted
	e.Action = max(e.ByRisk, e.ByPolicy)
}
