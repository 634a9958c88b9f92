// Package gateway assembles the gateway and runs it.
package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/gateway/admin"
	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/gateway/authz"
	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/gateway/listener"
	"github.com/riskgate/riskgate/gateway/logoff"
	"github.com/riskgate/riskgate/gateway/pipeline"
	"github.com/riskgate/riskgate/gateway/ratelimit"
	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/gateway/upstream"
	"github.com/riskgate/riskgate/gateway/verdict"
	"github.com/riskgate/riskgate/signals"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/signals/geo"
	"github.com/riskgate/riskgate/streaming"
)

// Clock tells the wall time. Wall time enters a decision once; timers elsewhere
// are monotonic.
type Clock func() time.Time

// Options is what a gateway needs beside its configuration.
type Options struct {
	// Load reads the configuration, at the start and at every reload.
	Load func() (*config.Config, error)
	// Files lists files that Load reads: a change of one reloads. May be empty.
	Files   []string
	Clock   Clock // nil: time.Now
	Node    string
	Version string
	Log     zerolog.Logger
}

// Gateway is one running gateway. Make it with New, then Start and Stop it once
// each; every other method may be called from any goroutine in between.
type Gateway struct {
	options Options
	log     zerolog.Logger
	boot    uint64
	config  atomic.Pointer[config.Config]
	refused atomic.Pointer[config.Config] // by the last reload; nil: it took one, or could not read one
	unread  string                        // why there was none to read; of the goroutine that watches
	fixed   *config.Config                // what the start fixed: a reload cannot change it
	keys    baseline.Keys
	loaded  []byte // fingerprint of the watched files at the start
	ruled   []byte // the same of the verdicts

	memory    *baseline.Memory
	geo       *geo.Databases
	collector *signals.Collector
	limiter   *ratelimit.Limiter
	asked     *stepup.Table
	ended     *logoff.Table
	kept      uint64 // changes of ended that are saved; of the goroutine that steers
	verdicts  *verdict.Board
	upstreams *upstream.Upstreams
	stream    *streaming.Stream
	recent    *recent
	reopen    func() // opens the sink's file anew; nil: it has none
	pipeline  *pipeline.Pipeline
	listener  *listener.Listener
	admin     *admin.Admin
	registry  *prometheus.Registry
	counts    reloadCounts
	steering  steering
	attack    attack // of the goroutine that steers
	learning  learning
	engines   engines // that decisions of late were made by

	reloading sync.Mutex           // held for one reload; guards authn, checks and authz
	authn     *authn.Authenticator // of the current snapshot
	checks    *task                // the Run of authn
	authz     *authz.Authorizer    // the same

	ready      atomic.Bool
	ending     context.CancelFunc
	background sync.WaitGroup
}

// New builds a gateway. It opens the store, the ring and the databases, but
// binds no address. Stop releases them, also when Start was never called.
func New(o Options) (*Gateway, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	c, err := o.Load()
	if err != nil {
		return nil, err
	}
	if o.Node == "" {
		o.Node, _ = os.Hostname() // "" is a name too
	}
	g := &Gateway{options: o, log: o.Log, boot: uint64(o.Clock().UnixMilli()), fixed: c, registry: prometheus.NewRegistry()}
	g.config.Store(c)
	g.loaded, g.ruled = fingerprint(g.watched()), fingerprint(g.judged())
	if err := g.open(c); err != nil {
		return nil, errors.Join(err, g.release(context.Background()))
	}
	return g, nil
}

// open makes every part, in the order in which they depend on each other.
func (g *Gateway) open(c *config.Config) (err error) {
	debug.SetMemoryLimit(int64(c.Memory))
	if g.keys, err = clusterKeys(c.Signals.Baseline.Store, g.log); err != nil {
		return err
	}
	if g.memory, err = baseline.Open(c.Signals.Baseline, g.keys, g.options.Clock(), g.log); err != nil {
		return err
	}
	if g.geo, err = geo.Open(c.Signals.Geo, g.log); err != nil {
		return err
	}
	lists, err := g.readLists(c)
	if err != nil {
		return err
	}
	g.collector = signals.New(c.Signals, g.memory, g.geo, lists, g.keys)
	if err = g.collector.Load(); err != nil {
		return err
	}
	if g.upstreams, err = upstream.New(c.Upstream, g.log); err != nil {
		return err
	}
	g.limiter, g.asked = ratelimit.New(c.RateLimit, g.options.Clock()), stepup.NewTable(c.StepUp.Entries)
	g.loadEnded()
	g.verdicts = verdict.New(g.log)
	if err = g.loadVerdicts(c); err != nil {
		return err
	}
	if err = g.openStream(c); err != nil {
		return err
	}
	g.pipeline = pipeline.New(pipeline.Parts{
		Node: g.options.Node, Boot: g.boot, Collector: g.collector, Limiter: g.limiter,
		Stream: g.stream, Metrics: pipeline.NewMetrics(g.registry), Verdicts: g.verdicts, Ended: g.ended, Log: g.log,
		Looked: g.looked, Stepped: g.learning.step, Ruled: g.labelRulings,
	})
	if g.listener, err = listener.New(c.Listener, g.pipeline, g.options.Clock, g.log); err != nil {
		return err
	}
	if g.admin, err = admin.New(c.Admin, g, g.registry, g.log); err != nil {
		return err
	}
	g.register()
	g.configureLearning(&c.Risk)
	g.follow(c)
	if err = g.loadSteering(); err != nil {
		return err
	}
	return g.swap(c)
}

