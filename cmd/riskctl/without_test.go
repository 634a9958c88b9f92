package main

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/riskgate/riskgate/gateway/pipeline"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/risk/replay"
	"github.com/riskgate/riskgate/signals"
)

// counterfactual returns what an explanation says would have been enough.
func counterfactual(t *testing.T, e *models.Event, engine *risk.Engine) pipeline.Counterfactual {
	t.Helper()
	x, err := pipeline.Explain(e, engine)
	if err != nil {
		t.Fatal(err)
	}
	if x.Counterfactual == nil {
		return pipeline.Counterfactual{}
	}
	return *x.Counterfactual
}

func TestAGroupThatAnotherSpokeForIsNamedToo(t *testing.T) {
	engine := risk.New(risk.DefaultConfig())
	e := decided(1, stolen(), engine)
	c := counterfactual(t, e, engine)
	if e.Assessment.Contributions[models.Session].Nats != 0 || c.Goal != "let_through" || !slices.Contains(c.Without, "session") {
		t.Errorf("%+v, want let through without the session, among others", c)
	}
}

// Whatever is named suffices, and nothing but it is silenced; an independent
// recomputation from the evidence that is left says so.
func TestWithoutTheNamedGroupsTheRequestIsLetThrough(t *testing.T) {
	engine, r := risk.New(risk.DefaultConfig()), rand.New(rand.NewPCG(5, 6))
	goals := map[string]int{}
	for n := range 500 {
		e := decided(n, random(r), engine)
		c := counterfactual(t, e, engine)
		goals[c.Goal]++
		asked, want := engine.Resolve(&e.Assessment, &e.Features, e.Class, e.CanStepUp), ""
		switch {
		case asked.Action >= models.StepUp:
			want = "let_through"
		case asked.Finding != "":
			want = "unasked"
		case e.Assessment.Wanted != models.Allow:
			want = "unnoticed"
		}
		if c.Goal != want || (len(c.Without) == 0) != (want == "") {
			t.Fatalf("event %d, %s: %+v, want %q", n, e.ByRisk, c, want)
		}
		for _, name := range c.Without {
			g, _ := models.ParseGroup(name)
			e.Evidence[g] = models.Evidence{}
			switch g {
			case models.RecentBehavior:
				e.Features.Set(models.ActorNats, 0)
			case models.Verdict:
				e.Features.Set(models.VerdictNats, 0)
			}
		}
		var again models.Assessment
		engine.Assess(&e.Features, &e.Evidence, e.Class, &again)
		left := engine.Resolve(&again, &e.Features, e.Class, e.CanStepUp)
		if want != "" && (left.Action.String() != c.Action || left.Refill != c.Refill) ||
			want != "" && left.Action >= models.StepUp || want == "unasked" && left.Finding != "" || want == "unnoticed" && left.Action != models.Allow {
			t.Fatalf("event %d: %+v, but it is %s at %g", n, c, left.Action, left.Refill)
		}
	}
	if len(goals) != 4 {
		t.Errorf("%v, want all of them", goals)
	}
}

// What is let through without a group is what whatif calls newly allowed where the
// weight of that group is 0.
func TestLetThroughIsWhatWhatIfCallsNewlyAllowed(t *testing.T) {
	engine, r := risk.New(risk.DefaultConfig()), rand.New(rand.NewPCG(7, 8))
	judge, alone := replay.NewJudge(signals.Evaluate), 0
	for n := range 500 {
		e := decided(n, random(r), engine)
		c := counterfactual(t, e, engine)
		if len(c.Without) != 1 || c.Goal != "let_through" || c.Without[0] != "network" && c.Without[0] != "device" {
			continue
		}
		config := risk.DefaultConfig()
		if c.Without[0] == "network" {
			config.Weights.Network = 0
		} else {
			config.Weights.Device = 0
		}
		now := judge.Decide(risk.New(config), &replay.Decision{Features: &e.Features, Class: e.Class, CanStepUp: e.CanStepUp})
		var m replay.Matrix
		m[e.ByRisk][now.Action]++
		if alone++; m.NewlyAllowed() != 1 {
			t.Errorf("event %d: %+v, but %s is %s", n, c, e.ByRisk, now.Action)
		}
	}
	if alone < 10 {
		t.Errorf("%d events were decided by one group: the test says little", alone)
	}
}

func TestThresholdsMaySufficeAlone(t *testing.T) {
	c := risk.DefaultConfig()
	c.Classes.Normal.Monitor = 5
	engine := risk.New(c)
	if got := counterfactual(t, decided(1, models.Features{}, engine), engine); got.Goal != "unnoticed" || got.Without != nil {
		t.Errorf("%+v, though the score of no evidence is above the threshold", got)
	}
}

// The line does not pretend: what was only marked was not refused, shadow refuses
// nothing, and a policy is not the score.
func TestTheLineOfTheCounterfactual(t *testing.T) {
	f := func(want string, e models.Event, c *pipeline.Counterfactual) {
		t.Helper()
		if got := string(appendCounterfactual(nil, &e, c)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	alone := []string{"network"}
	f("", models.Event{}, nil)
	f("let through  without network, device; no fewer suffice\n", models.Event{ByRisk: models.StepUp},
		&pipeline.Counterfactual{Goal: "let_through", Without: []string{"network", "device"}, Action: "allow", Refill: 1})
	f("let through  without network; no fewer suffice; still marked, at 0.71 of the base rate\n", models.Event{ByRisk: models.StepUp},
		&pipeline.Counterfactual{Goal: "let_through", Without: alone, Action: "monitor", Refill: 0.71})
	f("not asked    without network; no fewer suffice; still marked\n", models.Event{ByRisk: models.Monitor},
		&pipeline.Counterfactual{Goal: "unasked", Without: alone, Action: "monitor", Refill: 1})
	f("unnoticed    without network; no fewer suffice\n", models.Event{ByRisk: models.Monitor},
		&pipeline.Counterfactual{Goal: "unnoticed", Without: alone, Action: "allow", Refill: 1})
	f("unnoticed    never: the thresholds or an attack elsewhere suffice\n", models.Event{ByRisk: models.Monitor},
		&pipeline.Counterfactual{Goal: "unnoticed"})
	f("let through  if enforced: without network; no fewer suffice\n", models.Event{ByRisk: models.StepUp, Mode: models.Shadow},
		&pipeline.Counterfactual{Goal: "let_through", Without: alone, Action: "allow", Refill: 1})
	f("unnoticed    without network; no fewer suffice; policy asks for deny all the same\n",
		models.Event{ByRisk: models.Monitor, ByPolicy: models.Deny, PolicyMode: models.Enforce},
		&pipeline.Counterfactual{Goal: "unnoticed", Without: alone, Action: "allow", Refill: 1})
	f("unnoticed    but for the sample: without network; no fewer suffice\n",
		models.Event{ByRisk: models.StepUp, Features: models.Features{Flags: models.Explored}},
		&pipeline.Counterfactual{Goal: "unnoticed", Without: alone, Action: "allow", Refill: 1})
}
