package risk

import (
	"math"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// A learned section is published and restored to the bit; what it does not use is
// not in its record, so that records of before keep their hash.
func TestLearnedSectionIsRecorded(t *testing.T) {
	c := DefaultConfig()
	if text := string(New(c).JSON()); strings.Contains(text, "learn") {
		t.Errorf("a section without learning records it: %s", text)
	}
	weights := c.ByGroup()
	weights[models.Network], weights[models.Device] = 1.234, 0.251
	c.Learning = Learning{Weights: true, Explore: 0.0005}
	e := New(c.With(weights, 0.777, Learned{Labels: 812, Attacks: 60}))
	again, err := Restore(e.JSON())
	if err != nil || again.Hash() != e.Hash() || !again.Learned() || again.Weights() != weights || again.Config().Slope != 0.777 {
		t.Fatalf("restored %+v, %v", again, err)
	}
	if again.Config().Learned != (Learned{812, 60}) || again.Config().Learning != c.Learning {
		t.Errorf("restored %+v", again.Config())
	}
	if New(c).Learned() {
		t.Error("a section that learns is not yet one that was learned")
	}
}

// Every weight has its group.
func TestWithSetsEveryWeight(t *testing.T) {
	var weights [models.NumGroups]float64
	for g := range models.NumGroups {
		if g.Weighed() {
			weights[g] = 1 + float64(g)/100
		}
	}
	c := DefaultConfig().With(weights, 1, Learned{})
	if c.ByGroup() != weights {
		t.Errorf("%v, want %v", c.ByGroup(), weights)
	}
}

func TestFrozenDecidesTheSame(t *testing.T) {
	c := DefaultConfig()
	c.Learning, c.Budget.StepUp = Learning{Weights: true, Calibration: true, Explore: 0.001}, 0.01
	weights := c.ByGroup()
	weights[models.Device] = 1.5
	moved := c.With(weights, 0.9, Learned{Labels: 200, Attacks: 100}).Shifted(0.3)
	frozen := moved.Frozen()
	if frozen.Learning.Any() || frozen.Learning.Explore != 0 || frozen.Budget.StepUp != 0 || frozen.Learned != (Learned{}) {
		t.Errorf("something would move: %+v", frozen)
	}
	a, b := New(moved), New(frozen)
	for nats := -8.0; nats < 12; nats += 0.25 {
		var f models.Features
		var ev models.EvidenceSet
		ev[models.Device] = models.Evidence{Lambda: nats, Confidence: 1}
		var x, y models.Assessment
		a.Assess(&f, &ev, models.Normal, &x)
		b.Assess(&f, &ev, models.Normal, &y)
		if x != y {
			t.Fatalf("%g nats: score %g, frozen %g", nats, x.Score, y.Score)
		}
	}
}

// The mark counts where the section explores, for callers who can, and makes
// nothing milder.
func TestResolveExplored(t *testing.T) {
	c := DefaultConfig()
	c.Learning.Explore = 0.001
	exploring, other := New(c), New(DefaultConfig())
	marked := models.Features{Flags: models.Explored}
	machine := models.Features{Flags: models.Explored | models.IsMachine}
	for _, x := range []struct {
		name   string
		engine *Engine
		f      *models.Features
		wanted models.Action
		can    bool
		want   models.Action
	}{
		{"asked", exploring, &marked, models.Allow, true, models.StepUp},
		{"monitored", exploring, &marked, models.Monitor, true, models.StepUp},
		{"denied", exploring, &marked, models.Deny, true, models.Deny},
		{"cannot", exploring, &marked, models.Allow, false, models.Allow},
		{"machine", exploring, &machine, models.Allow, true, models.Allow},
		{"unmarked", exploring, &models.Features{}, models.Allow, true, models.Allow},
		{"another section", other, &marked, models.Allow, true, models.Allow},
	} {
		a := models.Assessment{Wanted: x.wanted, Refill: 1}
		if got := x.engine.Resolve(&a, x.f, models.Normal, x.can); got.Action != x.want || got.Finding != "" || math.Abs(got.Refill-1) > 0 {
			t.Errorf("%s: %+v, want %s", x.name, got, x.want)
		}
	}
}
