package risk

import (
	"math"

	"github.com/riskgate/riskgate/models"
)

const (
	// maxLambda bounds, in nats, what any one input may say either way.
	maxLambda = 32
	// reasonNats is how much a group must add to be named as a reason.
	reasonNats = 0.5
	// maxMode bounds Caps.AttackMode, and is what it was before it existed.
	maxMode = 1.5
)

// Engine scores requests by one configuration. It is immutable and may be used
// by any number of goroutines.
type Engine struct {
	config    Config
	record    []byte
	hash      [8]byte
	base      float64 // score of no evidence outside an attack
	actor     float64 // cap, on the grid of nats
	place     float64
	burst     float64
	innocence float64
	weights   [models.NumGroups]float64
	classes   [models.NumClasses]class
}

type class struct {
	Thresholds
	monitorNats float64 // least evidence that reaches Monitor; -Inf if none is needed
}

// New returns the engine of a configuration that Validate finds no mistake in.
func New(c Config) *Engine {
	if ps := c.Validate(); len(ps) > 0 {
		panic("BUG: invalid risk section: " + ps[0].String())
	}
	e := &Engine{config: c, record: record(&c), base: scoreOf(c.Intercept)}
	e.hash = hashOf(e.record)
	e.actor, e.place, e.burst = nats(c.Caps.Actor), nats(c.Caps.Place), nats(c.Caps.Behavior)
	e.innocence = nats(c.Caps.Innocence)
	e.weights = c.Weights.byGroup()
	for i, t := range c.Classes.byClass() {
		e.classes[i] = class{Thresholds: t, monitorNats: e.leastNats(t.Monitor)}
	}
	return e
}

// Config returns the configuration the engine scores by.
func (e *Engine) Config() Config { return e.config }

// Weights returns the weights of the groups, 0 for those that carry none.
func (e *Engine) Weights() [models.NumGroups]float64 { return e.weights }

// Mode says whether the actions asked for are to be applied.
func (e *Engine) Mode() models.Mode { return e.config.Mode }

// Thresholds returns the thresholds of a class.
func (e *Engine) Thresholds(c models.Class) Thresholds { return e.classes[c].Thresholds }

// Assess fills out with what the evidence says about one request to a route of
// the class. It reads from f the state carried into the decision, the lambdas
// held by the session and the kind of caller. The same inputs give the same bits
// on every machine.
func (e *Engine) Assess(f *models.Features, ev *models.EvidenceSet, c models.Class, out *models.Assessment) {
	var s sum
	e.contribute(&s, f, ev)
	e.carry(&s, f)
	e.credit(&s, f, ev, &e.classes[c])

	mode := e.modeOf(f)
	out.Nats = s.total()
	out.Score = scoreOf(float64(e.config.Slope*out.Nats) + e.config.Intercept + mode)
	out.Base = e.base
	if mode != 0 {
		out.Base = scoreOf(e.config.Intercept + mode)
	}
	out.ActorNats = s.actor
	out.ActorScore = e.actorScore(&s)
	out.Confidence = e.confidence(f, ev)
	e.classes[c].judge(out, mode, s.mayDeny())
	if reused(f, ev) {
		out.Wanted = max(out.Wanted, models.StepUp)
	}
	e.share(&s, out)
	reasons(&s, out)
}

// modeOf returns the log-odds that a running attack adds to this request: on
// login routes and for anonymous callers only.
func (e *Engine) modeOf(f *models.Features) float64 {
	if f.Flags&(models.IsLoginRoute|models.IsAnonymous) == 0 {
		return 0
	}
	return carried(f, models.ModeNats, 0, e.config.Caps.AttackMode)
}

// scoreOf returns 100 times the logistic function, on the grid of points.
func scoreOf(odds float64) float64 { return points(100 / (1 + models.Exp(-odds))) }

// nats rounds to a multiple of 2^-30. Sums and differences of such numbers are
// exact, whatever their order, so contributions add up exactly and a cap takes
// away exactly what exceeds it.
func nats(x float64) float64 { return x + 0x1.8p22 - 0x1.8p22 }

// points rounds to a multiple of 2^-40, for the same reason.
func points(x float64) float64 { return x + 0x1.8p12 - 0x1.8p12 }

// NatsAt returns the evidence that gives a score outside an attack: the inverse
// of the score. It is -Inf at 0 and +Inf at 100.
func (e *Engine) NatsAt(score float64) float64 { return natsAt(&e.config, score) }

// leastNats returns the smallest evidence on the grid that reaches the score.
func (e *Engine) leastNats(score float64) float64 {
	n := e.NatsAt(score)
	if math.IsInf(n, 0) {
		return n
	}
	n = nats(n)
	for scoreOf(float64(e.config.Slope*n)+e.config.Intercept) < score {
		n += 0x1p-30
	}
	return n
}
