package rival

import (
	"encoding/binary"
	"net/netip"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals"
)

// collect gathers the evidence about an event.
func (o *Ours) collect(e *traffic.Event) {
	o.Prepare(e)
	o.collector.Collect(&o.view, o.event.Identity, o.route(e), &o.event)
}

// Prepare turns an event into what a gateway has of it before it collects
// evidence.
func (o *Ours) Prepare(e *traffic.Event) {
	e.View(&o.view, o.cookies(e))
	o.event.Reset()
	o.describe(e)
	o.locator.event = e
}

// Decide collects, scores and learns a prepared event that is honest: what a
// gateway spends on the score of a request.
func (o *Ours) Decide(e *traffic.Event) {
	ev := &o.event
	o.collector.Collect(&o.view, ev.Identity, o.route(e), ev)
	o.engine.Assess(&ev.Features, &ev.Evidence, ev.Class, &ev.Assessment)
	o.happen(e, true)
}

// cookies returns what the browser shows. One that was cleared shows nothing at
// this login; what it is given then replaces what it had.
func (o *Ours) cookies(e *traffic.Event) string {
	if e.TokenLost {
		return ""
	}
	return o.jars.Shown(e)
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
