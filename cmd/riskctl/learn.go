package main

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/risk/adapt"
	"github.com/riskgate/riskgate/signals"
)

type learnCommand struct {
	sourceFlags
	Labels string  `type:"existingfile" placeholder:"FILE" help:"What is known of events or callers, one JSON object per line."`
	Config string  `type:"existingfile" placeholder:"FILE" help:"The section risk to begin with: a riskgate.yaml, or a file with nothing else. Default: the defaults."`
	Prior  float64 `placeholder:"SHARE" help:"The share of sessions that are attacks, to move the intercept to. Default: the intercept stays."`
}

// Help is printed below the flags.
func (learnCommand) Help() string {
	return `Learns how much each group of evidence is worth, and how steep the score is, from sessions of which it became known what they were. The result is printed as a section risk for riskgate.yaml; nothing is changed.

What is known comes from the recording itself: a step-up that was passed was genuine; one that was failed counts as an attack with weight 0.7, one that was not answered within an hour with 0.3. A session is an hour (UTC) of one caller: nobody counts more than once an hour, by the first that is known of it, and by --labels before step-ups; a label of an attack goes before one that is none. A step-up that was asked as a sample is nothing unless it was passed, and one that was asked after logoff is nothing. Anonymous callers are told apart by address. And from --labels:

  {"event": "01a0c2fa-ac33-7000-8000-000000000003", "label": "attack"}
  {"subject": "0367c4eb0fcde2c828eb466dec4ce29b", "since": "2026-09-20T00:00:00Z", "until": "2026-09-21T12:00:00Z", "label": "attack", "weight": 0.5}

  {"subject": "0367c4eb0fcde2c828eb466dec4ce29b", "kind": "report", "at": "2026-09-21T14:00:00Z", "since": "2026-09-20T00:00:00Z"}

A label is attack or legitimate, its weight above 0 and at most 1, 1 if left out. A label of a subject holds for every look of it in that time. Where a label and a step-up speak of the same session, the label holds.

Lines of a file of verdicts are labels too, see riskctl verdict: a quarantine is attack and a confirm legitimate from since, else at, until it expires or a later verdict ends it; a report is attack from since until at; a forgive is none. A label holds where a verdict says otherwise, and of two verdicts the last line.

So are the lines that risksim trace and risksim live write with --labels: {"id": ID, "label": "honest", ...}. Every other label that risksim knows is an attack, of weight 1; a line with an empty id speaks of no event.

Weights stay within 0.25 and 2, and a silenced group stays silent. The last fifth of the sessions is not learned from at first, and what was learned must do better there than what was configured.

Exit code 1: there are fewer than 50 attacks or 50 genuine sessions, or it does not do better.`
}

// leastGenuine is how many genuine sessions are needed beside the attacks.
const leastGenuine = 50

var (
	errFewLabels = errors.New("nothing learned: too few labels")
	errNoBetter  = errors.New("nothing learned: on the last fifth of the sessions it does no better than what is configured")
)

// Run learns.
func (c learnCommand) Run(ctx context.Context, s streams) error {
	if c.Prior != 0 && !(c.Prior > 0 && c.Prior < 1) {
		return usage("--prior %g, want a share above 0 and below 1", c.Prior)
	}
	section := risk.DefaultConfig()
	if c.Config != "" {
		var err error
		if section, err = readRisk(c.Config, s); err != nil {
			return err
		}
	}
	labels, err := readLabels(c.Labels)
	if err != nil {
		return err
	}
	from, err := c.open(s.in)
	if err != nil {
		return err
	}
	g := newGathering(labels, s)
	if err := from.each(ctx, g.take); err != nil {
		return err
	}
	if err := g.finish(from); err != nil {
		return err
	}
	l := learning{examples: g.examples, section: section, prior: c.Prior}
	if err := l.learn(); err != nil {
		return err
	}
	_, err = s.out.Write(l.render(from.name, g))
	return err
}

// learning is what is made of the examples.
type learning struct {
	examples []adapt.Example
	section  risk.Config
	prior    float64

	weights          [models.NumGroups]float64
	slope, intercept float64
	before, after    float64 // loss on the last fifth, in nats per session
}

// configured returns the section as it is, with the intercept at which as many
// attacks are expected as the examples hold: many more than traffic does, and no
// group's weight should have to make up for that.
func (l *learning) configured(examples []adapt.Example) calibrated {
	weights := risk.New(l.section).Weights()
	c := calibrated{adapt.NewWeights(weights, l.section.Slope, 0), l.section.Slope, 0}
	c.intercept = c.level(examples)
	c.Weights = adapt.NewWeights(weights, c.slope, c.intercept)
	return c
}

