package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/risk/adapt"
)

// configureLearning takes over risk.learning. What an earlier run learned goes on;
// what of it cannot be read is said and left aside: a gateway without it decides
// as it is configured.
func (g *Gateway) configureLearning(c *risk.Config) {
	if !c.Learning.Any() {
		if err := g.saveLearning(); err != nil {
			g.log.Error().Err(err).Msg("what was learned cannot be saved")
		}
		g.learning.stop()
		return
	}
	var state []byte
	var err error
	if !g.learning.running() {
		state, err = g.memory.Global(learningName)
	}
	if err = errors.Join(err, g.learning.configure(c, state)); err != nil {
		g.log.Error().Str("component", "risk").Err(err).Msg("what was learned is lost, learning begins anew")
	}
}

// saveLearning keeps what was learned.
func (g *Gateway) saveLearning() error {
	b := g.learning.state(g.options.Clock())
	if b == nil {
		return nil
	}
	if err := g.memory.PutGlobal(learningName, b); err != nil {
		return fmt.Errorf("save %s: %w", learningName, err)
	}
	return nil
}

// learn learns from time to time until ctx ends.
func (g *Gateway) learn(ctx context.Context) {
	tick := time.NewTicker(learnEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			g.learnNow()
		case <-ctx.Done():
			return
		}
	}
}

// learnNow learns, takes into force what is worth it, and saves it from time to
// time, so that a process that is killed loses little.
func (g *Gateway) learnNow() {
	now := g.options.Clock()
	if !g.takeLearned(now) && !g.learning.unsaved(now) {
		return
	}
	if err := g.saveLearning(); err != nil {
		g.log.Error().Err(err).Msg("what was learned cannot be saved")
	}
}

// takeLearned learns, and takes into force what is worth it: a configuration like
// any other, swapped in whole, published, and said.
func (g *Gateway) takeLearned(now time.Time) bool {
	g.reloading.Lock()
	defer g.reloading.Unlock()
	c := g.config.Load()
	before := g.riskOf(c)
	was, news := g.learning.learn(now)
	if !news {
		return false
	}
	if err := g.swapRisk(c); err != nil {
		g.learning.undo(was)
		g.log.Error().Err(err).Msg("what was learned cannot be taken into force")
		return false
	}
	g.follow(c)
	g.publishConfig(c)
	after := g.riskOf(c)
	said := g.log.Info().Str("component", "risk").Hex("config_hash", hashOf(&after)).
		Int("labels", after.Learned.Labels).Int("attacks", after.Learned.Attacks)
	what := "learned weights taken into force"
	if after.Learned == (risk.Learned{}) {
		what = "learned weights withdrawn, they no longer foretell better"
	}
	sayMoves(said, &before, &after).Msg(what)
	return true
}

// looked is told of every look of an established caller who can step up.
func (g *Gateway) looked(e *models.Event) {
	g.steering.see(e)
	g.learning.see(e)
}

// labelRulings labels what verdicts that took effect speak of, the last of them first:
// there is one label an hour. A report speaks of what came since its beginning; a
// forgive says nothing about who it was.
func (g *Gateway) labelRulings(e *models.Event) {
	for _, r := range slices.Backward(e.Rulings[:]) {
		switch at := time.Unix(int64(r.At), 0); r.Kind {
		case models.Quarantine:
			g.Label(e.Pseudonym, at, true, adapt.Certain)
		case models.Report:
			g.learning.report(e.Pseudonym, time.Unix(int64(r.Since), 0), at, g.options.Clock())
		case models.Confirm:
			g.Label(e.Pseudonym, at, false, adapt.Certain)
		}
	}
}

// follow lets the budget measure by the section in force.
func (g *Gateway) follow(c *config.Config) {
	r := g.learning.of(c.Risk)
	g.steering.configure(&r)
}

func hashOf(r *risk.Config) []byte {
	hash := risk.New(*r).Hash()
	return hash[:]
}

// sayMoves adds what is different: slope, weights, and the evidence at which normal
// routes ask for a step-up.
func sayMoves(e *zerolog.Event, before, after *risk.Config) *zerolog.Event {
	say := func(name string, was, now float64) {
		if was != now {
			e.Str(name, fmt.Sprintf("%.4g -> %.4g", was, now))
		}
	}
	say("slope", before.Slope, after.Slope)
	from, to := risk.New(*before), risk.New(*after)
	say("step_up_nats", from.NatsAt(before.Classes.Normal.StepUp), to.NatsAt(after.Classes.Normal.StepUp))
	was, now := from.Weights(), to.Weights()
	for group := range was {
		say(models.Group(group).String(), was[group], now[group])
	}
	return e
}
