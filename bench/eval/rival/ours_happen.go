package rival

import (
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/device"
)

// Learn lets the event happen: who is asked to step up is honest and does, who is
// denied is turned away; then the browser may be given a token, and the event is
// learned.
func (o *Ours) Learn(e *traffic.Event) { o.happen(e, true) }

// LearnAttack lets an attack happen, scored just before: the attacker cannot step
// up. It reports whether he got through.
func (o *Ours) LearnAttack(e *traffic.Event) bool {
	o.happen(e, false)
	return o.event.Denial == ""
}

func (o *Ours) happen(e *traffic.Event, honest bool) {
	ev := &o.event
	ev.Status, ev.Login = e.Status, e.Login
	switch action := o.engine.Resolve(&ev.Assessment, &ev.Features, ev.Class, ev.CanStepUp).Action; {
	case action == models.StepUp && honest:
		o.pass()
	case action == models.StepUp:
		o.refuse(models.StepUpRequired)
	case action == models.Deny:
		o.refuse(models.RiskDenied)
	}
	if o.config.Tokens {
		if token, issued := o.collector.IssueToken(nil, ev); issued {
			o.jars.Keep(e, device.CookieName+"="+string(token))
		}
	}
	o.collector.Observe(ev)
}

func (o *Ours) refuse(d models.Denial) {
	o.event.Denial, o.event.Login, o.event.Status = d, models.NoLogin, d.Status()
}

// pass answers the challenge: the credit for it lowers the score of the repeated
// request.
func (o *Ours) pass() {
	ev := &o.event
	ev.Passed = true
	if earned := o.engine.CreditFor(&ev.Assessment, ev.Class); earned < 0 {
		ev.Features.Set(models.CreditNats, earned)
		ev.Features.Flags |= models.HoldsCredit
		o.engine.Assess(&ev.Features, &ev.Evidence, ev.Class, &ev.Assessment)
	}
}
