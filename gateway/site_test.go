package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/testdata/geo"
)

// site is a gateway with everything around it: a folder with its files, an
// issuer, and a service behind it.
type site struct {
	t       testing.TB
	folder  string
	issuer  *testIssuer
	service *httptest.Server
	slow    chan struct{} // closed: /slow answers
	key     string        // API key of the client "shop"
	log     *lines
	clock   Clock
	client  *http.Client
	*Gateway
}

// parts fill the configuration. The zero value gives one that forwards
// everything of whoever shows a credential.
type parts struct {
	listener string // more lines of a section, indented by two
	risk     string
	routes   string
	authz    string
	rate     string
	ring     string
	recent   string
	verdict  string
	service  string // URL
	pool     string // more of the pool
}

// newSite makes a site whose gateway is not built yet.
func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{t: t, folder: t.TempDir(), slow: make(chan struct{}), log: &lines{}, clock: time.Now}
	s.issuer = newTestIssuer(t)
	s.service = httptest.NewServer(s.routes())
	t.Cleanup(s.service.Close)
	for _, name := range []string{"city.mmdb", "asn.mmdb", "anonymous.mmdb"} {
		b, err := geo.Files.ReadFile(name)
		s.must(err)
		s.write(name, string(b))
	}
	s.must(baseline.CreateKeyFile(s.path("cluster.key")))
	s.key = s.addKeys("shop")["shop"]
	s.configure(parts{})
	s.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: bound}
	t.Cleanup(s.client.CloseIdleConnections)
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) path(name string) string { return filepath.Join(s.folder, name) }

func (s *site) write(name, content string) {
	s.t.Helper()
	s.must(os.WriteFile(s.path(name), []byte(content), 0o600))
}

// addKeys writes a key file that holds one key for each owner, and returns them.
func (s *site) addKeys(owners ...string) map[string]string {
	s.t.Helper()
	all, text := map[string]string{}, "keys:\n"
	for _, owner := range owners {
		wire, hash := authn.GenerateKey(owner)
		all[owner] = wire
		text += fmt.Sprintf("  - {id: %s, owner: %s, hash: %q}\n", owner, owner, hash)
	}
	s.write("keys.yaml", text)
	return all
}

// configure writes riskgate.yaml.
func (s *site) configure(p parts) {
	s.t.Helper()
	if p.ring == "" {
		p.ring = "bytes: 8MiB"
	}
	if p.rate == "" {
		p.rate = "address: 1000000/s, subject: 1000000/s, burst: 100000"
	}
	if p.risk == "" {
		p.risk = "mode: shadow"
	}
	if p.service == "" {
		p.service = s.service.URL
	}
	if p.recent == "" {
		p.recent = "256"
	}
	s.write("riskgate.yaml", strings.NewReplacer(
		"$LISTENER", p.listener, "$RISK", p.risk, "$ROUTES", p.routes, "$AUTHZ", p.authz, "$RATE", p.rate, "$RING", p.ring,
		"$RECENT", p.recent, "$VERDICT", p.verdict, "$SERVICE", p.service, "$POOL", p.pool, "$ISSUER", s.issuer.url).Replace(testConfig))
}

// replace changes the first occurrence of old in riskgate.yaml.
func (s *site) replace(old, new string) {
	s.t.Helper()
	text, err := os.ReadFile(s.path("riskgate.yaml"))
	s.must(err)
	if !strings.Contains(string(text), old) {
		s.t.Fatalf("riskgate.yaml does not hold %q", old)
	}
	s.write("riskgate.yaml", strings.Replace(string(text), old, new, 1))
}

const testConfig = `memory: 256MiB
listener:
  address: 127.0.0.1:0
  trusted_proxies: [127.0.0.0/8]
  $LISTENER
admin: {address: "127.0.0.1:0", recent: $RECENT}
upstream:
  pools:
    service: {targets: ["$SERVICE"], $POOL}
routes:
  - {id: items, match: {path: "/items/{id}"}, pool: service}
  - {id: open, match: {path: "/open/{rest...}"}, pool: service, authn: [none]}
  - {id: upload, match: {methods: [POST], path: /upload}, pool: service, authn: [api_key]}
  - {id: large, match: {path: /large}, pool: service, authn: [api_key]}
  - {id: ticks, match: {path: /ticks}, pool: service, authn: [api_key]}
  - {id: slow, match: {path: /slow}, pool: service, authn: [api_key]}
  - {id: action, match: {path: /action}, pool: service, authn: [api_key]}
  $ROUTES
authn:
  jwt:
    issuers: [{issuer: "$ISSUER", jwks_url: "$ISSUER/jwks.json", audience: [test], algorithms: [ES256]}]
    cache: 1MiB
  api_keys: {file: keys.yaml}
authz: {$AUTHZ}
ratelimit: {$RATE}
stepup: {acr_levels: ["urn:pwd", "urn:mfa"]}
signals:
  geo: {city: city.mmdb, asn: asn.mmdb, anonymous: anonymous.mmdb, refresh: 1s}
  baseline:
    store: {path: state, key_file: cluster.key, cache: 1MiB}
    known: 4MiB
    probation: 4MiB
    flush: 100ms
risk: {$RISK}
streaming:
  sink: file
  file: {path: events.jsonl}
  ring: {path: ring, $RING}
  batch: {retry: 100ms}
  privacy: clear
verdict: {$VERDICT}
`

// build makes the gateway, to be stopped at the end of the test.
func (s *site) build() *site {
	s.t.Helper()
	file := s.path("riskgate.yaml")
	g, err := New(Options{
		Load:  func() (*config.Config, error) { return config.Load(file) },
		Files: []string{file}, Clock: s.clock, Node: "test", Version: "test", Log: zerolog.New(s.log),
	})
	s.must(err)
	s.Gateway = g
	return s
}

// start builds and starts the gateway.
func (s *site) start() *site {
	s.t.Helper()
	s.build()
	s.must(s.Start())
	s.t.Cleanup(func() { s.stop() })
	return s
}

// stop drains the gateway, once.
func (s *site) stop() {
	s.t.Helper()
	if s.Gateway == nil {
		return
	}
	s.client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		s.t.Errorf("stop: %v", err)
	}
	s.Gateway = nil
}

// request returns a GET by the client "shop".
func (s *site) request(path string) *http.Request {
	r, err := http.NewRequest(http.MethodGet, "http://"+s.Addr().String()+path, nil)
	if err != nil {
		panic(err)
	}
	r.Header.Set("X-Api-Key", s.key)
	return r
}

// get returns status and body; status 0 is an error told in the body. It may be
// called from any goroutine.
func (s *site) get(path string) (int, string) { return s.do(s.request(path)) }

func (s *site) do(r *http.Request) (int, string) {
	resp, err := s.client.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(body)
}

// admin asks the operators' address.
func (s *site) admin(method, path string) (int, string) {
	r, err := http.NewRequest(method, "http://"+s.AdminAddr().String()+path, nil)
	if err != nil {
		panic(err)
	}
	return s.do(r)
}

// want fails the test unless a GET of path is answered with status.
func (s *site) want(path string, status int) {
	s.t.Helper()
	if got, body := s.get(path); got != status {
		s.t.Fatalf("GET %s: %d, want %d: %s", path, got, status, body)
	}
}

// bound is how long a test waits for what happens by itself: much longer than that
// takes on a busy machine.
const bound = time.Minute

// eventually waits for what happens on a timer of the gateway.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	within(t, bound, what, ok)
}

// within is eventually for what takes longer.
func within(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in %s: %s", limit, what)
		}
	}
}

// lines is a log that tests read.
type lines struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
