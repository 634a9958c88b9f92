package pipeline

import (
	"github.com/riskgate/riskgate/gateway/authz"
	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/models"
)

// Decide runs stages 1 to 9 over view and fills event. It returns why the
// request must be refused, or nothing. The event is the caller's: it is neither
// learned from nor published.
func (p *Pipeline) Decide(view *models.Request, event *models.Event) models.Denial {
	x := p.begin(nil, view)
	defer p.end(x)
	p.describe(&x.decision)
	denial := p.admit(&x.decision)
	if denial == "" {
		denial = p.decide(&x.decision)
	}
	x.event.Denial = denial
	*event, x.event = x.event, *event
	return denial
}

// describe copies what the event needs of the request before the connection's
// buffer is reused, and finds the route.
func (p *Pipeline) describe(d *decision) {
	v, e := d.view, &d.event
	e.Time, e.Node, e.Boot = v.Time, p.Node, p.Boot
	e.ID = p.Stream.NewID(v.Time)
	e.Client, e.Peer, e.TLS = v.Client, v.Peer, v.TLS
	e.Method = append(e.Method[:0], v.Method...)
	e.Host = append(e.Host[:0], v.Host...)
	e.Path = append(e.Path[:0], v.Path...)
	e.Agent = append(e.Agent[:0], v.Agent...)
	e.BytesIn = max(v.BodyLength, 0) // a chunked body is counted once it was read
	e.Mode = d.snapshot.Risk.Mode()
	e.ConfigHash = d.snapshot.Risk.Hash()
}

// admit finds the route and counts the request of its address: what is known
// before the body.
func (p *Pipeline) admit(d *decision) models.Denial {
	if denial := p.match(d); denial != "" {
		return denial
	}
	d.watch.lap(stageDescribe)
	if d.bucket = p.Limiter.Admit(d.view.Client, d.view.Time); !d.bucket.Allowed {
		return models.AddressRate
	}
	d.watch.lap(stageAdmit)
	return ""
}

// decide runs the stages that follow in order and returns at the first refusal.
func (p *Pipeline) decide(d *decision) models.Denial {
	if denial := p.authenticate(d); denial != "" {
		return denial
	}
	d.watch.lap(stageAuthn)
	if len(d.user) > 0 {
		d.event.Observed.LoginUser = p.Collector.User(d.user)
	}
	p.consult(d)
	p.Collector.Collect(d.view, d.identity, &d.route.Facts, &d.event)
	d.watch.lap(stageCollect)
	p.assess(d)
	p.mark(d)
	d.watch.lap(stageAssess)
	p.authorize(d)
	d.watch.lap(stageAuthz)
	denial := p.enforce(d)
	d.watch.lap(stageEnforce)
	return denial
}

func (p *Pipeline) match(d *decision) models.Denial {
	if len(d.view.Path) == 0 || d.view.Path[0] != '/' {
		return models.NoRoute
	}
	if d.route = d.snapshot.router.find(d.view.Host, d.view.Method, d.view.Path); d.route == nil {
		return models.NoRoute
	}
	d.event.Route, d.event.Class = d.route.ID, d.route.Class
	return ""
}

// authenticate proves who is calling. A refused credential that names a subject
// counts as a failed login of it. A forged signature, which costs much more to
// verify than to send, costs its address more than a request.
func (p *Pipeline) authenticate(d *decision) models.Denial {
	id, denial := d.snapshot.Authn.Authenticate(d.view, d.route.Accept, d.view.Time)
	if denial != "" {
		if id != nil {
			p.Collector.Failed(id, d.view)
		}
		if denial == models.TokenSignature {
			p.Limiter.Penalize(d.view.Client, d.view.Time)
		}
		return denial
	}
	if id == nil {
		return ""
	}
	d.identity = id
	p.Limiter.ExpectSubject(id.Pseudonym)
	p.Collector.Expect(id.Pseudonym)
	e := &d.event
	e.Identity, e.Subject, e.Pseudonym = id, id.Subject.Kind, id.Pseudonym
	e.Credential, e.CredID = id.Credential, append(e.CredID[:0], id.CredentialID...)
	e.Machine, e.CanStepUp = id.Machine(), id.CanStepUp()
	return ""
}

