// Package siege lets attackers loose on a gate that decides every request, and
// reports what they got before they were caught.
package siege

import (
	"fmt"
	"time"

	"github.com/riskgate/riskgate/bench/eval"
	"github.com/riskgate/riskgate/bench/eval/trial"
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// Config describes a siege.
type Config struct {
	// World is a world API, or A or B.
	World traffic.Config
	// Risk is the configuration that is decided by.
	Risk risk.Config
	// Ablate adds rows of the same evidence without each of its groups.
	Ablate bool
	// Progress, unless nil, is told from time to time how many requests were
	// decided and what time it is in the world.
	Progress func(requests int, at time.Time)
}

// Warm is how long a world runs before honest requests are counted: machine
// clients are enrolled until then.
const Warm = 7 * 24 * time.Hour

// gate returns the gate of a siege, which knows nobody.
func (c *Config) gate() (*eval.Gate, error) {
	cfg := eval.DefaultConfig()
	cfg.Risk = c.Risk
	g, err := eval.NewGate(cfg, traffic.Atlas{}, c.World.Start)
	if err != nil {
		return nil, fmt.Errorf("open the gate: %w", err)
	}
	return g, nil
}

// visits lets people come to a gate: who lost his cookies comes without, who is
// challenged and honest answers and comes again.
type visits struct{ gate *eval.Gate }

// serve decides an event, and shows every decision.
func (v visits) serve(e *traffic.Event, watch func(ev *models.Event, again bool)) {
	v.gate.Begin(e)
	ev := v.gate.Serve(e, false)
	watch(ev, false)
	if e.Label == traffic.Honest && ev.Denial == models.StepUpRequired {
		watch(v.gate.Serve(e, true), true)
	}
}

// slow is the refill at or below which somebody who cannot step up is caught.
const slow = 1.0 / 16

// Caught reports whether a decision stops an attacker: a step-up, a denial, or,
// where a step-up is impossible, a rate of a sixteenth or less.
func Caught(ev *models.Event) bool {
	switch ev.Action {
	case models.StepUp, models.Deny:
		return true
	}
	return !ev.CanStepUp && (ev.Finding != "" || ev.Assessment.Refill <= slow)
}

// Report is what a siege found.
type Report struct {
	World     string     `json:"world"`
	Seed      uint64     `json:"seed"`
	Requests  int        `json:"requests"`
	Campaigns []Campaign `json:"campaigns"`
	Honest    Honest     `json:"honest"`
	// Rows hold the highest score in an attack's first 20 requests against the
	// highest of a subject's day, for the gate and for models that saw the same.
	Rows []trial.Row `json:"-"`
}

// Run lets a world pass a gate. A world without honest days after Warm, before the
// attacks and beside them, is trial.ErrTooSmall.
func Run(c Config) (*Report, error) {
	g, err := c.gate()
	if err != nil {
		return nil, err
	}
	defer func() { _ = g.Close() }() // nothing is stored
	v := visits{g}
	a, h, p := newAssault(), newHonest(&c), newPanel(&c)
	r := &Report{World: string(c.World.World), Seed: c.World.Seed}
	for e := range c.World.Events() {
		r.Requests++
		if c.Progress != nil && r.Requests%1024 == 0 {
			c.Progress(r.Requests, e.Time)
		}
		v.serve(e, func(ev *models.Event, again bool) {
			switch {
			case e.Label != traffic.Honest:
				a.take(e, ev, p.score(e, ev))
				h.attacked(e)
			case !again && e.Credential != models.NoCredential:
				h.take(e, ev, p.score(e, ev))
			}
		})
	}
	h.end()
	if len(h.before) == 0 || len(h.days) == 0 {
		return nil, fmt.Errorf("world %s, seed %d: %w: after the first %d days %d honest subject-days before the attacks and %d beside them, want one of each at least",
			r.World, r.Seed, trial.ErrTooSmall, int(Warm.Hours()/24), len(h.before), len(h.days))
	}
	r.Campaigns, r.Honest = a.report(), h.Honest
	r.Rows = p.rows(&c, h, a)
	return r, nil
}
