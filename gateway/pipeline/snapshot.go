package pipeline

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/gateway/authz"
	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/gateway/upstream"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/signals"
)

// Route is what a configuration says about one kind of request.
type Route struct {
	ID      string
	Host    string   // "" for any
	Path    string   // template
	Methods []string // nil for all
	Accept  authn.Methods
	Class   models.Class
	Login   *Login // nil unless Class is models.Login
	// Activity is what a request of a person does that is answered with 2xx or 3xx, see happened.
	Activity models.Activity
	Pool     *upstream.Pool
	MaxBody  int64       // bytes; 0: what the listener allows
	Want     stepup.Want // asked of every caller; zero: nothing
	Audit    bool        // a request that cannot be recorded is refused
	Limited  bool        // spends the subject's bucket

	Facts   signals.RouteFacts
	metrics routeMetrics
}

// Snapshot is one configuration, ready to decide by. It is never changed. It is
// closed when a newer one has taken its place and its last request has ended.
type Snapshot struct {
	Authn  *authn.Authenticator
	Authz  *authz.Authorizer
	Risk   *risk.Engine
	StepUp *stepup.Service
	// Explore chooses sessions below the threshold to be asked all the same.
	Explore Explorer
	HSTS    bool // send Strict-Transport-Security to clients that speak TLS
	// Candidates are tried beside Risk, without effect. May be nil.
	Candidates []Candidate
	Close      func() // releases what only this snapshot holds; may be nil
	router     *router

	users  atomic.Int64 // requests in flight, and one for being current
	closed sync.Once
}

// Build makes the look-up structures of s from routes. Call it once, before Swap.
func (s *Snapshot) Build(routes []Route, m *Metrics) error {
	s.router = newRouter()
	for i := range routes {
		r := &routes[i]
		r.metrics = m.route(r.ID, r.Pool.Name())
		if err := s.router.add(r.Host, r.Path, r.Methods, r); err != nil {
			return fmt.Errorf("route %s: %w", r.ID, err)
		}
	}
	m.candidates(s.Candidates, s.Risk)
	s.users.Store(1)
	return nil
}

// Swap makes next the configuration of every request that starts from now on.
func (p *Pipeline) Swap(next *Snapshot) {
	if old := p.current.Swap(next); old != nil {
		old.release()
	}
}

// acquire returns the current configuration, which stays open until release.
func (p *Pipeline) acquire() *Snapshot {
	for {
		s := p.current.Load()
		s.users.Add(1)
		if s == p.current.Load() {
			return s
		}
		s.release()
	}
}

func (s *Snapshot) release() {
	if s.users.Add(-1) > 0 {
		return
	}
	s.closed.Do(func() {
		if s.Close != nil {
			s.Close()
		}
	})
}

// releaseUnless releases s unless done: for a request that panicked.
func (s *Snapshot) releaseUnless(done *bool) {
	if !*done {
		s.release()
	}
}
