// Package trial lets models score the same world and reports how well each tells
// attacks from honest logins.
package trial

import (
	"fmt"
	"iter"
	"time"

	"github.com/riskgate/riskgate/bench/eval/rival"
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/risk"
)

// Config describes a trial.
type Config struct {
	World traffic.Config
	// Events, unless nil, come instead of those of World, of which Start and Days
	// must be right all the same.
	Events iter.Seq[*traffic.Event]
	// Risk is the configuration that riskgate scores by.
	Risk risk.Config
	// Ablate adds riskgate without each of its groups.
	Ablate bool
	// Rounds is how often samples are drawn again for an interval. Default 1000.
	Rounds int
	// Progress, unless nil, is told from time to time how many events were scored
	// and what time it is in the world.
	Progress func(events int, at time.Time)
}

// The shares of a world's days after which thresholds are chosen, and then held
// against the rest: attacks begin with the last part.
const (
	validateFrom = 0.5
	testFrom     = 0.7
	labelsUntil  = 0.8 // of the world: labels up to here calibrate the rest
)

// The names of riskgate's scores: people's browsers keep device tokens, or nobody
// was ever issued one.
const (
	WithToken    = "lmlr"
	WithoutToken = "lmlr_no_token"
)

// models returns everybody who takes part, and what ends them.
func (c *Config) models() ([]rival.Model, func(), error) {
	all := []rival.Model{rival.Constant{}, rival.NewRules(), rival.NewFreeman(), rival.NewFreemanWithoutAddress()}
	var ours []*rival.Ours
	end := func() {
		for _, o := range ours {
			_ = o.Close() // nothing is stored
		}
	}
	for _, name := range []string{WithToken, WithoutToken} {
		o, err := rival.NewOurs(rival.Config{
			Name: name, Risk: c.Risk, Tokens: name == WithToken, Ablate: c.Ablate, From: c.at(validateFrom),
		}, c.World.Start)
		if err != nil {
			end()
			return nil, nil, fmt.Errorf("start %s: %w", name, err)
		}
		ours = append(ours, o)
		all = append(all, o)
	}
	return all, end, nil
}

func (c *Config) events() iter.Seq[*traffic.Event] {
	if c.Events != nil {
		return c.Events
	}
	return c.World.Events()
}

// at returns the time after a share of the world's days.
func (c *Config) at(share float64) time.Time {
	whole := time.Duration(c.World.Days) * 24 * time.Hour
	return c.World.Start.Add(time.Duration(share * float64(whole)).Round(time.Second))
}

// Run scores the world by every model and reports. Equal configurations give
// equal reports.
func Run(c Config) (*Report, error) {
	models, end, err := c.models()
	if err != nil {
		return nil, err
	}
	defer end()
	book := newBook(&c)
	scorers := make([]*scorer, len(models))
	for i, m := range models {
		scorers[i] = newScorer(m, c.World.Seed)
	}
	broadcast(&c, book, scorers)
	return report(&c, book, scorers), nil
}
