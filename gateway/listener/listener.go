// Package listener accepts connections and turns what they send into requests
// that have one meaning: TLS with its fingerprint, the true client address,
// strict framing of HTTP/1.1.
package listener

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
)

// maxWorkers is more than MaxConnections can be: the gate counts, not fasthttp.
const maxWorkers = 1 << 20

// Handler answers requests. The view is valid until Serve returns. A refusal
// other than "" means that the request must not be handled, only answered with
// its status; the view is then filled as far as it is known, at least Time,
// Peer, Client, TLS and ConnID. The connection is closed by the listener.
//
// What goes upstream must be made from the view: ctx.Request still holds what
// the view leaves out.
type Handler interface {
	Serve(ctx *fasthttp.RequestCtx, view *models.Request, refusal models.Denial)
}

// Listener is the client side of the gateway. Its methods may be called from any
// goroutine, Start and Stop once each.
type Listener struct {
	handler   Handler
	now       func() time.Time
	log       zerolog.Logger
	settings  atomic.Pointer[settings]
	server    *fasthttp.Server
	gate      *gate
	handshake *tls.Config
	tickets   tickets
	visits    sync.Pool
	draining  atomic.Bool
	panics    atomic.Uint64
	serving   sync.WaitGroup // the accepting goroutine
	start     Config         // what a reload cannot change is compared with this
}

// settings is what a reload replaces.
type settings struct {
	Config
	trusted []netip.Prefix
	tls     *tls.Config // nil: clear text
}

// trusts reports whether addr is a trusted proxy.
func (s *settings) trusts(addr netip.Addr) bool {
	for _, p := range s.trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// Stats are counts since the start, but for Open.
type Stats struct {
	Open     int    // connections open now
	Accepted uint64 // connections accepted, refused ones included
	Refused  uint64 // connections closed without an answer, for a limit
	Panics   uint64 // handlers that panicked; their requests were answered 500
}

// New returns a listener that is not listening yet. Now is the wall clock. An
// error is a configuration with problems or a certificate that cannot be read.
func New(cfg Config, h Handler, now func() time.Time, log zerolog.Logger) (*Listener, error) {
	l := &Listener{handler: h, now: now, log: log.With().Str("component", "listener").Logger(), start: cfg}
	l.visits.New = func() any { return new(visit) }
	l.gate = newGate(l)
	l.handshake = l.handshakes()
	l.tickets = tickets{keys: l.handshake, now: now}
	if err := l.apply(cfg); err != nil {
		return nil, err
	}
	l.server = l.newServer(cfg)
	return l, nil
}

func (l *Listener) newServer(cfg Config) *fasthttp.Server {
	return &fasthttp.Server{
		Handler:        l.handle,
		ErrorHandler:   l.fail,
		HeaderReceived: l.prepare,
		ExpectHandler:  l.expect,
		ConnState:      follow,
		Logger:         quiet{},
		Concurrency:    maxWorkers,
		ReadBufferSize: int(cfg.MaxHeader),
		ReadTimeout:    baseTimeout,
		IdleTimeout:    baseTimeout,

		StreamRequestBody:            true,
		DisablePreParseMultipartForm: true,
		CloseOnShutdown:              true,
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		SecureErrorLogMessage:        true,
	}
}

// quiet drops what fasthttp logs: one line per bad connection.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

func follow(c net.Conn, state fasthttp.ConnState) {
	switch c := c.(type) {
	case *conn:
		c.enter(state)
	case *secureConn:
		c.inner.enter(state)
	}
}

// apply makes cfg the settings in force.
func (l *Listener) apply(cfg Config) error {
	if problems := cfg.Validate(); len(problems) > 0 {
		return fmt.Errorf("listener.%s", problems[0])
	}
	config, err := loadTLS(cfg.TLS, l.tickets)
	if err != nil {
		return err
	}
	set := &settings{Config: cfg, tls: config}
	for _, p := range cfg.TrustedProxies {
		set.trusted = append(set.trusted, p.Masked())
	}
	l.settings.Store(set)
	return nil
}

// Start binds the address and begins to accept.
func (l *Listener) Start() error {
	ln, err := net.Listen("tcp", l.start.Address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", l.start.Address, err)
	}
	l.gate.Listener = ln
	l.serving.Go(func() {
		if err := l.server.Serve(l.gate); err != nil {
			l.log.Error().Err(err).Msg("accepting ended")
		}
	})
	l.log.Info().Str("address", ln.Addr().String()).Bool("tls", l.start.TLS.Enabled()).Msg("listening")
	return nil
}

// Addr returns the bound address, nil before Start.
func (l *Listener) Addr() net.Addr {
	if l.gate.Listener == nil {
		return nil
	}
	return l.gate.Listener.Addr()
}

// Stats returns the counts.
func (l *Listener) Stats() Stats {
	return Stats{
		Open: l.gate.count(), Accepted: l.gate.accepted.Load(), Refused: l.gate.refused.Load(),
		Panics: l.panics.Load(),
	}
}

// Reload replaces everything that does not need a restart; requests under way
// keep what they began with. Certificates are read again even if their paths are
// the same. After an error the old settings stay.
func (l *Listener) Reload(cfg Config) error {
	switch {
	case cfg.Address != l.start.Address:
		return fmt.Errorf("listener.address: %s, want %s until a restart", cfg.Address, l.start.Address)
	case cfg.TLS.Enabled() != l.start.TLS.Enabled():
		return errors.New("listener.tls: turned on or off, want no such change until a restart")
	case cfg.MaxHeader > l.start.MaxHeader:
		return fmt.Errorf("listener.max_header: %s, want at most %s until a restart", cfg.MaxHeader, l.start.MaxHeader)
	}
	return l.apply(cfg)
}

// Stop lets nothing more in, ends idle connections and waits until every request
// under way, streams included, is answered. Once ctx ends, what is left is cut
// and counted in the error; handlers get a second to notice.
func (l *Listener) Stop(ctx context.Context) error {
	if l.gate.Listener == nil {
		return nil
	}
	l.draining.Store(true)
	l.gate.close()
	err := l.server.ShutdownWithContext(ctx)
	if ctx.Err() != nil {
		err = fmt.Errorf("drain: %d connections cut: %w", l.gate.abort(), ctx.Err())
		l.gate.empty(lingerTime)
	}
	l.serving.Wait()
	return err
}