func (l *learning) learn() error {
	tested := len(l.examples) - len(l.examples)/5
	was, trial := l.configured(l.examples[:tested]), l.configured(l.examples[:tested])
	l.before = was.loss(l.examples[tested:])
	l.train(&trial, l.examples[:tested])
	l.after = trial.loss(l.examples[tested:])
	if !(l.after < l.before) {
		return withHint(fmt.Errorf("%w: a loss of %.4f, %.4f before", errNoBetter, l.after, l.before), "more labels help")
	}
	all := l.configured(l.examples)
	l.train(&all, l.examples)
	l.weights, l.slope, l.intercept = all.Weights.Weights(), all.slope, all.intercept
	l.settle()
	return nil
}

// settle moves the intercept from the labels to the traffic.
func (l *learning) settle() {
	if l.prior == 0 {
		l.intercept = l.section.Intercept
		return
	}
	attacks, genuine := masses(l.examples)
	l.intercept = adapt.Shift(l.intercept, attacks/genuine, l.prior/(1-l.prior))
}

// train learns from examples, then calibrates on the latest of them.
func (l *learning) train(c *calibrated, examples []adapt.Example) {
	for i := range examples {
		c.Learn(&examples[i])
	}
	examples = examples[max(0, len(examples)-adapt.LabelsKept):]
	labeled := make([]adapt.Labeled, len(examples))
	for i := range examples {
		x := &examples[i]
		labeled[i] = adapt.Labeled{Nats: c.Evidence(x), Attack: x.Attack, Weight: x.Importance()}
	}
	if slope, intercept, known := adapt.Calibrate(labeled); known {
		c.slope, c.intercept = slope, intercept
	}
}

func masses(examples []adapt.Example) (attacks, genuine float64) {
	for i := range examples {
		if examples[i].Attack {
			attacks += examples[i].Importance()
		} else {
			genuine += examples[i].Importance()
		}
	}
	return attacks, genuine
}

// calibrated gives probabilities.
type calibrated struct {
	*adapt.Weights
	slope, intercept float64
}

func (c *calibrated) odds(x *adapt.Example) float64 { return c.slope*c.Evidence(x) + c.intercept }

// level returns the intercept with which as many attacks are expected as there
// are, by bisection.
func (c *calibrated) level(examples []adapt.Example) float64 {
	attacks, _ := masses(examples)
	at := *c
	low, high := -30.0, 30.0
	for range 60 {
		at.intercept = (low + high) / 2
		expected := 0.0
		for i := range examples {
			expected += examples[i].Importance() / (1 + math.Exp(-at.odds(&examples[i])))
		}
		if expected < attacks {
			low = at.intercept
		} else {
			high = at.intercept
		}
	}
	return at.intercept
}

// loss is the logistic loss per session, in nats.
func (c *calibrated) loss(examples []adapt.Example) float64 {
	loss, weight := 0.0, 0.0
	for i := range examples {
		x := &examples[i]
		odds := c.odds(x)
		if x.Attack {
			odds = -odds
		}
		loss += x.Importance() * math.Log1p(math.Exp(odds))
		weight += x.Importance()
	}
	return loss / weight
}

// exampleOf returns the evidence of a decision.
func exampleOf(e *models.Event) (x adapt.Example) {
	var evidence models.EvidenceSet
	signals.Evaluate(&e.Features, &evidence)
	x.Nats, x.Weight, x.Chance = adapt.NatsOf(&evidence), adapt.Certain, 1
	if e.Features.Has(models.Explored) {
		x.Chance = adapt.Sampled
	}
	return x
}

// render writes the section, with what it rests on as comments.
func (l *learning) render(name string, g *gathering) []byte {
	attacks, genuine, labeled := g.tally()
	b := fmt.Appendf(nil, "# learned from %d sessions of %s: %d attacks, %d genuine\n", len(l.examples), clean(name), attacks, genuine)
	b = fmt.Appendf(b, "# %d from labels, %d from step-ups; loss on the last fifth %.4f, %.4f as configured\n", labeled, len(l.examples)-labeled, l.after, l.before)
	b = fmt.Appendf(b, "risk:\n  slope: %.4g\n", l.slope)
	if l.prior != 0 {
		b = fmt.Appendf(b, "  intercept: %.4g\n", l.intercept)
	}
	b = append(b, "  weights:\n"...)
	for group, w := range l.weights {
		if models.Group(group).Weighed() {
			b = fmt.Appendf(b, "    %s: %.4g\n", models.Group(group), w)
		}
	}
	return b
}
