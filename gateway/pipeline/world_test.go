package pipeline

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/gateway/authz"
	"github.com/riskgate/riskgate/gateway/jose"
	"github.com/riskgate/riskgate/gateway/listener"
	"github.com/riskgate/riskgate/gateway/logoff"
	"github.com/riskgate/riskgate/gateway/ratelimit"
	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/gateway/upstream"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/signals"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/streaming"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// Where the callers of the tests are, and with what.
const (
	berlin = "192.0.2.10"
	mobile = "198.51.100.7" // another provider, same city
	sydney = "203.0.113.9"

	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	chrome  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)

// atlas knows three networks.
type atlas struct{}

func (atlas) Ready() bool { return true }

func (atlas) Lookup(addr netip.Addr, _ uint64) (models.Place, models.Flag, models.State) {
	at := func(asn uint32, country string, lat, lon float32) (models.Place, models.Flag, models.State) {
		return models.Place{ASN: asn, Country: [2]byte{country[0], country[1]}, Latitude: lat, Longitude: lon,
			Radius: 20, HasLocation: true}, 0, models.Clean
	}
	switch addr.As16()[12] {
	case 192:
		return at(64496, "DE", 52.5, 13.4)
	case 198:
		return at(64497, "DE", 52.5, 13.4)
	case 203:
		return at(64498, "AU", -33.9, 151.2)
	}
	return models.Place{}, 0, models.Unavailable
}

// sink keeps what it is given.
type sink struct{ events chan *models.Event }

func (s *sink) Name() string { return "test" }
func (s *sink) Close() error { return nil }
func (s *sink) Write(_ context.Context, messages []streaming.Message) error {
	for i := range messages {
		e := &models.Event{}
		if err := ocsf.Decode(messages[i].Value, e); err != nil {
			return err
		}
		s.events <- e
	}
	return nil
}

// settings are what a test changes before its world is built.
type settings struct {
	routes   []Route // Pool "" stands for the upstream of the test
	policies string
	authn    authn.Config
	authz    authz.Config
	risk     risk.Config
	stepup   stepup.Config
	rate     ratelimit.Config
	listener listener.Config
	stream   streaming.Config
	pools    upstream.PoolConfig
	upstream http.HandlerFunc
	target   string // instead of upstream
	hsts     bool
	secure   bool // the listener speaks TLS
	discard  bool // events are kept nowhere
	stalled  bool // the stream is never started: the ring only fills
}

// world is a pipeline of real parts between a real listener and a real upstream.
type world struct {
	testing.TB
	*Pipeline
	settings
	listener *listener.Listener
	sink     *sink
	snap     *Snapshot
	closed   atomic.Int32 // snapshots
	key      *ecdsa.PrivateKey
	apiKeys  map[string]string // by id, as they are shown
	nanos    atomic.Int64
	stopped  bool
}

func (w *world) now() time.Time          { return time.Unix(0, w.nanos.Load()).UTC() }
func (w *world) advance(d time.Duration) { w.nanos.Add(int64(d)) }

const testIssuer = "https://idp.example"

func newWorld(t testing.TB, edit ...func(*settings)) *world {
	t.Helper()
	w := &world{TB: t, apiKeys: map[string]string{}, sink: &sink{events: make(chan *models.Event, 4096)}}
	w.nanos.Store(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).UnixNano())
	w.key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.settings = settings{
		routes: []Route{{ID: "items", Path: "/v1/items/{rest...}", Accept: authn.JWT | authn.APIKey, Limited: true}},
		authn:  authn.DefaultConfig(), authz: authz.DefaultConfig(), risk: risk.DefaultConfig(),
		stepup: stepup.DefaultConfig(), rate: ratelimit.DefaultConfig(), listener: listener.DefaultConfig(),
		stream: streaming.DefaultConfig(), pools: upstream.DefaultPool(),
		upstream: func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "fine") },
	}
	w.authn.APIKeys.File = w.keyFile()
	w.authn.JWT.Issuers = []authn.Issuer{{Issuer: testIssuer, Audience: []string{"api"}, Keys: jose.Config{
		File: w.keySet(), Algorithms: []string{"ES256"}, MaxStale: 30 * 24 * time.Hour}}}
	w.stepup.ACRLevels, w.stepup.Together = []string{"urn:pwd", "urn:mfa"}, 0
	w.rate.Address, w.rate.MaxKeys = 10_000, 1024
	w.settings.listener.Address = "127.0.0.1:0"
	w.settings.listener.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	w.stream.Ring = streaming.RingConfig{Path: filepath.Join(t.TempDir(), "ring"), Bytes: 8 << 20}
	w.stream.Batch.Delay, w.stream.Privacy = 0, "clear"
	for _, e := range edit {
		e(&w.settings)
	}
	w.build()
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) build() {
	w.Helper()
	keys, err := baseline.NewKeys([]byte("an example key of thirty-two byte"[:32]))
	w.must(err)
	cfg := signals.DefaultConfig()
	cfg.Baseline.Known, cfg.Baseline.Probation = 8<<20, 4<<20
	memory, err := baseline.Open(cfg.Baseline, keys, w.now(), zerolog.Nop())
	w.must(err)
	w.Cleanup(func() { _ = memory.Close(context.Background()) })
	var to streaming.Sink = w.sink
	if w.discard {
		to = streaming.Discard{}
	}
	stream, err := streaming.New(w.stream, "gate-1", 1, "test", to, w.now, zerolog.Nop())
	w.must(err)
	if !w.stalled {
		stream.Start()
	}
	w.Pipeline = New(Parts{
		Node: "gate-1", Boot: 1, Collector: signals.New(cfg, memory, atlas{}, nil, keys),
		Limiter: ratelimit.New(w.rate, w.now()), Stream: stream, Metrics: NewMetrics(prometheus.NewRegistry()),
		Ended: logoff.New([32]byte{9}),
	})
	w.snap = w.snapshot(stepup.NewTable(1024))
	w.Swap(w.snap)
	if w.secure {
		w.settings.listener.TLS = w.certificate()
	}
	w.listener, err = listener.New(w.settings.listener, w.Pipeline, w.now, zerolog.Nop())
	w.must(err)
	w.must(w.listener.Start())
}

