// Package eval runs labeled traffic through the collector and the risk engine in
// simulated time and reports what would have become of it.
package eval

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

// Config says by what traffic is judged.
type Config struct {
	Risk    risk.Config
	Signals signals.Config
	// Rate is how many requests per second a subject's bucket takes in the long
	// run at low risk, Burst how many at once. Default 20 and 40.
	Rate, Burst float64
	// Credit is the half-life of the credit for a passed step-up. Default 30m.
	Credit time.Duration
	// Challenges is how many may stay unanswered. Default 3.
	Challenges int
	// Forgetful is the share of visits to which a person brings no cookies: a
	// private window, a cleared browser. Default 0.07.
	Forgetful float64
}

// DefaultConfig returns what a gateway without configuration does.
func DefaultConfig() Config {
	return Config{
		Risk: risk.DefaultConfig(), Signals: signals.DefaultConfig(),
		Rate: 20, Burst: 40, Credit: 30 * time.Minute, Challenges: 3, Forgetful: 0.07,
	}
}

// Gate decides requests as a gateway does, without transport, in the time of the
// requests, and learns from them. It begins knowing nobody. Not safe for
// concurrent use.
type Gate struct {
	config     Config
	engine     *risk.Engine
	memory     *baseline.Memory
	collector  *signals.Collector
	routes     map[string]*signals.RouteFacts
	identities map[string]*models.Identity // by credential
	buckets    map[models.Pseudonym]time.Time
	stepups    stepups
	steering   *steering // nil: no budget
	jars       *traffic.Jars
	requests   uint64
	view       models.Request
	event      models.Event
}

// NewGate returns a gate that tells places by l. No request is earlier than
// start.
func NewGate(c Config, l signals.Locator, start time.Time) (*Gate, error) {
	keys, err := baseline.NewKeys([]byte("thirty-two bytes of a known key."))
	if err != nil {
		return nil, fmt.Errorf("derive keys: %w", err)
	}
	c.Signals.Baseline.Store = baseline.StoreConfig{} // nothing is stored
	memory, err := baseline.Open(c.Signals.Baseline, keys, start, zerolog.Nop())
	if err != nil {
		return nil, fmt.Errorf("open memory: %w", err)
	}
	return &Gate{
		config: c, engine: risk.New(c.Risk), memory: memory,
		collector:  signals.New(c.Signals, memory, l, nil, keys),
		routes:     routes(),
		identities: map[string]*models.Identity{},
		buckets:    map[models.Pseudonym]time.Time{},
		stepups:    newStepups(c),
		steering:   newSteering(&c.Risk),
		jars:       traffic.NewJars(),
	}, nil
}

// Close releases the memory of subjects.
func (g *Gate) Close() error { return g.memory.Close(context.Background()) }

// Serve decides one request and learns from it. Answered says that the caller
// has just authenticated again, as a challenge asked. The event is valid until
// the next call.
func (g *Gate) Serve(e *traffic.Event, answered bool) *models.Event {
	ev := g.collect(e)
	g.assess(ev, answered)
	g.enforce(ev)
	ev.Login, ev.Status = e.Login, e.Status
	if ev.Denial != "" {
		ev.Login, ev.Status = models.NoLogin, ev.Denial.Status()
	}
	if token, issued := g.collector.IssueToken(nil, ev); issued {
		g.jars.Keep(e, device.CookieName+"="+string(token))
	}
	g.collector.Observe(ev)
	g.steer(ev)
	return ev
}

// Refuse turns a request away that shows no credential where one is wanted, before
// there is a score. The event, which a gateway would write of all such requests of
// a second and network together, is valid until the next call.
func (g *Gate) Refuse(e *traffic.Event) *models.Event {
	g.requests++
	ev := &g.event
	ev.Reset()
	ev.Kind, ev.ID, ev.Seq, ev.Boot, ev.Node = models.RefusalEvent, idOf(e.Time, g.requests), g.requests, 1, "eval"
	ev.Time, ev.FirstTime, ev.LastTime, ev.Count = e.Time, e.Time, e.Time, 1
	bits := 24
	if e.Address.Is6() {
		bits = 48
	}
	ev.Prefix = netip.PrefixFrom(e.Address, bits).Masked()
	ev.Denial, ev.Action, ev.Status = models.NoCredentials, models.Deny, models.NoCredentials.Status()
	return ev
}

