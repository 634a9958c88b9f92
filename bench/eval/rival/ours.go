package rival

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/signals"
	"github.com/riskgate/riskgate/signals/baseline"
)

// Config says by what riskgate scores.
type Config struct {
	Name string
	Risk risk.Config
	// Tokens lets browsers keep the device tokens they are given. Without them
	// nobody was ever issued one.
	Tokens bool
	// Unramped puts nothing on probation: what is learned counts in full at once.
	Unramped bool
	// Subjects is how many have room in memory. 0: as many as by default.
	Subjects int
	// Ablate adds a score for each group: the same evidence fused with the group's
	// weight at 0; one for the ramp of trust: the same with nothing on probation; and
	// one for personal novelty: the same with everybody's. What was learned is that of the whole model. From is when they
	// begin to differ from the whole score: before it they are not computed.
	Ablate bool
	From   time.Time
}

// Ours is riskgate: the collector, the engine and what they learn, fed with
// logins in which the place of an address is written. Scores are log-odds. It
// begins knowing nobody. Close it.
type Ours struct {
	config    Config
	names     []string
	engine    *risk.Engine
	without   []*risk.Engine // by Groups
	memory    *baseline.Memory
	collector *signals.Collector
	locator   located
	routes    map[string]*signals.RouteFacts
	jars      *traffic.Jars
	requests  uint64
	identity  models.Identity
	view      models.Request
	event     models.Event
	assessed  models.Assessment
	changed   models.Features
	evidence  models.EvidenceSet
}

// roomEach is for a subject with some to spare: hashing does not fill memory evenly.
const roomEach = 2 << 10

// NewOurs returns riskgate at that time, which is not later than any event.
func NewOurs(c Config, start time.Time) (*Ours, error) {
	keys, err := baseline.NewKeys([]byte("thirty-two bytes of a known key."))
	if err != nil {
		return nil, fmt.Errorf("derive keys: %w", err)
	}
	cfg := signals.DefaultConfig()
	cfg.Baseline.Known = max(cfg.Baseline.Known, roomEach*models.Size(c.Subjects))
	memory, err := baseline.Open(cfg.Baseline, keys, start, zerolog.Nop())
	if err != nil {
		return nil, fmt.Errorf("open memory: %w", err)
	}
	o := &Ours{
		config: c, names: []string{c.Name}, engine: risk.New(c.Risk), memory: memory,
		routes: map[string]*signals.RouteFacts{}, jars: traffic.NewJars(),
	}
	o.collector = signals.New(cfg, memory, &o.locator, nil, keys)
	if c.Ablate {
		for _, g := range Weighing(c.Risk) {
			o.names = append(o.names, c.Name+"-"+g.String())
			o.without = append(o.without, risk.New(Without(c.Risk, g)))
		}
		o.names = append(o.names, c.Name+"-ramp", c.Name+"-personal")
	}
	return o, nil
}

// Close releases the memory of subjects.
func (o *Ours) Close() error { return o.memory.Close(context.Background()) }

// Memory tells about the memory of subjects.
func (o *Ours) Memory() baseline.Stats { return o.memory.Stats() }

// Names returns the name of the whole model, then one for each group left out.
func (o *Ours) Names() []string { return o.names }

// Score gives the log-odds of an attack.
func (o *Ours) Score(e *traffic.Event, out []float32) {
	o.collect(e)
	ev := &o.event
	if o.config.Unramped {
		trust(&ev.Features)
		signals.Evaluate(&ev.Features, &ev.Evidence)
	}
	o.engine.Assess(&ev.Features, &ev.Evidence, ev.Class, &ev.Assessment)
	whole := o.logOdds(&ev.Assessment)
	for i := range out {
		out[i] = whole
	}
	if e.Time.Before(o.config.From) {
		return
	}
	for i, engine := range o.without {
		engine.Assess(&ev.Features, &ev.Evidence, ev.Class, &o.assessed)
		out[1+i] = o.logOdds(&o.assessed)
	}
	if o.config.Ablate {
		out[len(out)-2], out[len(out)-1] = o.with(trust), o.with(likeEverybody)
	}
}

// with scores the event with other features.
func (o *Ours) with(change func(*models.Features)) float32 {
	ev := &o.event
	o.changed = ev.Features
	change(&o.changed)
	signals.Evaluate(&o.changed, &o.evidence)
	o.engine.Assess(&o.changed, &o.evidence, ev.Class, &o.assessed)
	return o.logOdds(&o.assessed)
}

// likeEverybody expects something new as often of this caller as of everybody.
func likeEverybody(f *models.Features) {
	for i := range models.Feature(3) {
		f.Values[models.NetNovelty1+i] = f.Values[models.NetHazard1+i]
		f.Values[models.DevNovelty1+i] = f.Values[models.DevHazard1+i]
	}
}

// trust ends every probation.
func trust(f *models.Features) {
	for _, i := range []models.Feature{
		models.NetTrust2, models.NetTrust3, models.DevTrust2, models.DevTrust3, models.TokenTrust,
	} {
		f.Set(i, 1)
	}
}

// Assessment returns what the whole model makes of the event scored last, until
// the next.
func (o *Ours) Assessment() *models.Assessment { return &o.event.Assessment }

// LogOdds returns the contributions to the last score, by group: with Base they
// add up to it.
func (o *Ours) LogOdds(group models.Group) float64 {
	return o.config.Risk.Slope * o.event.Assessment.Contributions[group].Nats
}

// Base returns the log-odds of no evidence.
func (o *Ours) Base() float64 { return o.config.Risk.Intercept }

func (o *Ours) logOdds(a *models.Assessment) float32 {
	return float32(o.config.Risk.Slope*a.Nats + o.config.Risk.Intercept)
}

// Features returns what the last score was computed from, until the next.
func (o *Ours) Features() *models.Features { return &o.event.Features }
