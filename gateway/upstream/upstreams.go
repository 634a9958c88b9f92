// Package upstream forwards requests to pools of healthy upstreams.
package upstream

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"os"
	"sync"

	"github.com/rs/zerolog"
)

// Upstreams holds the pools of the running configuration. Targets outlive it: a
// reload that keeps a target keeps its connections and its health.
type Upstreams struct {
	log zerolog.Logger

	mu      sync.Mutex // guards what follows; never held across I/O but that of reading a CA file
	pools   map[string]*Pool
	targets map[targetKey]*target
	closed  bool

	checks sync.WaitGroup // every running health check
}

// targetKey tells apart what may share connections and health.
type targetKey struct {
	pool, url, serverName string
	ca                    [sha256.Size]byte
}

// New starts the pools of c. It fails where a CA file cannot be used.
func New(c Config, log zerolog.Logger) (*Upstreams, error) {
	u := &Upstreams{log: log.With().Str("component", "upstream").Logger()}
	if err := u.Reload(c); err != nil {
		return nil, err
	}
	return u, nil
}

// Reload makes c the running configuration, or changes nothing and returns why.
// Pools handed out before stay usable: a target that c no longer names finishes
// its running requests and closes its connections.
func (u *Upstreams) Reload(c Config) error {
	if p := c.Validate(); len(p) > 0 {
		return fmt.Errorf("upstream: %s", p[0])
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return fmt.Errorf("upstream: reload after close")
	}
	pools, targets := map[string]*Pool{}, map[targetKey]*target{}
	for _, name := range sortedNames(c.Pools) {
		p, err := u.build(name, c.Pools[name].withDefaults(), targets)
		if err != nil {
			return fmt.Errorf("pool %s: %w", name, err)
		}
		pools[name] = p
	}
	old := u.targets
	u.pools, u.targets = pools, targets
	u.settle(old)
	return nil
}

// build makes a pool from targets that exist and new ones.
func (u *Upstreams) build(name string, c PoolConfig, targets map[targetKey]*target) (*Pool, error) {
	roots, sum, err := readCA(c.CA)
	if err != nil {
		return nil, err
	}
	p := &Pool{name: name, config: c}
	for _, raw := range c.Targets {
		key := targetKey{pool: name, url: raw, serverName: c.ServerName, ca: sum}
		t := u.targets[key]
		if t == nil {
			t = newTarget(name, raw, c, roots)
		}
		targets[key] = t
		p.members = append(p.members, member{target: t, host: hostOf(c, t)})
	}
	return p, nil
}

// hostOf returns the Host field for a target, "" for that of the client.
func hostOf(c PoolConfig, t *target) string {
	switch {
	case c.PreserveHost:
		return ""
	case c.Host != "":
		return c.Host
	}
	return t.host
}

// settle starts the checks of the current targets and retires those that are no
// longer named.
func (u *Upstreams) settle(old map[targetKey]*target) {
	for key, t := range u.targets {
		c := u.pools[key.pool].config
		t.keepFor(c.KeepAlive)
		u.watch(t, c)
		delete(old, key)
	}
	for _, t := range old {
		t.stopCheck()
		t.retire()
	}
}

// Pool returns the pool called name of the running configuration, nil if there
// is none.
func (u *Upstreams) Pool(name string) *Pool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.pools[name]
}

// Close stops the health checks, waits for them, and closes idle connections;
// requests that still run close theirs when they end.
func (u *Upstreams) Close(ctx context.Context) error {
	u.mu.Lock()
	u.closed = true
	for _, t := range u.targets {
		t.stopCheck()
		t.retire()
	}
	u.mu.Unlock()
	done := make(chan struct{})
	go func() {
		u.checks.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("upstream: wait for health checks: %w", ctx.Err())
	}
}

// readCA returns the authorities in a PEM file and its hash; nil without a file.
func readCA(path string) (*x509.CertPool, [sha256.Size]byte, error) {
	if path == "" {
		return nil, [sha256.Size]byte{}, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, [sha256.Size]byte{}, fmt.Errorf("read ca: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, [sha256.Size]byte{}, fmt.Errorf("read ca %s: no certificate in it", path)
	}
	return roots, sha256.Sum256(pem), nil
}
