package pipeline

import (
	"time"

	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// record publishes the decision before it takes effect, where the route requires
// that no request passes unrecorded.
func (x *exchange) record() models.Denial {
	if !x.route.Audit {
		return ""
	}
	if !x.pipeline.Stream.Publish(&x.event) {
		return models.AuditFailed
	}
	x.recorded = true
	return ""
}

// refuse writes the answer to a denial and finishes the exchange.
func (x *exchange) refuse(denial models.Denial) {
	x.event.Denial = denial
	if x.event.Action < models.Throttle { // refused before anything was enforced
		x.event.Action = models.Deny
		if denial.Status() == fasthttp.StatusTooManyRequests {
			x.event.Action = models.Throttle
		}
	}
	x.endAnyway(denial)
	resp := &x.ctx.Response
	x.requestID()
	a := answers[denial]
	a.write(resp, x.event.RequestID)
	x.decorate(resp)
	x.advise(resp, denial)
	if x.view.Front != models.Direct {
		x.refuseAsked(resp, a.status)
	}
	if x.ctx.IsHead() {
		resp.SkipBody = true
	}
	x.event.Status = a.status
	x.finish()
}

// advise tells the caller how to get in: which credential, which authentication,
// when.
func (x *exchange) advise(resp *fasthttp.Response, denial models.Denial) {
	switch status := denial.Status(); {
	case denial == models.StepUpRequired:
		resp.Header.Set("WWW-Authenticate", x.ask.Field)
	case status == fasthttp.StatusUnauthorized && x.route != nil:
		resp.Header.Set("WWW-Authenticate", authn.Challenge(denial, x.route.Accept))
	case status == fasthttp.StatusTooManyRequests:
		from := len(x.text)
		x.text = x.bucket.AppendRetryAfter(x.text)
		resp.Header.SetBytesV("Retry-After", x.text[from:])
	}
}

// finish is stage 11: learn, publish, count. It ends the exchange.
func (x *exchange) finish() {
	p, e := x.pipeline, &x.event
	if e.Duration == 0 {
		e.Duration = time.Since(x.started)
	}
	if e.Denial != "" {
		p.Metrics.denials[e.Denial].Inc()
	}
	if x.assessed() {
		p.Metrics.scores[e.Class].Observe(e.Assessment.Score)
		p.Collector.Observe(e)
		if p.Ruled != nil && e.Rulings != (models.Rulings{}) {
			p.Ruled(e)
		}
		if p.Looked != nil && !e.Features.AfterLogout() && e.CanStepUp && e.Features.Has(models.IsLook|models.IsEstablished) {
			p.Looked(e)
		}
		if p.Stepped != nil && stepped(e) {
			p.Stepped(e)
		}
		x.publish()
	} else {
		p.Stream.Refuse(e.Time, e.Client, e.Denial)
	}
	if x.route != nil {
		x.route.metrics.actions[e.Action].Inc()
	}
	x.watch.lap(stageFinish)
	p.end(x)
}

// stepped reports whether the score asked for a step-up, or one came to its end. What
// an ended session is asked for is no matter of the score.
func stepped(e *models.Event) bool {
	return !e.Features.AfterLogout() && (e.Passed || e.Denial == models.StepUpExhausted ||
		e.Denial == models.StepUpRequired && e.ByRisk == models.StepUp && e.Mode == models.Enforce)
}

// assessed reports whether the request got as far as a score.
func (x *exchange) assessed() bool { return x.event.Assessment.Base > 0 }

// publish sends what is to be said about one request: the decision, the outcome
// of a step-up, and a finding when the actor crossed a threshold or a machine client
// shows something new, or that one is closed because an analyst knows better.
func (x *exchange) publish() {
	p, e := x.pipeline, &x.event
	if !x.recorded {
		p.Stream.Publish(e)
	}
	if e.Passed || e.Denial == models.StepUpExhausted {
		x.also(models.AuthenticationEvent)
	}
	if e.Machine && e.Rulings.Has(models.Confirm) {
		x.close(risk.NewToMachine)
		x.close(risk.NoStepUp)
	}
	if e.Finding == "" {
		e.Finding = string(x.snapshot.Risk.Crossed(&e.Features, &e.Assessment, e.Class))
	}
	if e.Finding == "" && x.assessed() {
		e.Finding = string(risk.News(&e.Features))
	}
	if e.Finding != "" && p.findings.news(e.Pseudonym, e.Finding, e.Time) {
		x.also(models.FindingEvent)
	}
}

// close sends that a finding about the caller is an open one no longer, unless this
// request gives rise to it again.
func (x *exchange) close(f risk.Finding) {
	e := &x.event
	was := e.Finding
	if was == string(f) {
		return
	}
	e.Finding, e.Closed = string(f), true
	x.also(models.FindingEvent)
	e.Finding, e.Closed = was, false
}

func (x *exchange) also(kind models.EventKind) {
	e := &x.event
	decided := e.ID
	e.Kind, e.ID = kind, x.pipeline.Stream.NewID(e.Time)
	x.pipeline.Stream.Publish(e)
	e.Kind, e.ID = models.DecisionEvent, decided
}
