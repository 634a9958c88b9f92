package main

import (
	"context"
	"encoding/binary"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/risk/replay"
	"github.com/riskgate/riskgate/risk/tune"
	"github.com/riskgate/riskgate/signals"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

type tuneCommand struct {
	sourceFlags
	Budget budget         `required:"" placeholder:"step_up=0.5%,deny=0.01%" help:"What may be asked to step up, of the sessions of verified callers, and denied, of all requests."`
	Config string         `type:"existingfile" placeholder:"FILE" help:"The section risk whose weights and other thresholds stay: a riskgate.yaml, or a file with nothing else. Default: the defaults."`
	Class  []models.Class `placeholder:"CLASS" help:"Only these classes. Default: every class with requests."`
	Seed   uint64         `default:"1" help:"Of the resampling. Default: ${default}."`
}

// Help is printed below the flags.
func (tuneCommand) Help() string {
	return `Finds, for each class of routes, the lowest thresholds that would have kept the budget on the recorded decisions.

step_up is a share of the sessions of verified callers, persons and machines: runs of requests of one caller to routes of the class without a pause of more than 30 minutes. A session counts once, by its highest score. deny is a share of all scored requests of the class, anonymous ones included; only requests count that the score may deny, those against which more than novelty speaks. What no_step_up denies is not part of it. step_up is never put below throttle, and deny never below step_up, nor below 50 where it was not. A threshold that stands at such a bound, where the budget alone would put it lower, is marked so: less than the budget is asked or denied.

Every score is computed again by --config, without the credit of passed step-ups. Whatever attacks the recording holds count too: take traffic that is known to be mostly genuine. The interval is the middle 95 % of 1000 samples of as many callers, drawn with replacement.

A budget needs room for 10 sessions or requests, and 30 callers: 0.5 % needs 2000 sessions, 0.01 % needs 100000 requests. Where a class has no session of a verified caller at all, as on routes where people log in, its step_up stays as configured, which is said, and deny too if there are too few requests. Exit code 1: there are fewer, no threshold keeps the budget, or none is left to find. The thresholds are printed as a section risk for riskgate.yaml; nothing is changed.`
}

// Run finds the thresholds.
func (c tuneCommand) Run(ctx context.Context, s streams) error {
	section := risk.DefaultConfig()
	if c.Config != "" {
		var err error
		if section, err = readRisk(c.Config, s); err != nil {
			return err
		}
	}
	from, err := c.open(s.in)
	if err != nil {
		return err
	}
	x := tuning{command: c, section: section, callers: map[models.Pseudonym]uint32{}}
	found, err := eachDecision(ctx, from, s, x.judge, x.take)
	if err != nil {
		return err
	}
	if err := found.tell(from, s); err != nil {
		return err
	}
	if err := x.choose(s); err != nil {
		return err
	}
	_, err = s.out.Write(x.render(from.name, &found))
	return err
}

// reached is what one decision says about thresholds.
type reached struct {
	caller       models.Pseudonym // of anonymous callers: made of the address
	verified     bool
	class        models.Class
	milli        int64
	stepUp, deny float64
}

// tuning gathers what the decisions say.
type tuning struct {
	command  tuneCommand
	section  risk.Config
	callers  map[models.Pseudonym]uint32
	sessions tune.Sessions
	requests [models.NumClasses]tune.Values
	chosen   [models.NumClasses]choice
}

// judge returns what reads one decision, for one worker.
func (x *tuning) judge() func(*ocsf.Brief) reached {
	probe := tune.NewProbe(x.section, signals.Evaluate)
	return func(b *ocsf.Brief) reached {
		r := reached{caller: b.Pseudonym, verified: b.Subject != models.Anonymous, class: b.Class, milli: b.Milli}
		if !r.verified {
			binary.LittleEndian.PutUint32(r.caller[:], b.Address)
		}
		r.stepUp, r.deny = probe.Reach(&replay.Decision{Features: &b.Features, Class: b.Class, CanStepUp: b.CanStepUp})
		return r
	}
}

func (x *tuning) take(r *reached) {
	n, ok := x.callers[r.caller]
	if !ok {
		n = uint32(len(x.callers))
		x.callers[r.caller] = n
	}
	if r.verified {
		x.sessions.Add(n, r.class, r.milli, r.stepUp)
	}
	x.requests[r.class].Add(n, r.deny)
}
