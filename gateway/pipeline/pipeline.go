// Package pipeline takes one request through every stage in order. The decision
// itself, stages 1 to 9, knows no transport.
package pipeline

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/gateway/authz"
	"github.com/riskgate/riskgate/gateway/logoff"
	"github.com/riskgate/riskgate/gateway/ratelimit"
	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/gateway/upstream"
	"github.com/riskgate/riskgate/gateway/verdict"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals"
	"github.com/riskgate/riskgate/streaming"
)

// Parts are what a pipeline works with and what outlives every configuration.
type Parts struct {
	Node      string // name of this gateway in events
	Boot      uint64 // unix milliseconds of the process start
	Collector *signals.Collector
	Limiter   *ratelimit.Limiter
	Stream    *streaming.Stream
	Metrics   *Metrics
	Verdicts  *verdict.Board // nil: none
	Ended     *logoff.Table  // sessions that were logged off; nil: none ever is
	Log       zerolog.Logger

	// Looked is told of every scored look of an established caller who can step up,
	// from any goroutine. It must not keep the event. Nil: nobody.
	Looked func(*models.Event)

	// Stepped is told of every step-up that an enforced score, or an explored session,
	// is asked for, and of how it ended: passed, or exhausted. It is called like
	// Looked.
	Stepped func(*models.Event)

	// Ruled is told of every request with which verdicts took effect. It is called
	// like Looked.
	Ruled func(*models.Event)
}

// Pipeline takes requests through every stage. It serves nothing before the
// first Swap.
type Pipeline struct {
	Parts
	current  atomic.Pointer[Snapshot]
	requests atomic.Uint64
	pool     sync.Pool // of *exchange
	findings *findings
}

// New returns a pipeline without a configuration.
func New(parts Parts) *Pipeline {
	p := &Pipeline{Parts: parts, findings: newFindings()}
	p.pool.New = func() any { return &exchange{pipeline: p} }
	return p
}

// exchange is one request with its decision and its answer. It is pooled; end
// gives it back.
type exchange struct {
	pipeline *Pipeline
	decision
	ctx      *fasthttp.RequestCtx
	out      upstream.Request // to the upstream
	headers  upstream.Headers
	text     []byte    // memory behind headers
	body     []byte    // of the request, where the route needs it whole
	started  time.Time // monotonic
	recorded bool      // published before the request was forwarded
}

// decision is what stages 1 to 9 read and fill. It knows no transport.
type decision struct {
	snapshot *Snapshot
	view     *models.Request // valid until the request is forwarded
	route    *Route
	identity *models.Identity // nil: anonymous
	bucket   ratelimit.Result
	policy   authz.Decision
	key      stepup.Key       // of challenges and credit
	want     stepup.Want      // what policy or route ask for; zero: what the configuration says
	ask      stepup.Challenge // when the denial is StepUpRequired
	user     []byte           // user name on a login route, empty if there is none
	event    models.Event
	input    authz.Input
	other    models.Assessment // by a candidate
	watch    stopwatch
}

func (p *Pipeline) begin(ctx *fasthttp.RequestCtx, view *models.Request) *exchange {
	x := p.pool.Get().(*exchange)
	x.ctx, x.view, x.snapshot = ctx, view, p.acquire()
	x.started = time.Now()
	x.watch.start(p.Metrics, p.requests.Add(1))
	return x
}

func (p *Pipeline) end(x *exchange) {
	x.snapshot.release()
	x.decision.reset()
	x.out.Reset()
	x.headers.Reset()
	x.ctx, x.text, x.body, x.recorded = nil, x.text[:0], x.body[:0], false
	p.pool.Put(x)
}

// reset forgets the request and keeps the memory of its event.
func (d *decision) reset() {
	d.event.Reset()
	d.snapshot, d.view, d.route, d.identity, d.user = nil, nil, nil, nil, d.user[:0]
	d.bucket, d.policy, d.input = ratelimit.Result{}, authz.Decision{}, authz.Input{}
	d.key, d.want, d.ask = stepup.Key{}, stepup.Want{}, stepup.Challenge{}
}

// Serve answers one request. It implements listener.Handler: refusal is what the
// listener found wrong with the framing, if anything.
func (p *Pipeline) Serve(ctx *fasthttp.RequestCtx, view *models.Request, refusal models.Denial) {
	x := p.begin(ctx, view)
	done := false
	defer x.snapshot.releaseUnless(&done)
	p.serve(x, refusal)
	done = true
}

// serve ends x, or leaves that to the body of a streamed answer. After a panic x
// is lost to the pool, and with it whatever still points into it.
func (p *Pipeline) serve(x *exchange, refusal models.Denial) {
	p.Limiter.ExpectAddress(x.view.Client)
	p.describe(&x.decision)
	if refusal == "" {
		refusal = x.decideHere()
	}
	if refusal == "" {
		refusal = x.record()
	}
	if refusal != "" {
		x.refuse(refusal)
		return
	}
	if x.bucket.Delay > 0 {
		time.Sleep(x.bucket.Delay)
	}
	if x.view.Front != models.Direct {
		x.permit()
		return
	}
	x.forward()
}

// decideHere runs stages 1 to 9 on a connection: on login routes the body is
// read first, because the user name stands in it.
func (x *exchange) decideHere() models.Denial {
	if denial := x.pipeline.admit(&x.decision); denial != "" {
		return denial
	}
	if x.route.Login != nil {
		if denial := x.readLogin(); denial != "" {
			return denial
		}
	}
	return x.pipeline.decide(&x.decision)
}
