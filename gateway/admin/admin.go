package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"
)

// ErrNotFound says that no event with that id is remembered.
var ErrNotFound = errors.New("admin: no such event")

// Gateway is what operators may ask of the gateway.
type Gateway interface {
	// Ready returns nil when the gateway takes traffic, else what is missing.
	Ready() error
	// Reload reads the configuration again; an error leaves the old one running.
	Reload() error
	// Recent returns up to n remembered decisions as OCSF JSON, newest first.
	Recent(n int) []json.RawMessage
	// Explain recomputes one remembered decision and returns its contributions.
	// ErrNotFound says that it is not remembered.
	Explain(id string) (json.RawMessage, error)
	// Candidates returns what the risk sections that are tried beside the one in
	// force have said so far.
	Candidates() (json.RawMessage, error)
	// Risk returns the risk section in force as YAML.
	Risk() ([]byte, error)
	// Verdicts returns how many verdicts are in force, and the state of their file.
	Verdicts() (json.RawMessage, error)
}

// Admin serves operators. Stop it to release its address.
type Admin struct {
	config  Config
	gateway Gateway
	log     zerolog.Logger
	token   [sha256.Size]byte // of the token; meaningless if open
	open    bool              // no token is asked for
	server  *http.Server
	bound   net.Listener
	done    chan struct{} // closed when Serve has returned
}

// New prepares an Admin that gathers metrics from registry.
func New(c Config, g Gateway, registry prometheus.Gatherer, log zerolog.Logger) (*Admin, error) {
	token := c.Token.Reveal()
	if c.TokenFile != "" {
		text, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("read admin token: %w", err)
		}
		if token = strings.TrimSpace(string(text)); token == "" {
			return nil, fmt.Errorf("read admin token: %s is empty", c.TokenFile)
		}
	}
	a := &Admin{config: c, gateway: g, log: log, token: sha256.Sum256([]byte(token)), open: token == ""}
	a.server = &http.Server{
		Handler:           a.guard(a.routes(registry)),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	return a, nil
}

func (a *Admin) routes(registry prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", a.health)
	mux.HandleFunc("GET /readyz", a.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("POST /-/reload", a.reload)
	mux.HandleFunc("GET /-/events", a.events)
	mux.HandleFunc("GET /-/events/{id}", a.explain)
	mux.HandleFunc("GET /-/candidates", a.made(a.gateway.Candidates))
	mux.HandleFunc("GET /-/verdicts", a.made(a.gateway.Verdicts))
	mux.HandleFunc("GET /-/risk", a.risk)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// guard asks for the token, and refuses requests that a web page made: without a
// token every page in a browser on this machine could otherwise reload.
func (a *Admin) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch {
		case a.open && (fromPage(r) || !loopbackHost(r.Host)):
			http.Error(w, "requests from web pages and under other names need an admin token", http.StatusForbidden)
		case !a.open && r.URL.Path != "/healthz" && !a.authorized(r):
			w.Header().Set("WWW-Authenticate", `Bearer realm="riskgate admin"`)
			http.Error(w, "want the admin token as Authorization: Bearer", http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// fromPage reports whether a browser sent r for a web page, be it only for an
// image on it, and not for whoever typed the address.
func fromPage(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return r.Header.Get("Origin") != "" || site != "" && site != "none" && site != "same-origin"
}

func (a *Admin) authorized(r *http.Request) bool {
	shown, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(shown))
	return ok && subtle.ConstantTimeCompare(sum[:], a.token[:]) == 1
}

// loopbackHost reports whether host, with or without a port, names this machine:
// anything else is a name that somebody pointed here.
func loopbackHost(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	return name == "localhost" || loopback(net.JoinHostPort(strings.Trim(name, "[]"), "0"))
}

// Start binds the address and serves until Stop.
func (a *Admin) Start() error {
	bound, err := net.Listen("tcp", a.config.Address)
	if err != nil {
		return fmt.Errorf("bind admin address: %w", err)
	}
	a.bound, a.done = bound, make(chan struct{})
	go func() {
		defer close(a.done)
		if err := a.server.Serve(bound); !errors.Is(err, http.ErrServerClosed) {
			a.log.Error().Err(err).Msg("admin stopped serving")
		}
	}()
	return nil
}

// Addr returns the address that was bound. Call it after Start.
func (a *Admin) Addr() net.Addr { return a.bound.Addr() }

// Stop ends serving: running answers are finished until ctx ends.
func (a *Admin) Stop(ctx context.Context) error {
	if a.bound == nil {
		return nil
	}
	err := a.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, a.server.Close())
	}
	<-a.done
	return err
}
