package gateway

import (
	"fmt"
	"os"
	"sync"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/gateway/authz"
	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/gateway/jose"
	"github.com/riskgate/riskgate/gateway/pipeline"
	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/signals"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/streaming"
	"github.com/riskgate/riskgate/streaming/kafka"
)

// labelPseudonym names the key that pseudonyms are made with.
const labelPseudonym = "riskgate/pseudonym/v1"

// labelExplore names the key that explored sessions are chosen with.
const labelExplore = "riskgate/explore/v1"

// labelEnded names the key that the sessions that were logged off are kept under.
const labelEnded = "riskgate/logoff/v1"

// swap builds the snapshot of c and makes it current. Nothing has changed when
// it returns an error.
func (g *Gateway) swap(c *config.Config) error {
	known, err := g.authenticator(c)
	if err != nil {
		return err
	}
	return g.swapKnowing(c, known)
}

// swapRisk is swap for a c that is in force already, but for its risk section:
// who is known stays, and the key sets are not fetched for it.
func (g *Gateway) swapRisk(c *config.Config) error { return g.swapKnowing(c, g.authn) }

func (g *Gateway) swapKnowing(c *config.Config, known *authn.Authenticator) error {
	next, err := g.snapshot(c, known)
	if err != nil {
		return err
	}
	g.pipeline.Swap(next)
	return nil
}

func (g *Gateway) snapshot(c *config.Config, known *authn.Authenticator) (*pipeline.Snapshot, error) {
	policies, err := authz.New(c.Authz, named(c))
	if err != nil {
		return nil, err
	}
	routes := g.routes(c)
	var wants []stepup.Want
	for _, w := range policies.Wants() {
		wants = append(wants, stepup.Want(w))
	}
	for i := range routes {
		wants = append(wants, routes[i].Want)
	}
	wants = append(wants, pipeline.SteppedUp)
	s := &pipeline.Snapshot{
		Explore: pipeline.NewExplorer(g.keys.Derive(labelExplore), c.Risk.Learning.Explore),
		Authn:   known, Authz: policies, Risk: risk.New(g.riskOf(c)), StepUp: stepup.New(c.StepUp, g.asked, wants...),
		HSTS: c.Listener.TLS.Enabled(), Candidates: g.candidates(c),
	}
	if err := s.Build(routes, g.pipeline.Metrics); err != nil {
		return nil, err
	}
	if known != g.authn {
		g.checks = newTask(known.Run)
	}
	s.Close = g.checks.hold()
	g.authn, g.authz = known, policies
	return s, nil
}

// candidates builds the risk sections that are tried beside the one in force.
func (g *Gateway) candidates(c *config.Config) []pipeline.Candidate {
	all := make([]pipeline.Candidate, len(c.Risk.Candidates))
	for i := range all {
		x := &c.Risk.Candidates[i]
		all[i] = pipeline.Candidate{Name: x.Name, Engine: risk.New(x.Config()), Since: g.options.Clock()}
	}
	return all
}

// named lists the routes that policies may name.
func named(c *config.Config) []authz.Route {
	routes := make([]authz.Route, len(c.Routes))
	for i, r := range c.Routes {
		routes[i] = authz.Route{ID: r.ID, Class: r.Class}
	}
	return routes
}

func (g *Gateway) authenticator(c *config.Config) (*authn.Authenticator, error) {
	if g.authn != nil {
		return g.authn.Next(c.Authn)
	}
	return authn.New(c.Authn, Pseudonyms(g.keys), jose.NewHTTP(), g.log, g.options.Clock)
}

// Pseudonyms returns what makes the pseudonyms of a cluster with those keys.
func Pseudonyms(keys baseline.Keys) func(models.Subject) models.Pseudonym {
	key := keys.Derive(labelPseudonym)
	return func(s models.Subject) models.Pseudonym { return models.PseudonymOf(key[:], s, 0) }
}

func (g *Gateway) routes(c *config.Config) []pipeline.Route {
	routes := make([]pipeline.Route, len(c.Routes))
	for i := range c.Routes {
		r := &c.Routes[i]
		routes[i] = pipeline.Route{
			ID: r.ID, Host: r.Match.Host, Path: r.Match.Path, Methods: r.Match.Methods,
			Accept: r.Accepts(), Class: r.Class, Pool: g.upstreams.Pool(r.Pool),
			MaxBody: int64(r.MaxBody), Want: stepup.Want{ACR: r.ACR, MaxAge: r.MaxAge},
			Audit: r.Audit == config.AuditRequired, Limited: r.Limited,
			Activity: r.Activity,
			Facts:    signals.NewRouteFacts(r.ID, r.Match.Path, r.Class),
		}
		if r.Login != nil {
			routes[i].Login = pipeline.NewLogin(r.Login.User, r.Login.Failed, r.Login.OK)
		}
	}
	return routes
}

func newSink(c streaming.Config, boot uint64) (streaming.Sink, error) {
	switch c.Sink {
	case streaming.SinkFile:
		return streaming.NewFile(c.File)
	case streaming.SinkStdout:
		return streaming.NewLines(os.Stdout), nil
	case streaming.SinkDiscard:
		return streaming.Discard{}, nil
	case streaming.SinkKafka:
		return kafka.NewSink(c.Kafka, boot)
	}
	return nil, fmt.Errorf("BUG: sink %q was not refused by validation", c.Sink)
}

// publishConfig sends the risk section in force, once per change, so that every
// decision can be recomputed from the stream alone.
func (g *Gateway) publishConfig(c *config.Config) {
	engine := risk.New(g.riskOf(c))
	if !g.engines.add(engine) {
		return
	}
	now := g.options.Clock()
	g.stream.Publish(&models.Event{
		Kind: models.ConfigEvent, ID: g.stream.NewID(now), Time: now, Node: g.options.Node, Boot: g.boot,
		ConfigHash: engine.Hash(), Payload: engine.JSON(),
	})
}

// engines are those of the risk sections published of late, the one in force last.
type engines struct {
	mu  sync.Mutex // guards all
	all []*risk.Engine
}

// enginesKept is for how many risk sections the decisions of late can be explained.
const enginesKept = 64

// add makes an engine the one in force. It returns false if it was that already.
func (e *engines) add(engine *risk.Engine) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := len(e.all); n > 0 && e.all[n-1].Hash() == engine.Hash() {
		return false
	}
	if len(e.all) == enginesKept {
		e.all = append(e.all[:0], e.all[1:]...)
	}
	e.all = append(e.all, engine)
	return true
}

// of returns the engine with that hash, or the one in force.
func (e *engines) of(hash [8]byte) *risk.Engine {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := len(e.all) - 1; i >= 0; i-- {
		if e.all[i].Hash() == hash {
			return e.all[i]
		}
	}
	return e.all[len(e.all)-1]
}