// Judge decides one request that does not happen: nothing is learned, counted or
// spent. The event is valid until the next call.
func (g *Gate) Judge(e *traffic.Event) *models.Event {
	ev := g.collect(e)
	if ev.Evidence[models.Session].State != models.Hit && ev.Subject != models.Anonymous {
		g.credit(ev, g.stepups.credit(challengedBy(ev), ev.Time))
	}
	g.score(ev)
	r := g.engine.Resolve(&ev.Assessment, &ev.Features, ev.Class, ev.CanStepUp)
	ev.Action, ev.ByRisk, ev.Finding = r.Action, r.Action, string(r.Finding)
	return ev
}

// collect gathers the evidence about a request.
func (g *Gate) collect(e *traffic.Event) *models.Event {
	ev := &g.event
	ev.Reset()
	e.View(&g.view, g.jars.Shown(e))
	g.describe(e, ev)
	g.collector.Collect(&g.view, ev.Identity, g.route(e), ev)
	return ev
}

// Forget empties the browser that a request comes from: its cookies are gone.
func (g *Gate) Forget(e *traffic.Event) { g.jars.Empty(e) }

// Begin does so if the request begins a visit with TokenLost. Call it before Serve.
func (g *Gate) Begin(e *traffic.Event) { g.jars.Begin(e) }

func (g *Gate) describe(e *traffic.Event, ev *models.Event) {
	v := &g.view
	g.requests++
	ev.ID, ev.Seq, ev.Boot, ev.Node = idOf(v.Time, g.requests), g.requests, 1, "eval"
	ev.Time, ev.Client, ev.Peer, ev.TLS = v.Time, v.Client, v.Peer, v.TLS
	ev.Method = append(ev.Method, v.Method...)
	ev.Host = append(ev.Host, v.Host...)
	ev.Path = append(ev.Path, v.Path...)
	ev.Agent = append(ev.Agent, v.Agent...)
	ev.Route, ev.Class, ev.ConfigHash = e.Route, e.Class, g.engine.Hash()
	ev.Observed.LoginUser = g.collector.User([]byte(e.LoginUser))
	if e.Credential == models.NoCredential {
		return
	}
	id := g.identify(e)
	ev.Identity, ev.Subject, ev.Pseudonym = id, id.Subject.Kind, id.Pseudonym
	ev.Credential, ev.CredID = id.Credential, append(ev.CredID, id.CredentialID...)
	ev.Machine, ev.CanStepUp = id.Machine(), id.CanStepUp()
}

// identify returns the identity behind a credential. Machine clients are
// registered, without networks declared for them.
func (g *Gate) identify(e *traffic.Event) *models.Identity {
	if id := g.identities[e.CredentialID]; id != nil {
		return id
	}
	id := &models.Identity{
		Subject: e.Subject, Pseudonym: models.PseudonymOf([]byte("eval"), e.Subject, 0),
		Credential: e.Credential, CredentialID: e.CredentialID, AuthTime: e.AuthTime,
		Declared: e.Subject.Kind == models.Client,
	}
	g.identities[e.CredentialID] = id
	return id
}

// idOf returns a UUIDv7 of a number.
func idOf(at time.Time, n uint64) (id models.EventID) {
	binary.BigEndian.PutUint64(id[:], uint64(at.UnixMilli())<<16|0x7000)
	binary.BigEndian.PutUint64(id[8:], 1<<63|n)
	return id
}

// routes are what the routes of the world say, by id.
func routes() map[string]*signals.RouteFacts {
	facts := map[string]*signals.RouteFacts{}
	for _, r := range traffic.Routes() {
		f := signals.NewRouteFacts(r.ID, r.Template, r.Class)
		facts[r.ID] = &f
	}
	return facts
}

func (g *Gate) route(e *traffic.Event) *signals.RouteFacts {
	f := g.routes[e.Route]
	if f == nil {
		panic("BUG: traffic to an unknown route " + e.Route)
	}
	return f
}
