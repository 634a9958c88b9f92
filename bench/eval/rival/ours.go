package rival

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/signals"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/signals/device"
)

// Config says by what riskgate scores.
type Config struct {
	Name string
	Risk risk.Config
	// Tokens lets browsers keep the device tokens they are given. Without them
	// nobody was ever issued one.
	Tokens bool
	// Unramped puts nothing on probation: what is learned counts in full at once.
	Unramped bool
	// Ablate adds a score for each group: the same evidence fused with the group's
	// weight at 0; and one for the ramp of trust: the same with nothing on
	// probation. What was learned is that of the whole model. From is when they
	// begin to differ from the whole score: before it they are not computed.
	Ablate bool
	From   time.Time
}

// Ours is riskgate: the collector, the engine and what they learn, fed with
// logins in which the place of an address is written. Scores are log-odds. It
// begins knowing nobody. Close it.
type Ours struct {
	config    Config
	names     []string
	engine    *risk.Engine
	without   []*risk.Engine // by Groups
	memory    *baseline.Memory
	collector *signals.Collector
	locator   located
	routes    map[string]*signals.RouteFacts
	jars      map[browserOf]string // cookies
	requests  uint64
	identity  models.Identity
	view      models.Request
	event     models.Event
	assessed  models.Assessment
	trusting  models.Features
	evidence  models.EvidenceSet
}

// browserOf is where cookies are kept.
type browserOf struct {
	person string
	device int
	theirs bool // an attacker's
}

// NewOurs returns riskgate at that time, which is not later than any event.
func NewOurs(c Config, start time.Time) (*Ours, error) {
	keys, err := baseline.NewKeys([]byte("thirty-two bytes of a known key."))
	if err != nil {
		return nil, fmt.Errorf("derive keys: %w", err)
	}
	cfg := signals.DefaultConfig()
	memory, err := baseline.Open(cfg.Baseline, keys, start, zerolog.Nop())
	if err != nil {
		return nil, fmt.Errorf("open memory: %w", err)
	}
	o := &Ours{
		config: c, names: []string{c.Name}, engine: risk.New(c.Risk), memory: memory,
		routes: map[string]*signals.RouteFacts{}, jars: map[browserOf]string{},
	}
	o.collector = signals.New(cfg, memory, &o.locator, nil, keys)
	if c.Ablate {
		for _, g := range Groups() {
			o.names = append(o.names, c.Name+"-"+g.String())
			o.without = append(o.without, risk.New(Without(c.Risk, g)))
		}
		o.names = append(o.names, c.Name+"-ramp")
	}
	return o, nil
}

// Close releases the memory of subjects.
func (o *Ours) Close() error { return o.memory.Close(context.Background()) }

// Names returns the name of the whole model, then one for each group left out.
func (o *Ours) Names() []string { return o.names }

// Score gives the log-odds of an attack.
func (o *Ours) Score(e *traffic.Event, out []float32) {
	o.collect(e)
	ev := &o.event
	if o.config.Unramped {
		trust(&ev.Features)
		signals.Evaluate(&ev.Features, &ev.Evidence)
	}
	o.engine.Assess(&ev.Features, &ev.Evidence, ev.Class, &ev.Assessment)
	whole := o.logOdds(&ev.Assessment)
	for i := range out {
		out[i] = whole
	}
	if e.Time.Before(o.config.From) {
		return
	}
	for i, engine := range o.without {
		engine.Assess(&ev.Features, &ev.Evidence, ev.Class, &o.assessed)
		out[1+i] = o.logOdds(&o.assessed)
	}
	if o.config.Ablate {
		out[len(out)-1] = o.unramped()
	}
}

// unramped scores the event as if nothing were on probation.
func (o *Ours) unramped() float32 {
	ev := &o.event
	o.trusting = ev.Features
	trust(&o.trusting)
	signals.Evaluate(&o.trusting, &o.evidence)
	o.engine.Assess(&o.trusting, &o.evidence, ev.Class, &o.assessed)
	return o.logOdds(&o.assessed)
}

