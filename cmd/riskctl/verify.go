package main

import (
	"fmt"
	"strings"

	"github.com/riskgate/riskgate/gateway/pipeline"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/signals"
)

// verify recomputes the decision in e and compares it bit for bit: what
// pipeline.Explain compares, then every other figure of the assessment, every
// lambda, and the action that the score asks for.
func verify(e *models.Event, engine *risk.Engine) (*pipeline.Explanation, error) {
	x, err := pipeline.Explain(e, engine)
	if err != nil {
		return nil, err
	}
	var evidence models.EvidenceSet
	var again models.Assessment
	signals.Evaluate(&e.Features, &evidence)
	engine.Assess(&e.Features, &evidence, e.Class, &again)
	if err := sameAssessment(&e.Assessment, &again); err != nil {
		return nil, err
	}
	for g := range evidence {
		if was, now := e.Evidence[g], evidence[g]; was != now {
			return nil, different("evidence of "+models.Group(g).String(), fmt.Sprint(was), fmt.Sprint(now))
		}
	}
	return x, sameAction(e, &again, engine)
}

func sameAssessment(was, now *models.Assessment) error {
	for _, f := range []struct{ name, was, now string }{
		{"level", was.Level.String(), now.Level.String()},
		{"wanted", was.Wanted.String(), now.Wanted.String()},
		{"reasons", names(was.Top()), names(now.Top())},
		{"base", fmt.Sprint(was.Base), fmt.Sprint(now.Base)},
		{"refill", fmt.Sprint(was.Refill), fmt.Sprint(now.Refill)},
		{"actor_nats", fmt.Sprint(was.ActorNats), fmt.Sprint(now.ActorNats)},
	} {
		if f.was != f.now {
			return different(f.name, f.was, f.now)
		}
	}
	if *was != *now {
		return different("assessment", fmt.Sprint(*was), fmt.Sprint(*now))
	}
	return nil
}

func names(groups []models.Group) string {
	all := make([]string, len(groups))
	for i, g := range groups {
		all[i] = g.String()
	}
	return strings.Join(all, ", ")
}

// sameAction compares what the score came to. What was done depends on policy
// and on the bucket too, but is never milder than an enforced score.
func sameAction(e *models.Event, a *models.Assessment, engine *risk.Engine) error {
	byRisk := engine.Resolve(a, &e.Features, e.Class, e.CanStepUp).Action
	switch {
	case e.ByRisk != byRisk:
		return different("by_risk", e.ByRisk.String(), byRisk.String())
	case e.Mode != engine.Mode():
		return different("mode", e.Mode.String(), engine.Mode().String())
	case e.Mode == models.Enforce && e.Action < byRisk:
		return different("action", e.Action.String(), byRisk.String()+" or stricter")
	}
	return nil
}

func different(what, was, now string) error {
	return fmt.Errorf("%w: %s is %s, the event says %s", pipeline.ErrDifferent, what, now, was)
}
