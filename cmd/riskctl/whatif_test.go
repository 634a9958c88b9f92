package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/risk/replay"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// stricter is a candidate, as a section and as a file.
func stricter(t testing.TB) (c risk.Config, file string) {
	t.Helper()
	c = risk.DefaultConfig()
	c.Classes.Normal.StepUp, c.Classes.Admin.Deny, c.Weights.Travel = 22, 60, 0
	file = filepath.Join(t.TempDir(), "candidate.yaml")
	text := "risk:\n  classes: {normal: {step_up: 22}, admin: {deny: 60}}\n  weights: {travel: 0}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return c, file
}

// recorded writes n decisions of several routes, classes and countries, and
// returns what the candidate makes of them, computed from the events before they
// were written.
func recorded(t testing.TB, n int, candidate risk.Config) (file string, want *replay.Tally) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "events.jsonl")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	engine, other, r := risk.New(risk.DefaultConfig()), risk.New(candidate), rand.New(rand.NewPCG(3, 4))
	want = new(replay.Tally)
	lines := encode(configured(engine))
	options := ocsf.Options{Privacy: ocsf.Truncate, Version: "0.1.0"}.Remembering()
	for i := range n {
		e := decided(i+1, random(r), engine)
		e.Class = models.Class(r.IntN(int(models.NumClasses)))
		e.CanStepUp = e.CanStepUp && r.IntN(3) > 0
		e.Route = []string{"orders.read", "orders.write", "export"}[r.IntN(3)]
		e.Observed.Place.Country = [][2]byte{{'D', 'E'}, {'N', 'O'}, {}}[r.IntN(3)]
		engine.Assess(&e.Features, &e.Evidence, e.Class, &e.Assessment)
		was := engine.Resolve(&e.Assessment, &e.Features, e.Class, e.CanStepUp)
		e.ByRisk, e.Action = was.Action, was.Action
		lines = append(ocsf.AppendEvent(lines, e, options), '\n')
		var again models.Assessment
		other.Assess(&e.Features, &e.Evidence, e.Class, &again)
		now := other.Resolve(&again, &e.Features, e.Class, e.CanStepUp)
		c := replay.Change{Old: was.Action, New: now.Action, OldSlowed: was.Refill < 1, NewSlowed: now.Refill < 1, Class: e.Class, Route: e.Route}
		if e.Observed.Place.Country != [2]byte{} {
			c.Country = string(e.Observed.Place.Country[:])
		}
		if e.Subject != models.Anonymous {
			c.Subject = e.Pseudonym
		}
		want.Add(&c)
		if len(lines) > 1<<20 || i == n-1 {
			if _, err := f.Write(lines); err != nil {
				t.Fatal(err)
			}
			lines = lines[:0]
		}
	}
	return file, want
}

func TestWhatifOfManyEvents(t *testing.T) {
	n := 100_000
	if testing.Short() || raced {
		n = 5000
	}
	candidate, config := stricter(t)
	events, tally := recorded(t, n, candidate)
	code, out, report := runWith(t, nil, "whatif", "--from", events, "--config", config, "--json")
	var got whatifReport
	if err := json.Unmarshal([]byte(out), &got); code != 0 || err != nil {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, out, report)
	}
	truth := whatif{candidate: risk.New(candidate), tally: *tally}
	want := truth.report(whatifCommand{Config: config, Top: 10})
	want.First, want.Last, want.Left.Others = got.First, got.Last, 1 // the risk section
	if w, g := asJSON(t, want), asJSON(t, got); w != g {
		t.Errorf("got %s\nwant %s", g, w)
	}
	if got.All.NewlyRefused == 0 || got.All.NewlyAllowed == 0 || len(got.Routes) != 3 || len(got.Countries) != 3 || len(got.Classes) != 4 {
		t.Errorf("the fixture says little: %s", out)
	}
	if got.First != fixedTime(1).Truncate(1e6) || got.Last != fixedTime(n).Truncate(1e6) {
		t.Errorf("from %s to %s", got.First, got.Last)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The section that decided changes nothing, whatever was decided.
func TestWhatifOfTheSameSection(t *testing.T) {
	_, config := stricter(t)
	events, _ := recorded(t, 3000, risk.DefaultConfig())
	same := filepath.Join(t.TempDir(), "same.yaml")
	if err := os.WriteFile(same, []byte("risk: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--config", same}, {"--config", same, "--base", same}, {"--config", config, "--base", config}} {
		code, out, report := runWith(t, nil, append([]string{"whatif", "--from", events, "--json"}, args...)...)
		var got whatifReport
		if err := json.Unmarshal([]byte(out), &got); code != 0 || err != nil || got.All.Changed != 0 || got.All.Decisions != 3000 || got.OldSlowed != got.NewSlowed {
			t.Errorf("%v: exit code %d, %v\n%s%s", args, code, err, out, report)
		}
	}
}

func BenchmarkWhatif(b *testing.B) {
	const n = 20_000
	candidate, config := stricter(b)
	events, _ := recorded(b, n, candidate)
	for b.Loop() {
		var o discard
		if code := run(b.Context(), []string{"whatif", "--from", events, "--config", config}, streams{nil, &o, os.Stderr}); code != 0 || o == 0 {
			b.Fatal(fmt.Sprint("exit code ", code))
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// discard counts what is written to it.
type discard int

func (d *discard) Write(p []byte) (int, error) {
	*d += discard(len(p))
	return len(p), nil
}