// trust ends every probation.
func trust(f *models.Features) {
	for _, i := range []models.Feature{
		models.NetTrust2, models.NetTrust3, models.DevTrust2, models.DevTrust3, models.TokenTrust,
	} {
		f.Set(i, 1)
	}
}

// Assessment returns what the whole model makes of the event scored last, until
// the next.
func (o *Ours) Assessment() *models.Assessment { return &o.event.Assessment }

// LogOdds returns the contributions to the last score, by group: with Base they
// add up to it.
func (o *Ours) LogOdds(group models.Group) float64 {
	return o.config.Risk.Slope * o.event.Assessment.Contributions[group].Nats
}

// Base returns the log-odds of no evidence.
func (o *Ours) Base() float64 { return o.config.Risk.Intercept }

func (o *Ours) logOdds(a *models.Assessment) float32 {
	return float32(o.config.Risk.Slope*a.Nats + o.config.Risk.Intercept)
}

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
			o.jars[jarOf(e)] = device.CookieName + "=" + string(token)
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

// collect gathers the evidence about an event.
func (o *Ours) collect(e *traffic.Event) {
	e.View(&o.view, o.cookies(e))
	ev := &o.event
	ev.Reset()
	o.describe(e)
	o.locator.event = e
	o.collector.Collect(&o.view, ev.Identity, o.route(e), ev)
}

// cookies returns what the browser shows. An honest one may have been cleared; an
// attacker has what he took from the victim, or what he was given himself.
func (o *Ours) cookies(e *traffic.Event) string {
	poison := e.Label == traffic.Poisoning
	switch {
	case e.TokenLost, poison && e.Variant == traffic.VictimsAgent:
		return ""
	case e.HoldsToken:
		return o.stolen(e.Person)
	case e.Label == traffic.Honest, poison:
		return o.jars[jarOf(e)]
	}
	return ""
}

// stolen returns what the first of the victim's browsers holds that holds
// something.
func (o *Ours) stolen(person string) string {
	for i := range 8 {
		if c := o.jars[browserOf{person: person, device: i}]; c != "" {
			return c
		}
	}
	return ""
}

func jarOf(e *traffic.Event) browserOf {
	return browserOf{e.Person, e.Device, e.Label != traffic.Honest}
}

func (o *Ours) describe(e *traffic.Event) {
	v, ev := &o.view, &o.event
	o.requests++
	binary.BigEndian.PutUint64(ev.ID[8:], o.requests)
	ev.Time, ev.Client, ev.Peer, ev.TLS = v.Time, v.Client, v.Peer, v.TLS
	ev.Route, ev.Class = e.Route, e.Class
	ev.Observed.LoginUser = o.collector.User([]byte(e.LoginUser))
	if e.Credential == models.NoCredential {
		return
	}
	o.identity = models.Identity{
		Subject: e.Subject, Pseudonym: models.PseudonymOf([]byte("eval"), e.Subject, 0),
		Credential: e.Credential, CredentialID: e.CredentialID, AuthTime: e.AuthTime,
		Declared: e.Subject.Kind == models.Client,
	}
	id := &o.identity
	ev.Identity, ev.Subject, ev.Pseudonym, ev.Credential = id, id.Subject.Kind, id.Pseudonym, id.Credential
	ev.Machine, ev.CanStepUp = id.Machine(), id.CanStepUp()
}

func (o *Ours) route(e *traffic.Event) *signals.RouteFacts {
	r := o.routes[e.Route]
	if r == nil {
		facts := signals.NewRouteFacts(e.Route, e.Path, e.Class)
		r = &facts
		o.routes[e.Route] = r
	}
	return r
}

// located tells where the event's address is by what stands in the event.
type located struct{ event *traffic.Event }

func (l *located) Lookup(netip.Addr, uint64) (models.Place, models.Flag, models.State) {
	state := models.Clean
	if l.event.Place.ASN == 0 && l.event.Place.Country == [2]byte{} {
		state = models.Unavailable
	}
	return l.event.Place, l.event.Classes, state
}

func (l *located) Ready() bool { return true }

// Features returns what the last score was computed from, until the next.
func (o *Ours) Features() *models.Features { return &o.event.Features }
