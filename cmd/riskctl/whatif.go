package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/risk/replay"
	"github.com/riskgate/riskgate/signals"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

type whatifCommand struct {
	sourceFlags
	Config string `required:"" type:"existingfile" placeholder:"FILE" help:"The candidate: a riskgate.yaml, or a file with nothing but its section risk."`
	Base   string `type:"existingfile" placeholder:"FILE" help:"Compare with this section risk instead of with what was decided."`
	Top    int    `default:"10" placeholder:"N" help:"How many routes, countries and callers to show. Default: ${default}."`
	JSON   bool   `name:"json" help:"Print JSON, with every route and country."`
}

// Help is printed below the flags.
func (whatifCommand) Help() string {
	return `Every recorded decision is made again by the candidate, from the features in its event: exact, not an estimate. What the other decisions would have left behind is not learned again: baselines, behavior and credit are those of the recording. The old side is what the score asked for (by_risk), in shadow mode too; what policies asked for is left alone. Exit code 1: the candidate has mistakes, or there is no decision.`
}

// Run compares.
func (c whatifCommand) Run(ctx context.Context, s streams) error {
	if c.Top < 0 {
		return usage("--top %d, want 0 or more", c.Top)
	}
	candidate, err := loadRisk(c.Config, s)
	if err != nil {
		return err
	}
	var base *risk.Engine
	if c.Base != "" {
		if base, err = loadRisk(c.Base, s); err != nil {
			return err
		}
	}
	from, err := c.open(s.in)
	if err != nil {
		return err
	}
	x := whatif{candidate: candidate, base: base}
	if x.census, err = eachDecision(ctx, from, s, x.judge, x.tally.Add); err != nil {
		return err
	}
	if err := x.census.tell(from, s); err != nil {
		return err
	}
	return x.print(c, s)
}

// errMistakes says that a file has mistakes, which were printed.
var errMistakes = errors.New("the section risk has mistakes")

// loadRisk returns the engine of the section risk of a file.
func loadRisk(file string, s streams) (*risk.Engine, error) {
	section, err := readRisk(file, s)
	if err != nil {
		return nil, err
	}
	return risk.New(section), nil
}

// readRisk returns the section risk of a file. Mistakes are printed as riskgate
// check does.
func readRisk(file string, s streams) (risk.Config, error) {
	section, err := config.LoadRisk(file)
	var mistakes config.Mistakes
	if errors.As(err, &mistakes) {
		_, _ = fmt.Fprintln(s.report, mistakes.Error()) // nobody can be told that it failed
		return section, errMistakes
	}
	return section, err
}

// whatif is one comparison.
type whatif struct {
	candidate *risk.Engine
	base      *risk.Engine // nil: what was decided
	tally     replay.Tally
	census    census
}

// judge returns what makes a change of a decision, for one worker.
func (x *whatif) judge() func(*ocsf.Brief) replay.Change {
	judge, names := replay.NewJudge(signals.Evaluate), interned{}
	return func(b *ocsf.Brief) replay.Change {
		d := replay.Decision{Features: &b.Features, Class: b.Class, CanStepUp: b.CanStepUp}
		now := judge.Decide(x.candidate, &d)
		c := replay.Change{
			Old: asked(b), New: now.Action, NewSlowed: now.Slowed, OldSlowed: slowed(b),
			Class: b.Class, Route: names.of(b.Route), Subject: b.Pseudonym,
		}
		if b.Country != [2]byte{} {
			c.Country = names.of(b.Country[:])
		}
		if x.base != nil {
			old := judge.Decide(x.base, &d)
			c.Old, c.OldSlowed = old.Action, old.Slowed
		}
		return c
	}
}

// asked returns what the recorded score asked for: of a session that was explored
// nothing of what was done.
func asked(b *ocsf.Brief) models.Action {
	if b.Features.Has(models.Explored) {
		return b.Wanted
	}
	return b.ByRisk
}

// slowed reports whether the recorded score let the bucket fill more slowly: that
// of who was asked to step up and cannot does whatever the slope says.
func slowed(b *ocsf.Brief) bool {
	return b.Refill < 1 || b.Wanted == models.StepUp && b.ByRisk == models.Monitor
}

// interned keeps one string of each text.
type interned map[string]string

func (i interned) of(text []byte) string {
	if s, ok := i[string(text)]; ok {
		return s
	}
	s := string(text)
	i[s] = s
	return s
}

func (x *whatif) print(c whatifCommand, s streams) error {
	if !c.JSON {
		_, err := s.out.Write(x.render(c))
		return err
	}
	text, err := json.MarshalIndent(x.report(c), "", "  ")
	if err != nil {
		return fmt.Errorf("encode comparison: %w", err)
	}
	_, err = fmt.Fprintf(s.out, "%s\n", text)
	return err
}
