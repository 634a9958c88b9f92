package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/gateway"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/signals"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/signals/geo"
)

// trial is an engine that begins with nothing and sees recorded requests one after
// the other. Nothing is refused in it: it decides as a gateway in shadow mode.
type trial struct {
	engine    *risk.Engine
	city, asn string     // databases; "": none
	lists     *geo.Lists // nil: none
	store     string     // folder in which what was learned is kept; "": nowhere
	keys      baseline.Keys
	issuer    string // of the users in a log
	people    int    // lines that name a user
	report    *replayReport

	memory    *baseline.Memory // nil before the first request
	places    *geo.Databases
	collector *signals.Collector
	pseudonym func(models.Subject) models.Pseudonym
	routes    map[routeKey]*signals.RouteFacts
	view      models.Request
}

type routeKey struct {
	id    string
	class models.Class
}

// trialKeys make the same log score the same everywhere. What they protect is not
// stored.
func trialKeys() (baseline.Keys, error) {
	key := sha256.Sum256([]byte("riskctl replay"))
	return baseline.NewKeys(key[:])
}

// start opens the engine at the time of the first request.
func (t *trial) start(now time.Time) (err error) {
	if t.memory != nil {
		return nil
	}
	cfg := signals.DefaultConfig()
	cfg.Geo.City, cfg.Geo.ASN = t.city, t.asn
	cfg.Baseline.Store.Path = t.store
	if t.places, err = geo.Open(cfg.Geo, zerolog.Nop()); err != nil {
		return err
	}
	if t.memory, err = baseline.Open(cfg.Baseline, t.keys, now, zerolog.Nop()); err != nil {
		return fmt.Errorf("open memory: %w", err)
	}
	t.collector = signals.New(cfg, t.memory, t.places, t.lists, t.keys)
	t.pseudonym = gateway.Pseudonyms(t.keys)
	t.routes = map[routeKey]*signals.RouteFacts{}
	return nil
}

// close writes what was learned, where it is kept.
func (t *trial) close(ctx context.Context) error {
	if t.memory == nil {
		return nil
	}
	var saved error
	if t.store != "" {
		saved = t.collector.Save()
	}
	return errors.Join(saved, t.memory.Close(ctx))
}

func (t *trial) route(id, template string, class models.Class) *signals.RouteFacts {
	k := routeKey{id, class}
	r := t.routes[k]
	if r == nil {
		facts := signals.NewRouteFacts(id, template, class)
		r = &facts
		t.routes[k] = r
	}
	return r
}

// line decides about a request of an access log.
func (t *trial) line(l *traffic.Line) error {
	if err := t.start(l.Time); err != nil {
		return err
	}
	v := &t.view
	v.Reset()
	v.Time, v.Client, v.Peer = l.Time, l.Client, l.Client
	v.Method, v.Path, v.Agent = []byte(l.Method), []byte(pathOf(l.Target)), []byte(l.Agent)
	setUsualFields(v)
	e := &models.Event{Time: l.Time, Client: l.Client, Peer: l.Client, Method: v.Method, Path: v.Path, Agent: v.Agent, Status: l.Status}
	id := t.person(l.User)
	name := l.Client.String()
	if id != nil {
		e.Identity, e.Subject, e.Pseudonym, e.Credential, e.CanStepUp = id, id.Subject.Kind, id.Pseudonym, id.Credential, true
		name = l.User
	}
	t.collector.Collect(v, id, t.route("log", "/", models.Normal), e)
	t.decide(e, name)
	return nil
}

// person is the user of a line, taken for authenticated; nil for none.
func (t *trial) person(user string) *models.Identity {
	if user == "" {
		return nil
	}
	t.people++
	s := models.Subject{Kind: models.User, Issuer: t.issuer, ID: user}
	return &models.Identity{Subject: s, Pseudonym: t.pseudonym(s), Credential: models.JWT, CredentialID: user}
}

// pathOf returns the decoded path of a request target.
func pathOf(target string) string {
	path, _, _ := strings.Cut(target, "?")
	if u, err := url.PathUnescape(path); err == nil {
		path = u
	}
	return path
}

// setUsualFields adds the header fields that every browser sends: a log does not
// hold them, and their absence must not count.
func setUsualFields(v *models.Request) {
	v.Raw = v.Raw[:0]
	for _, name := range [...]string{"accept", "accept-language", "accept-encoding"} {
		from := uint32(len(v.Raw))
		v.Raw = append(v.Raw, name...)
		to := uint32(len(v.Raw))
		v.Fields[v.NumFields] = models.Field{Name: models.Span{From: from, To: to}, Value: models.Span{From: to, To: to}}
		v.NumFields++
	}
}

// again decides about the request of a recorded event.
func (t *trial) again(e *models.Event) error {
	if err := t.start(e.Time); err != nil {
		return err
	}
	name := subject(e, 32)
	if e.Subject == models.Anonymous {
		name = e.Client.String()
	}
	t.collector.Again(e, t.route(e.Route, "/", e.Class))
	t.decide(e, name)
	return nil
}

// decide scores the request, counts it under the name of its caller and learns
// from it.
func (t *trial) decide(e *models.Event, name string) {
	t.engine.Assess(&e.Features, &e.Evidence, e.Class, &e.Assessment)
	r := t.engine.Resolve(&e.Assessment, &e.Features, e.Class, e.CanStepUp)
	e.ByRisk, e.Mode = r.Action, models.Shadow
	t.report.add(e, &r, name)
	t.collector.Observe(e)
}