func (g *Gateway) openStream(c *config.Config) (err error) {
	sink, err := newSink(c.Streaming, g.boot)
	if err != nil {
		return err
	}
	if f, ok := sink.(interface{ Reopen() }); ok {
		g.reopen = f.Reopen
	}
	sink, g.recent = remember(sink, c.Admin.Recent)
	g.stream, err = streaming.New(c.Streaming, g.options.Node, g.boot, g.options.Version, sink, g.options.Clock, g.log)
	if err != nil {
		return errors.Join(err, sink.Close())
	}
	g.stream.Start()
	return nil
}

// Start binds the addresses and takes traffic.
func (g *Gateway) Start() error {
	ctx, cancel := context.WithCancel(context.Background())
	g.ending = cancel
	g.publishConfig(g.config.Load())
	g.geo.Start()
	g.background.Go(func() { g.collector.Run(ctx, g.log) })
	g.background.Go(func() { g.steer(ctx) })
	g.background.Go(func() { g.learn(ctx) })
	if err := g.listener.Start(); err != nil {
		return err
	}
	if err := g.admin.Start(); err != nil {
		return err
	}
	if len(g.options.Files) > 0 {
		g.background.Go(func() { watch(ctx, g.watched, g.loaded, g.renew) })
	}
	g.background.Go(func() { watch(ctx, g.judged, g.ruled, g.renewVerdicts) })
	g.ready.Store(true)
	return nil
}

// Addr returns the address of the listener. Call it after Start.
func (g *Gateway) Addr() net.Addr { return g.listener.Addr() }

// AdminAddr returns the address for operators. Call it after Start.
func (g *Gateway) AdminAddr() net.Addr { return g.admin.Addr() }

// Config returns the configuration in force.
func (g *Gateway) Config() *config.Config { return g.config.Load() }

// Pipeline returns the pipeline, to decide without a connection.
func (g *Gateway) Pipeline() *pipeline.Pipeline { return g.pipeline }

// Stop drains: no new connections, running requests end within listener.drain,
// then what was learned is written and every event delivered, until ctx ends.
func (g *Gateway) Stop(ctx context.Context) error {
	g.ready.Store(false)
	g.log.Info().Msg("draining")
	drain, cancel := context.WithTimeout(ctx, g.config.Load().Listener.Drain)
	defer cancel()
	drained := g.listener.Stop(drain)
	if g.ending != nil {
		g.ending()
	}
	g.background.Wait()
	return errors.Join(drained, g.release(ctx))
}

// release closes what open opened, in the opposite order. Parts that were never
// made are skipped.
func (g *Gateway) release(ctx context.Context) error {
	var errs []error
	if g.admin != nil {
		errs = append(errs, g.admin.Stop(ctx))
	}
	if g.pipeline != nil {
		g.pipeline.Swap(nil)
	}
	if g.upstreams != nil {
		errs = append(errs, g.upstreams.Close(ctx))
	}
	if g.stream != nil {
		errs = append(errs, g.stream.Stop(ctx))
	}
	if g.geo != nil {
		g.geo.Stop()
	}
	if g.collector != nil {
		errs = append(errs, g.collector.Save(), g.saveSteering(), g.saveLearning(), g.saveEnded())
	}
	if g.memory != nil {
		errs = append(errs, g.memory.Close(ctx))
	}
	return errors.Join(errs...)
}

// Ready reports whether the gateway takes traffic, as an error that says what is
// missing.
func (g *Gateway) Ready() error {
	if !g.ready.Load() {
		return errors.New("draining")
	}
	return nil
}

// clusterKeys reads the cluster key, or makes one for a gateway without a store.
func clusterKeys(c baseline.StoreConfig, log zerolog.Logger) (baseline.Keys, error) {
	if c.KeyFile != "" {
		return baseline.LoadKeys(c.KeyFile)
	}
	log.Warn().Msg("no signals.baseline.store.key_file: baselines and pseudonyms last until this process ends")
	root := make([]byte, baseline.KeyBytes)
	_, _ = rand.Read(root) // never fails
	return baseline.NewKeys(root)
}
