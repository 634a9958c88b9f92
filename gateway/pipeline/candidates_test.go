package pipeline

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// tried are two candidates beside a section: one that marks every request, and
// one that is as the section itself.
func tried(c risk.Config) []risk.Candidate {
	strict, same := c.Candidate(), c.Candidate()
	strict.Name, same.Name = "strict", "same"
	for _, t := range []*risk.Thresholds{&strict.Classes.Normal, &strict.Classes.Sensitive, &strict.Classes.Admin, &strict.Classes.Login} {
		t.Monitor = 0
	}
	return []risk.Candidate{strict, same}
}

func TestCandidatesAreCountedAndChangeNothing(t *testing.T) {
	with := newWorld(t, func(s *settings) { s.risk.Candidates = tried(s.risk) })
	without := newWorld(t)
	counted := map[models.Action]int64{}
	for i := range 40 {
		for _, w := range []*world{with, without} {
			s := shot{key: w.apiKeys["good"]}
			if i%4 == 0 {
				s = shot{token: w.token("ada", claims{"exp": w.now().Add(time.Hour).Unix()})}
			}
			var e models.Event
			denial := w.Decide(w.view(s), &e)
			e.Status = 200
			if denial == "" {
				w.Learn(&e)
			}
			w.advance(time.Second)
			if w == with {
				counted[e.ByRisk]++
			}
		}
	}
	all := with.Comparisons()
	if len(all) != 2 || all[0].Name != "strict" || all[1].Name != "same" || len(without.Comparisons()) != 0 {
		t.Fatalf("%+v", all)
	}
	strict, same := all[0], all[1]
	if same.Decisions != 40 || same.Changed != 0 {
		t.Errorf("the same section: %+v", same)
	}
	for a, n := range counted {
		if got := same.Matrix.Old(a); got != n {
			t.Errorf("%d decisions to %s, want %d", got, a, n)
		}
	}
	if strict.Decisions != 40 || strict.Changed != counted[models.Allow] || strict.Matrix.Old(models.Allow) != strict.Changed {
		t.Errorf("the strict section: %+v", strict)
	}
	for from := range strict.Matrix {
		for to, n := range strict.Matrix[from] {
			if n == 0 {
				continue
			}
			metric := with.Metrics.disagreements.WithLabelValues("strict", models.Action(from).String(), models.Action(to).String())
			if got := testutil.ToFloat64(metric); got != float64(n) {
				t.Errorf("the metric of %s to %s is %g, want %d", models.Action(from), models.Action(to), got, n)
			}
		}
	}
}

// The counts go on where neither section has changed, and begin anew where one
// has; series of candidates that are gone go too.
func TestCountsOutliveAReload(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.risk.Candidates = tried(s.risk) })
	one := func() {
		var e models.Event
		w.Decide(w.view(shot{key: w.apiKeys["good"]}), &e)
		w.advance(time.Second)
	}
	swap := func() []Comparison {
		w.Swap(w.snapshot(stepup.NewTable(16)))
		return w.Comparisons()
	}
	one()
	if c := swap(); c[0].Decisions != 1 || c[1].Decisions != 1 || !c[0].Since.Before(w.now()) {
		t.Errorf("nothing has changed: %+v", c)
	}
	one()
	w.risk.Candidates[0].Weights.Rate = 0.5
	if c := swap(); c[0].Decisions != 0 || c[1].Decisions != 2 || !c[0].Since.Equal(w.now()) {
		t.Errorf("one candidate has changed: %+v", c)
	}
	w.risk.Weights.Travel = 0.5
	if c := swap(); c[1].Decisions != 0 {
		t.Errorf("the section in force has changed: %+v", c)
	}
	w.risk.Candidates = w.risk.Candidates[1:]
	if c := swap(); len(c) != 1 || c[0].Name != "same" {
		t.Errorf("%+v", c)
	}
	if n := testutil.CollectAndCount(w.Metrics.disagreements); n != 16 {
		t.Errorf("%d series, want the 16 of the candidate that is left", n)
	}
}

func BenchmarkDecideWithCandidates(b *testing.B) {
	for name, n := range map[string]int{"none": 0, "two": 2} {
		b.Run(name, func(b *testing.B) {
			w := steady(b)
			w.risk.Candidates = tried(w.risk)[:n]
			w.Swap(w.snapshot(stepup.NewTable(1024)))
			decide := w.decider(w.credentials()["APIKey"])
			b.ReportAllocs()
			for b.Loop() {
				decide()
			}
		})
	}
}
