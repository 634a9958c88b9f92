package upstream

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"
)

var discard = zerolog.Nop()

// lines collects log lines.
type lines struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// switchable is a server whose health can be switched off.
func switchable(t *testing.T) (url string, healthy *atomic.Bool, checks *atomic.Int64) {
	t.Helper()
	healthy, checks = new(atomic.Bool), new(atomic.Int64)
	healthy.Store(true)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			checks.Add(1)
			if !healthy.Load() {
				w.WriteHeader(503)
			}
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, healthy, checks
}

func quickHealth(c *PoolConfig) {
	c.Health = HealthConfig{Path: "/healthz", Interval: time.Millisecond, Healthy: 2, Unhealthy: 3}
}

// TestHealth takes a target out and back, logs each change once, and tries all
// targets where none is up.
func TestHealth(t *testing.T) {
	a, healthyA, _ := switchable(t)
	b, healthyB, _ := switchable(t)
	var log lines
	c := PoolConfig{Targets: []string{a, b}}
	quickHealth(&c)
	u, err := New(Config{Pools: map[string]PoolConfig{"web": c}}, zerolog.New(&log))
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close(context.Background())
	up := func() int {
		n := 0
		for _, s := range u.Stats() {
			n += map[bool]int{true: 1}[s.Up]
		}
		return n
	}
	healthyA.Store(false)
	eventually(t, "the end of a in rotation", func() bool { return up() == 1 })
	for range 30 {
		if _, r := get(t, u.Pool("web")); r.Target != b || r.Denial != "" {
			t.Fatalf("request went to a target that is down: %+v", r)
		}
	}
	healthyB.Store(false)
	eventually(t, "the end of b in rotation", func() bool { return up() == 0 })
	seen := map[string]bool{}
	for range 64 {
		_, r := get(t, u.Pool("web"))
		seen[r.Target] = r.Denial == ""
	}
	if !seen[a] || !seen[b] {
		t.Errorf("with none up, requests went to %v, want both", seen)
	}
	healthyA.Store(true)
	healthyB.Store(true)
	eventually(t, "the return of both", func() bool { return up() == 2 })
	if got := strings.Count(log.String(), "\n"); got != 4 {
		t.Errorf("%d log lines, want one per change:\n%s", got, log.String())
	}
}

func TestHealthStatus(t *testing.T) {
	for _, c := range []struct {
		wanted []int
		status int
		ok     bool
	}{{nil, 200, true}, {nil, 204, true}, {nil, 302, false}, {nil, 503, false}, {[]int{401}, 401, true}, {[]int{401}, 200, false}} {
		if passes(c.wanted, c.status) != c.ok {
			t.Errorf("passes(%v, %d) = %v", c.wanted, c.status, !c.ok)
		}
	}
}

// TestReload: a target that stays keeps its connections and its health, one that
// goes finishes its requests and closes.
func TestReload(t *testing.T) {
	a, healthy, _ := switchable(t)
	b, _, _ := switchable(t)
	u, p := testUpstreams(t, quickHealth, a, b)
	healthy.Store(false)
	eventually(t, "the end of a in rotation", func() bool { return !u.Stats()[0].Up || !u.Stats()[1].Up })
	if _, r := get(t, p); r.Target != b {
		t.Fatal(r)
	}
	keepB := p.members[1].target
	next := PoolConfig{Targets: []string{a, b}, ResponseTimeout: time.Second}
	quickHealth(&next)
	if err := u.Reload(Config{Pools: map[string]PoolConfig{"web": next}}); err != nil {
		t.Fatal(err)
	}
	q := u.Pool("web")
	if q == p || q.members[1].target != keepB || !q.members[0].down.Load() || keepB.idleCount() != 1 {
		t.Error("a reload that keeps the targets lost their state")
	}
	only := PoolConfig{Targets: []string{a}}
	if err := u.Reload(Config{Pools: map[string]PoolConfig{"web": only}}); err != nil {
		t.Fatal(err)
	}
	if keepB.idleCount() != 0 || u.Pool("web").members[0].down.Load() {
		t.Error("b keeps connections after it went, or a stays down without a check")
	}
	// A request of the old configuration still works, and keeps nothing.
	for range 4 {
		if r := p.Forward(prepared("GET", "/", "", nil), new(fasthttp.Response)); r.Denial != "" {
			t.Fatal(r)
		}
	}
	if keepB.idleCount() != 0 {
		t.Error("a connection to a target that went was kept")
	}
	if err := u.Reload(Config{Pools: map[string]PoolConfig{"web": {}}}); err == nil || u.Pool("web") == nil {
		t.Errorf("a bad configuration: %v, pool %v", err, u.Pool("web"))
	}
	if u.Pool("none") != nil {
		t.Error("there is a pool that is not configured")
	}
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	up := startRaw(t, answering(okAnswer))
	u, p := testUpstreams(t, func(c *PoolConfig) { c.KeepAlive = 10 * time.Millisecond }, up.url())
	if _, r := get(t, p); r.Denial != "" {
		t.Fatal(r)
	}
	eventually(t, "the end of the idle connection", func() bool { return u.Stats()[0].Idle == 0 })
}

func TestPickPrefersTheLessBusy(t *testing.T) {
	p := testPool(t, func(c *PoolConfig) { c.MaxConnections = 100 }, "http://a.invalid", "http://b.invalid", "http://c.invalid")
	for range 150 {
		if p.pick(nil) == nil {
			t.Fatal("no target")
		}
	}
	for i := range p.members {
		if n := p.members[i].pending.Load(); n < 40 || n > 60 {
			t.Errorf("target %d has %d of 150 requests", i, n)
		}
	}
}

func TestReasonsAreUpstreamDenials(t *testing.T) {
	for _, d := range models.Denials() {
		charged := false
		for _, r := range reasons {
			charged = charged || r == d
		}
		if charged != strings.HasPrefix(string(d), "upstream_") {
			t.Errorf("%s: counted %v", d, charged)
		}
	}
}