// consult puts what verdicts say of the caller into its event, and whether the
// session of its credential has ended.
func (p *Pipeline) consult(d *decision) {
	if d.identity == nil {
		return
	}
	e := &d.event
	standing := p.Verdicts.Of(e.Pseudonym, d.view.Time)
	e.Rulings = standing.Rulings
	e.Features.Set(models.VerdictNats, standing.Nats)
	if standing.Confirmed {
		e.Features.Flags |= models.IsConfirmed
	}
	if p.Ended.Ended(d.identity, d.view.Time) {
		e.Features.Set(models.SessionKind, models.SessionAfterLogout)
	}
}

// rule lets the verdicts that take effect now do so on step-ups: whom an analyst
// clears has no challenge open, and whom he suspects has earned no credit before.
func (d *decision) rule() {
	e, ask := &d.event, d.snapshot.StepUp
	if e.Rulings == (models.Rulings{}) {
		return
	}
	if e.Rulings.Has(models.Confirm) || e.Rulings.Has(models.Forgive) {
		ask.Forgive(e.Pseudonym)
	}
	if e.Rulings.Has(models.Quarantine) || e.Rulings.Has(models.Report) {
		ask.Void(e.Pseudonym)
	}
}

// assess scores the evidence. A step-up that this request passes is turned into
// credit, and the request scored again with it. One that was enough for a route or
// a policy that asks for less than the configuration earns nothing, and the token of an
// ended session answers none.
func (p *Pipeline) assess(d *decision) {
	e, now, ask := &d.event, d.view.Time, d.snapshot.StepUp
	d.key = stepup.Key{Subject: e.Pseudonym, Fingerprint: e.Observed.Fingerprint, ASN: e.Observed.Network}
	d.rule()
	switch {
	case e.Features.AfterLogout(): // holds no credit, and takes none from other sessions
	case e.Evidence[models.Session].State == models.Hit:
		ask.Void(e.Pseudonym)
	case d.identity != nil:
		d.credit(ask.Credit(d.key, now))
	}
	d.score()
	if !e.CanStepUp || e.Features.AfterLogout() || !ask.Answered(d.identity, d.key, now) || !ask.Meets(d.identity, stepup.Want{}, now) {
		return
	}
	e.Passed = true
	if earned := d.snapshot.Risk.CreditFor(&e.Assessment, d.route.Class); earned < 0 {
		ask.Grant(d.key, -earned, now)
		d.credit(earned)
		d.score()
	}
}

func (d *decision) score() {
	d.snapshot.Risk.Assess(&d.event.Features, &d.event.Evidence, d.route.Class, &d.event.Assessment)
}

// credit puts a credit of so many nats, none if zero, into the features.
func (d *decision) credit(nats float64) {
	if nats < 0 {
		d.event.Credit = nats
		d.event.Features.Set(models.CreditNats, nats)
		d.event.Features.Flags |= models.HoldsCredit
	}
}

// authorize asks the policies, with the risk in their context. What a policy in
// shadow asks for is recorded and not applied.
func (p *Pipeline) authorize(d *decision) {
	e, f := &d.event, &d.event.Features
	d.input = authz.Input{
		Identity: d.identity, Method: d.view.Method, Route: d.route.ID, Class: d.route.Class, Address: d.view.Client,
		Assessment: &e.Assessment, Evidence: &e.Evidence, Place: e.Observed.Place,
		Hosting: f.Has(models.SourceHosting), VPN: f.Has(models.SourceVPN),
		Tor: f.Has(models.SourceTor), Listed: f.Has(models.SourceListed),
		Device: deviceState(e), Time: d.view.Time,
	}
	d.snapshot.Authz.Decide(&d.input, &d.policy)
	e.ByPolicy, e.Policies = d.policy.Action, append(e.Policies[:0], d.policy.Policies...)
	if d.policy.Shadow > d.policy.Action {
		e.ByPolicy, e.PolicyMode = d.policy.Shadow, models.Shadow
		e.Policies = append(e.Policies[:0], d.policy.ShadowPolicies...)
	}
}

func deviceState(e *models.Event) authz.DeviceState {
	f := &e.Features
	switch f.Values[models.TokenStatus] {
	case models.TokenValid:
		return authz.DeviceProven
	case models.TokenForeign, models.TokenForged:
		return authz.DeviceForeign
	}
	switch state := e.Evidence[models.Device].State; {
	case state == models.Unavailable || state == models.Learning:
		return authz.DeviceUnknown
	case f.Values[models.DevWeight1] > 0:
		return authz.DeviceKnown
	}
	return authz.DeviceNew
}

// Learn teaches what a request that Decide let through says about its subject.
// Set the event's Status, and Login on a login route, first.
func (p *Pipeline) Learn(event *models.Event) { p.Collector.Observe(event) }
