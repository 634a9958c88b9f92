// Package trial lets models score the same world and reports how well each tells
// attacks from honest logins.
package trial

import (
	"errors"
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
	// Untokened leaves out riskgate with device tokens: for Events that tell nothing
	// of them. Which browser keeps one would follow from the label.
	Untokened bool
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

// unramped names what riskgate is without the ramp of trust, which also learns
// without it.
const unramped = "-unramped"

// models returns everybody who takes part, and what ends them.
func (c *Config) models() ([]rival.Model, func(), error) {
	ours, end, err := c.ours()
	return append([]rival.Model{rival.Constant{}, rival.NewRules(), rival.NewFreeman(), rival.NewFreemanWithoutAddress()}, ours...), end, err
}

// ours returns riskgate with and without device tokens, and what ends it.
func (c *Config) ours() (all []rival.Model, end func(), err error) {
	var started []*rival.Ours
	end = func() {
		for _, o := range started {
			_ = o.Close() // nothing is stored
		}
	}
	add := func(cfg rival.Config) error {
		cfg.Risk, cfg.From = c.Risk, c.at(validateFrom)
		o, err := rival.NewOurs(cfg, c.World.Start)
		if err != nil {
			end()
			return fmt.Errorf("start %s: %w", cfg.Name, err)
		}
		started, all = append(started, o), append(all, o)
		return nil
	}
	names := []string{WithToken, WithoutToken}
	if c.Untokened {
		names = names[1:]
	}
	for _, name := range names {
		if err := add(rival.Config{Name: name, Tokens: name == WithToken, Ablate: c.Ablate}); err != nil {
			return nil, nil, err
		}
		if !c.Ablate {
			continue
		}
		if err := add(rival.Config{Name: name + unramped, Tokens: name == WithToken, Unramped: true}); err != nil {
			return nil, nil, err
		}
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

// ErrTooSmall says that a world has too few logins for thresholds to be chosen, or
// none to be judged by them.
var ErrTooSmall = errors.New("too small to judge")

// leastValidation is how many honest logins a threshold for one in a hundred takes.
const leastValidation = 100

// Run scores the world by every model and reports, or returns ErrTooSmall. Equal
// configurations give equal reports.
func Run(c Config) (*Report, error) {
	models, end, err := c.models()
	if err != nil {
		return nil, err
	}
	defer end()
	book, scorers := c.score(models)
	if err := enough(book, scorers[0]); err != nil {
		return nil, err
	}
	return report(&c, book, scorers), nil
}

func enough(b *book, s *scorer) error {
	before, honest, attacks := len(s.series[0].validation), len(b.honest.users), len(b.attacks.kinds)
	if before >= leastValidation && honest > 0 && attacks > 0 {
		return nil
	}
	return fmt.Errorf("%w: %d honest logins before the test, %d in it and %d attacks, want %d, 1 and 1 at least",
		ErrTooSmall, before, honest, attacks, leastValidation)
}

// score lets the models score the world.
func (c *Config) score(models []rival.Model) (*book, []*scorer) {
	b := newBook(c)
	scorers := make([]*scorer, len(models))
	for i, m := range models {
		scorers[i] = newScorer(m, c.World.Seed)
	}
	broadcast(c, b, scorers)
	return b, scorers
}
