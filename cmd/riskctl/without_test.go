package main

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/riskgate/riskgate/gateway/pipeline"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// allowedWithout returns the groups that an explanation names, and whether
// without them the request is allowed.
func allowedWithout(t *testing.T, e *models.Event, engine *risk.Engine) ([]string, bool) {
	t.Helper()
	x, err := pipeline.Explain(e, engine)
	if err != nil {
		t.Fatal(err)
	}
	return x.Removing, x.Removing != nil || e.Assessment.Wanted == models.Allow
}

func TestAGroupThatAnotherSpokeForIsNamedToo(t *testing.T) {
	engine := risk.New(risk.DefaultConfig())
	e := decided(1, stolen(), engine)
	groups, enough := allowedWithout(t, e, engine)
	if e.Assessment.Contributions[models.Session].Nats != 0 || !enough || !slices.Contains(groups, "session") {
		t.Errorf("allowed without %v, %v, want the session among them", groups, enough)
	}
}

// Whatever is named suffices; an independent recomputation from the evidence
// that is left says so.
func TestWithoutTheNamedGroupsTheRequestIsAllowed(t *testing.T) {
	engine, r := risk.New(risk.DefaultConfig()), rand.New(rand.NewPCG(5, 6))
	for n := range 500 {
		e := decided(n, random(r), engine)
		groups, enough := allowedWithout(t, e, engine)
		if !enough || len(groups) == 0 != (e.Assessment.Wanted == models.Allow) {
			t.Fatalf("event %d, %s: without %v, %v", n, e.Assessment.Wanted, groups, enough)
		}
		for _, name := range groups {
			g, _ := models.ParseGroup(name)
			e.Evidence[g].Confidence = 0
			switch g {
			case models.RecentBehavior:
				e.Features.Set(models.ActorNats, 0)
			case models.Verdict:
				e.Features.Set(models.VerdictNats, 0)
			}
		}
		var again models.Assessment
		if engine.Assess(&e.Features, &e.Evidence, e.Class, &again); again.Wanted != models.Allow {
			t.Fatalf("event %d: without %v it is %s", n, groups, again.Wanted)
		}
	}
}

func TestThresholdsMaySufficeAlone(t *testing.T) {
	c := risk.DefaultConfig()
	c.Classes.Normal.Monitor = 5
	engine := risk.New(c)
	e := decided(1, models.Features{}, engine)
	if groups, enough := allowedWithout(t, e, engine); enough {
		t.Errorf("%s allowed without %v, though the score of no evidence is above the threshold", e.Assessment.Wanted, groups)
	}
}
