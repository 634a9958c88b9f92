package upstream

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riskgate/riskgate/models"
)

// target is one upstream server: its idle connections, health and counts. It
// outlives the configuration that named it.
type target struct {
	pool, url string
	host      string // Host field: as in the URL, without a default port
	address   string // host:port to dial
	tls       *tls.Config
	dial      func(t *target, timeout time.Duration) (net.Conn, error)

	pending  atomic.Int32
	requests atomic.Uint64
	errors   [len(reasons)]atomic.Uint64
	down     atomic.Bool
	retired  atomic.Bool
	check    *check // running health check, nil: none; guarded by Upstreams.mu

	mu    sync.Mutex    // guards what follows; never held across I/O
	idle  []*conn       // oldest first
	keep  time.Duration // how long a connection may be idle
	sweep *time.Timer   // closes what is idle for too long; nil: not armed
}

// reasons are the denials that a target is charged with.
var reasons = [...]models.Denial{
	models.UpstreamUnavailable, models.UpstreamRefused, models.UpstreamTimeout,
	models.UpstreamProtocol, models.UpstreamTLS,
}

func newTarget(pool, raw string, c PoolConfig, roots *x509.CertPool) *target {
	u, err := url.Parse(raw)
	if err != nil {
		panic("BUG: target was not validated: " + err.Error())
	}
	t := &target{pool: pool, url: raw, host: u.Host, dial: dialTarget, keep: c.KeepAlive}
	port := u.Port()
	if u.Scheme == "https" {
		port = portOr(port, "443")
		t.tls = &tls.Config{
			MinVersion: tls.VersionTLS12,
			RootCAs:    roots,
			ServerName: c.ServerName,
			NextProtos: []string{"http/1.1"},

			ClientSessionCache: tls.NewLRUClientSessionCache(8),
		}
		if t.tls.ServerName == "" {
			t.tls.ServerName = u.Hostname()
		}
	}
	t.address = net.JoinHostPort(u.Hostname(), portOr(port, "80"))
	return t
}

func portOr(port, standard string) string {
	if port == "" {
		return standard
	}
	return port
}

// begin counts a request in, unless limit of them run already.
func (t *target) begin(limit int) bool {
	if int(t.pending.Add(1)) > limit {
		t.pending.Add(-1)
		return false
	}
	return true
}

// end counts a request out.
func (t *target) end() { t.pending.Add(-1) }

func (t *target) fail(d models.Denial) {
	for i := range reasons {
		if reasons[i] == d {
			t.errors[i].Add(1)
		}
	}
}

// take returns the connection used last that is still fit for use, nil if there
// is none. Each is polled, a system call: one that has become readable since its
// last answer was closed by the other side, or holds an answer that nobody asked
// for, which must not become the answer to the next client.
func (t *target) take() *conn {
	for {
		t.mu.Lock()
		n := len(t.idle)
		if n == 0 {
			t.mu.Unlock()
			return nil
		}
		c := t.idle[n-1]
		t.idle[n-1] = nil
		t.idle = t.idle[:n-1]
		t.mu.Unlock()
		if !c.readable() {
			c.used = true
			return c
		}
		c.close()
	}
}

// put keeps a connection for the next request.
func (t *target) put(c *conn) {
	c.since = time.Now()
	t.mu.Lock()
	if t.retired.Load() {
		t.mu.Unlock()
		c.close()
		return
	}
	t.idle = append(t.idle, c)
	if t.sweep == nil {
		t.sweep = time.AfterFunc(t.keep, t.closeOld)
	}
	t.mu.Unlock()
}

// closeOld closes what has been idle for too long. It runs while there are idle
// connections, and no longer.
func (t *target) closeOld() {
	t.mu.Lock()
	n, limit := 0, time.Now().Add(-t.keep)
	for n < len(t.idle) && !t.idle[n].since.After(limit) {
		n++
	}
	old := append([]*conn(nil), t.idle[:n]...)
	t.idle = append(t.idle[:0], t.idle[n:]...)
	t.sweep = nil
	if len(t.idle) > 0 {
		t.sweep = time.AfterFunc(time.Until(t.idle[0].since.Add(t.keep)), t.closeOld)
	}
	t.mu.Unlock()
	for _, c := range old {
		c.close()
	}
}

// keepFor sets how long connections opened or returned from now on are kept.
func (t *target) keepFor(d time.Duration) {
	t.mu.Lock()
	t.keep = d
	t.mu.Unlock()
}

// retire closes every idle connection, and the others when they come back.
func (t *target) retire() {
	t.mu.Lock()
	t.retired.Store(true)
	old := t.idle
	t.idle = nil
	if t.sweep != nil {
		t.sweep.Stop()
		t.sweep = nil
	}
	t.mu.Unlock()
	for _, c := range old {
		c.close()
	}
}

func (t *target) idleCount() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.idle)
}
