package siege

import (
	"iter"
	"slices"
	"time"

	"github.com/riskgate/riskgate/bench/eval"
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/risk/adapt"
)

// inundation is one gate while it is flooded.
type inundation struct {
	Flooded
	flood        string
	plan         *traffic.FloodPlan // nil: no flood
	budget       models.Share
	own          []string // persons who are the attacker's
	begins, ends time.Time
	gate         *eval.Gate
	engine       *risk.Engine // with the configured thresholds
	all          *adapt.Budget
	hour         int64
	counted      map[models.Pseudonym]bool // in hour
	caught       int
}

func (r *inundation) run(c Config) error {
	c.Risk.Budget.StepUp = r.budget
	g, err := c.gate()
	if err != nil {
		return err
	}
	defer func() { _ = g.Close() }() // nothing is stored
	r.gate, r.engine = g, risk.New(c.Risk)
	r.World, r.Seed, r.Budget, r.Flood = string(c.World.World), c.World.Seed, float64(r.budget), r.flood
	v, n := visits{g}, 0
	for e := range r.events(&c) {
		if n++; c.Progress != nil && n%1024 == 0 {
			c.Progress(n, e.Time)
		}
		if e.Label != traffic.Honest && e.Label != traffic.ThresholdFlood {
			r.attack(e)
			continue
		}
		v.serve(e, func(ev *models.Event, again bool) {
			if !again {
				r.take(e, ev, c.World.Start)
			}
		})
	}
	r.ShiftEnd = g.Shift()
	r.Before.sum()
	r.After.sum()
	r.Caught = float64(r.caught) / float64(max(1, r.Attacks))
	return nil
}

// events returns the world with the flood in it.
func (r *inundation) events(c *Config) iter.Seq[*traffic.Event] {
	if r.plan == nil {
		return c.World.Events()
	}
	return traffic.Merge(c.World.Events(), r.plan.Events())
}

// From asLong/asLongOf of the days before the attacks on, there are as many as with
// them: 30 of 70.
const asLong, asLongOf = 4, 7

func (r *inundation) take(e *traffic.Event, ev *models.Event, start time.Time) {
	if e.Time.Before(r.begins) {
		r.ShiftBefore = r.gate.Shift()
	}
	if !e.Time.After(r.ends) {
		r.ShiftAfter = r.gate.Shift()
	}
	switch {
	case e.Label == traffic.ThresholdFlood && e.Attack == 1:
		r.wave(ev)
	case e.Label != traffic.Honest || slices.Contains(r.own, e.Person) || !r.first(ev):
	case e.Time.After(r.ends):
		r.After.take(ev)
	case e.Time.Before(r.begins) && e.Time.Sub(start) > r.begins.Sub(start)*asLong/asLongOf:
		r.Before.take(ev)
	}
}

// attack takes a takeover, which counts once the flood is over.
func (r *inundation) attack(e *traffic.Event) {
	if !e.Time.After(r.ends) {
		return
	}
	r.Attacks++
	bare := *e
	bare.HoldsToken = false // nobody here has taken a token
	if Caught(r.gate.Judge(&bare)) {
		r.caught++
	}
}

// wave takes one request of the flood.
func (r *inundation) wave(ev *models.Event) {
	over := ev.Assessment.Nats - r.engine.NatsAt(r.engine.Thresholds(ev.Class).StepUp)
	r.Requests++
	if over >= 0 {
		r.High++
	}
	if r.first(ev) {
		r.Counted++
	}
	if r.budget == 0 {
		return
	}
	if r.all == nil {
		r.all = adapt.NewBudget(float64(r.budget), 0)
		r.all.Resume(r.ShiftBefore, r.gate.Sessions())
	}
	r.all.See(over)
	r.ShiftAll = r.all.Nats()
}

// first reports whether a budget would count the decision.
func (r *inundation) first(ev *models.Event) bool {
	if hour := ev.Time.Unix() / 3600; hour != r.hour || r.counted == nil {
		r.hour, r.counted = hour, map[models.Pseudonym]bool{}
	}
	if !eval.Counts(ev) || r.counted[ev.Pseudonym] {
		return false
	}
	r.counted[ev.Pseudonym] = true
	return true
}

func (k *Kept) take(ev *models.Event) {
	k.Sessions++
	if ev.Action >= models.StepUp {
		k.SteppedUp++
	}
}

func (k *Kept) sum() { k.Share = float64(k.SteppedUp) / float64(max(1, k.Sessions)) }
