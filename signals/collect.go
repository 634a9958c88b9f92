package signals

import (
	"net/netip"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/signals/device"
	"github.com/riskgate/riskgate/signals/keyed"
	"github.com/riskgate/riskgate/signals/payload"
)

// Collect fills Observed, Features and Evidence of ev from the request, its
// identity (nil: anonymous) and what is remembered of its subject. It gives an
// anonymous caller its pseudonym. Ev is fresh from Reset, with Time and Client
// set; what else the caller has set stays: Observed.LoginUser, the features
// CreditNats and VerdictNats, SessionKind where it is SessionAfterLogout, and the flag
// IsConfirmed. Of the Rulings those are
// left that take effect now; each takes effect once.
func (c *Collector) Collect(view *models.Request, id *models.Identity, route *RouteFacts, ev *models.Event) {
	o, f := &ev.Observed, &ev.Features
	r := request{view: view, id: id, route: route, now: baseline.Stamp(view.Time)}
	f.Flags |= c.observeNetwork(view.Client, view.ConnID, o)
	agent, flags := c.observeDevice(view, o)
	f.Flags |= flags | r.flags()
	o.Object, o.ObjectSeq = route.object(c.hash, view.Path)
	o.Endpoint = route.endpoint(view.Method)
	if id == nil {
		ev.Pseudonym = c.stranger(o)
	} else {
		o.Credential = keyed.Short(c.hash.Text(keyed.Credential, id.CredentialID))
		r.shown = c.verifyToken(&r)
		o.DeviceToken = r.shown.Device
	}
	setRequest(f, &r, agent)
	c.setRTT(f, view.RTT, &o.Place)
	c.judge(ev, &r)
}

// judge adds what is remembered of the subject and of everybody to the features of
// what was observed, and evaluates them.
func (c *Collector) judge(ev *models.Event, r *request) {
	o, f := &ev.Observed, &ev.Features
	past := c.recall(ev, r)
	first := f.Get(models.PrivilegeFirst) > 0
	if r.id != nil && o.Role == 0 && (first || f.Has(models.IsLook)) {
		o.Role = c.role(r.id)
	}
	if first && c.world.Rare(o.Role, r.route.class, r.now) {
		f.Set(models.PrivilegeFirst, 2)
	}
	if o.LoginUser != 0 {
		f.Set(models.FailedLogins, max(f.Get(models.FailedLogins), c.world.FailedLogins(o.LoginUser, r.now)))
	}
	if f.Flags&(models.IsLoginRoute|models.IsAnonymous) != 0 {
		f.Set(models.ModeNats, c.world.Mode(r.now))
	}
	if f.Has(models.IsLook) {
		q := c.query(ev, &past, r.now)
		norms := c.world.Norms(&q)
		setNorms(f, &norms, &past)
	}
	ev.Established = f.Has(models.IsEstablished)
	Evaluate(f, &ev.Evidence)
	for g := range ev.Evidence {
		f.States[g] = ev.Evidence[g].State
	}
}

// Expect says that a request of the subject is collected soon. It only saves time.
func (c *Collector) Expect(p models.Pseudonym) { c.memory.Expect(p) }

// request is what is known of one request while it is collected.
type request struct {
	view  *models.Request
	id    *models.Identity
	route *RouteFacts
	shown device.Shown
	now   uint32
}

// thisModel are the flags of what this build assesses.
const thisModel = models.SecondModel | models.TimesAnswers

func (r *request) machine() bool { return r.id != nil && r.id.Machine() }

func (r *request) flags() models.Flag {
	f := thisModel
	switch {
	case r.id == nil:
		f |= models.IsAnonymous
	case r.id.Machine():
		f |= models.IsMachine
		if contains(r.id.Networks, r.view.Client) {
			f |= models.DeclaredSource
		}
	}
	if r.route.class == models.Login {
		f |= models.IsLoginRoute
	}
	return f
}

func contains(networks []netip.Prefix, addr netip.Addr) bool {
	addr = addr.Unmap()
	for _, p := range networks {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// verifyToken checks the device token that a person shows. Machines keep none.
func (c *Collector) verifyToken(r *request) device.Shown {
	if r.machine() || len(r.view.Agent) == 0 {
		return device.Shown{}
	}
	text := device.Find(r.view)
	if text == nil {
		return device.Shown{}
	}
	return c.tokens.Verify(text, r.id.Pseudonym, r.view.Time)
}

// setRequest sets the features that need no memory.
func setRequest(f *models.Features, r *request, a device.Agent) {
	nats, rules := device.Check(r.view, a, r.machine())
	f.Set(models.SanityNats, nats)
	f.Set(models.SanityRule, float64(rules))
	f.Set(models.FaultCount, float64(payload.Faults(r.view.Faults)))
	f.Set(models.TokenStatus, float64(r.shown.Status))
	f.Set(models.TimeHour, float64(r.now/3600%24))
}

// past is what the world's tables are asked for, or blended with.
type past struct {
	net, dev [baseline.Levels]baseline.Ratio // how often values are new to the subject
	gap      float64                         // seconds since the last look; negative: none
	known    bool                            // the subject uses this ASN
}

func (c *Collector) query(ev *models.Event, p *past, now uint32) baseline.Query {
	return baseline.Query{
		Observed: &ev.Observed,
		Source:   c.sourceKeys(ev.Client, &ev.Observed),
		Classes:  ev.Features.Flags,
		Known:    p.known,
		Located:  ev.Features.Flags&(models.NetUnknown|models.NetUnavailable) == 0,
		Machine:  ev.Features.Has(models.IsMachine),
		Gap:      p.gap,
		Now:      now,
	}
}

// recall reads the profile of the subject. It holds it no longer than needed.
func (c *Collector) recall(ev *models.Event, r *request) past {
	ref, state := c.memory.Acquire(ev.Pseudonym, admissionOf(r.id), r.view.Time)
	corrected := false
	defer func() { ref.Release(corrected) }()
	f, p := &ev.Features, ref.Profile()
	if p == nil {
		p, ev.Rulings = c.blank, models.Rulings{}
	}
	if r.id != nil && ev.Rulings != (models.Rulings{}) {
		corrected = baseline.Correct(p, &ev.Rulings)
	}
	if state == models.Unavailable {
		f.Flags |= models.BaselineMissing
	}
	if ref.Known() {
		f.Flags |= models.IsEstablished
	}
	setBehavior(f, &p.Local, &ev.Observed, r.now)
	if r.id == nil {
		f.Flags |= models.IsLook
		return past{gap: -1}
	}
	if r.machine() && state != models.Unavailable && p.Own.Enrolling(r.now) {
		f.Flags |= models.IsEnrolling
	}
	setAccount(f, p, r)
	setToken(f, &p.Own, r)
	setVisit(f, p, ev, r)
	known := setLook(f, &p.Own, &ev.Observed, r.now)
	if c.crowd { // without own trials the rate is everybody's
		known.net, known.dev = [baseline.Levels]baseline.Ratio{}, [baseline.Levels]baseline.Ratio{}
	}
	return known
}
