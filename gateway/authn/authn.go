package authn

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/gateway/jose"
	"github.com/riskgate/riskgate/models"
)

// Authenticator proves who is calling. It is immutable but for its key file and
// key sets, and safe for concurrent use. Run keeps it fresh.
type Authenticator struct {
	cfg     Config
	env     *environment
	header  string // lower case
	issuers []*issuer
	keys    atomic.Pointer[keyTable]
}

// environment outlives a reload.
type environment struct {
	pseudonym func(models.Subject) models.Pseudonym
	fetch     jose.Fetcher
	log       zerolog.Logger
	clock     func() time.Time
	tokens    *cache
}

// issuer is one trusted issuer; it outlives a reload that does not change it.
type issuer struct {
	cfg  Issuer
	keys *jose.KeySet
}

// New returns an Authenticator for a valid configuration. It reads the key file
// and fails if that has a mistake; key sets are fetched by Run or by the first
// token.
func New(c Config, pseudonym func(models.Subject) models.Pseudonym, f jose.Fetcher, log zerolog.Logger,
	clock func() time.Time) (*Authenticator, error) {
	env := &environment{pseudonym: pseudonym, fetch: f, log: log, clock: clock, tokens: newCache(int64(c.JWT.Cache))}
	return build(c, env, nil)
}

// Next returns the Authenticator that follows a under another configuration.
// Verified tokens and key sets of unchanged issuers carry over. Both may be used
// while requests move from one to the other.
func (a *Authenticator) Next(c Config) (*Authenticator, error) {
	env := a.env
	if c.JWT.Cache != a.cfg.JWT.Cache {
		next := *env
		next.tokens = newCache(int64(c.JWT.Cache))
		env = &next
	}
	return build(c, env, a.issuers)
}

func build(c Config, env *environment, old []*issuer) (*Authenticator, error) {
	a := &Authenticator{cfg: c, env: env, header: strings.ToLower(c.APIKeys.Header)}
	for _, ic := range c.JWT.Issuers {
		a.issuers = append(a.issuers, env.issuer(ic.withDefaults(), old))
	}
	if err := a.ReloadKeys(); err != nil {
		return nil, err
	}
	return a, nil
}

func (e *environment) issuer(c Issuer, old []*issuer) *issuer {
	for _, o := range old {
		if reflect.DeepEqual(o.cfg, c) {
			return o
		}
	}
	log := e.log.With().Str("issuer", c.Issuer).Logger()
	return &issuer{cfg: c, keys: jose.NewKeySet(c.Keys, e.fetch, log, e.clock)}
}

// ReloadKeys reads the key file again. When it has a mistake the keys in force
// stay, and the error lists every mistake.
func (a *Authenticator) ReloadKeys() error {
	if a.cfg.APIKeys.File == "" {
		a.keys.Store(&keyTable{})
		return nil
	}
	keys, err := ReadKeys(a.cfg.APIKeys.File, a.env.clock())
	if err != nil {
		return fmt.Errorf("load API keys: %w", err)
	}
	a.keys.Store(newKeyTable(keys, a.env.pseudonym))
	return nil
}

const sweepEvery = time.Minute

// Run refreshes key sets and drops dead tokens from the cache until the context
// ends.
func (a *Authenticator) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, is := range a.issuers {
		wg.Go(func() { is.keys.Run(ctx) })
	}
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			a.env.tokens.sweep(a.env.clock(), a.knows)
		}
	}
}

// Flush forgets every verified token, so that pseudonyms are computed again.
func (a *Authenticator) Flush() { a.env.tokens.flush() }

// Status is what an operator sees.
type Status struct {
	Keys    int // API keys, expired ones included
	Tokens  int // verified tokens remembered
	Bytes   int64
	Issuers []IssuerStatus
}

// IssuerStatus is the state of one issuer's key set.
type IssuerStatus struct {
	Issuer string
	jose.State
}

// Status returns the status at time now.
func (a *Authenticator) Status(now time.Time) Status {
	s := Status{Keys: len(a.keys.Load().byID)}
	s.Tokens, s.Bytes = a.env.tokens.size()
	for _, is := range a.issuers {
		s.Issuers = append(s.Issuers, IssuerStatus{is.cfg.Issuer, is.keys.State(now)})
	}
	return s
}

func (a *Authenticator) knows(is *issuer) bool {
	for _, own := range a.issuers {
		if own == is {
			return true
		}
	}
	return false
}

// Authenticate proves who sent a request, by one of the accepted methods. The
// caller is nil without denial where none is needed and none was shown. With a
// denial, a caller that is not nil showed a key of its own that has ended or is
// meant for another network, so that a failed login can be counted for its owner.
//
// A credential of a kind that is not accepted counts as none; two at once are
// refused.
func (a *Authenticator) Authenticate(view *models.Request, accept Methods, now time.Time) (*models.Identity, models.Denial) {
	s := a.look(view)
	if s.authorizations > 1 || s.keys > 1 {
		return nil, models.ManyCredentials
	}
	if accept&(JWT|APIKey) != 0 && s.hasBearer && s.keys > 0 {
		return nil, models.ManyCredentials
	}
	switch {
	case s.hasBearer && accept&JWT != 0:
		if s.emptyBearer {
			return nil, models.MalformedCredential
		}
		return a.token(s.bearer, now)
	case s.keys > 0 && accept&APIKey != 0:
		return a.keys.Load().authenticate(s.key, view.Client, now)
	case accept&None != 0:
		return nil, ""
	}
	return nil, models.NoCredentials
}