// snapshot builds one configuration.
func (w *world) snapshot(asked *stepup.Table) *Snapshot {
	w.Helper()
	known, err := authn.New(w.authn, func(s models.Subject) models.Pseudonym {
		return models.PseudonymOf([]byte("k"), s, 0)
	}, nil, zerolog.Nop(), w.now)
	w.must(err)
	var named []authz.Route
	for _, r := range w.routes {
		named = append(named, authz.Route{ID: r.ID, Class: r.Class})
	}
	if w.policies != "" {
		w.authz.Policies = filepath.Join(w.TempDir(), "policies.cedar")
		w.must(os.WriteFile(w.authz.Policies, []byte(w.policies), 0o600))
	}
	policies, err := authz.New(w.authz, named)
	w.must(err)
	var wants []stepup.Want
	for _, want := range policies.Wants() {
		wants = append(wants, stepup.Want(want))
	}
	pools, err := upstream.New(upstream.Config{Pools: map[string]upstream.PoolConfig{"p": w.poolConfig()}}, zerolog.Nop())
	w.must(err)
	w.Cleanup(func() { _ = pools.Close(context.Background()) })
	wants = append(wants, SteppedUp)
	routes := append([]Route(nil), w.routes...)
	for i := range routes {
		r := &routes[i]
		r.Pool, r.Facts = pools.Pool("p"), signals.NewRouteFacts(r.ID, r.Path, r.Class)
		wants = append(wants, r.Want)
	}
	s := &Snapshot{Explore: NewExplorer([32]byte{7}, w.risk.Learning.Explore), Authn: known, Authz: policies, Risk: risk.New(w.risk), HSTS: w.hsts,
		StepUp: stepup.New(w.settings.stepup, asked, wants...), Close: func() { w.closed.Add(1) }}
	for i := range w.risk.Candidates {
		c := &w.risk.Candidates[i]
		s.Candidates = append(s.Candidates, Candidate{Name: c.Name, Engine: risk.New(c.Config()), Since: w.now()})
	}
	w.must(s.Build(routes, w.Metrics))
	return s
}

func (w *world) poolConfig() upstream.PoolConfig {
	target := w.target
	if target == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		w.must(err)
		server := &http.Server{Handler: w.settings.upstream}
		go func() { _ = server.Serve(l) }()
		w.Cleanup(func() { _ = server.Close() })
		target = "http://" + l.Addr().String()
	}
	w.pools.Targets = []string{target}
	return w.pools
}

// stop drains everything and returns the events that were not taken yet. Every
// request must have given its snapshot back.
func (w *world) stop() (rest []*models.Event) {
	w.Helper()
	if w.stopped {
		return nil
	}
	w.stopped = true
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	w.must(w.listener.Stop(ctx))
	w.must(w.Stream.Stop(ctx))
	last := w.current.Load()
	w.Swap(nil)
	if n := last.users.Load(); n != 0 {
		w.Errorf("%d users of the snapshot are left after the last request", n)
	}
	close(w.sink.events)
	for e := range w.sink.events {
		rest = append(rest, e)
	}
	return rest
}

// next returns the next event.
func (w *world) next() *models.Event {
	w.Helper()
	select {
	case e := <-w.sink.events:
		return e
	case <-time.After(5 * time.Second):
		w.Fatal("no event")
		return nil
	}
}

// decision returns the next decision and drops what comes before it.
func (w *world) decision() *models.Event {
	w.Helper()
	for {
		if e := w.next(); e.Kind == models.DecisionEvent {
			return e
		}
	}
}
