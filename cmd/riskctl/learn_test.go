package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// judged writes n sessions, half of them attacks, and their labels. Attacks come
// from new networks; odd clients say nothing.
func judged(t *testing.T, n int) (events, labels string) {
	t.Helper()
	engine, r := risk.New(risk.DefaultConfig()), rand.New(rand.NewPCG(4, 5))
	dir := t.TempDir()
	var lines strings.Builder
	text := encode(configured(engine))
	for i := 1; i <= n; i++ {
		attack := r.IntN(2) == 0
		f := known()
		if attack != (r.IntN(10) == 0) {
			for level := range models.Feature(3) {
				f.Set(models.NetWeight1+level, 0)
			}
		}
		if r.IntN(2) == 0 {
			f.Set(models.SanityNats, 3)
		}
		e := decided(i, f, engine)
		e.Pseudonym = models.Pseudonym{1, byte(i), byte(i >> 8)}
		text = append(text, encode(e)...)
		what := "legitimate"
		if attack {
			what = "attack"
		}
		fmt.Fprintf(&lines, "{\"event\": %q, \"label\": %q}\n", idText(i), what)
	}
	events, labels = filepath.Join(dir, "events.jsonl"), filepath.Join(dir, "labels.jsonl")
	for name, content := range map[string]string{events: string(text), labels: lines.String()} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return events, labels
}

func TestLearnFindsWhatSaysNothing(t *testing.T) {
	events, labels := judged(t, 2000)
	code, out, report := runWith(t, nil, "learn", "--from", events, "--labels", labels)
	if code != 0 || report != "" {
		t.Fatalf("exit code %d\n%s%s", code, out, report)
	}
	c, err := config.ParseRisk("learned.yaml", []byte(out)) // as riskctl whatif does
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w, usual := c.Weights, risk.DefaultConfig()
	if w.ClientSanity > 0.7 || w.Network < 1 {
		t.Errorf("weights network %g, client_sanity %g: want less than 0.7 for what says nothing, and no less than 1 for what does\n%s", w.Network, w.ClientSanity, out)
	}
	if w.Travel != usual.Weights.Travel || c.Intercept != usual.Intercept {
		t.Errorf("travel %g, intercept %g: nothing was said of them\n%s", w.Travel, c.Intercept, out)
	}
	if _, again, _ := runWith(t, nil, "learn", "--from", events, "--labels", labels); again != out {
		t.Error("the same labels give other weights")
	}
	_, out, _ = runWith(t, nil, "learn", "--from", events, "--labels", labels, "--prior", "0.001")
	if c, err = config.ParseRisk("learned.yaml", []byte(out)); err != nil || c.Intercept >= usual.Intercept {
		t.Errorf("an attack in a thousand: intercept %g, %v, want less than %g", c.Intercept, err, usual.Intercept)
	}
}

// Step-ups are labels: the challenge is what is learned from, and one that is
// never answered is an attack, a little.
func TestLearnFromStepUps(t *testing.T) {
	engine := risk.New(risk.DefaultConfig())
	g := newGathering(&labels{}, streams{})
	quiet := func(e *models.Event) { e.Features, e.Denial, e.Status = known(), "", 200 }
	send := func(n int, at time.Duration, caller byte, change func(*models.Event)) {
		e := decided(n, moved(), engine)
		e.Time, e.Pseudonym = begin.Add(at), models.Pseudonym{caller}
		change(e)
		if err := g.take(record{value: encode(e)}); err != nil {
			t.Fatal(err)
		}
	}
	asked := func(e *models.Event) { e.Denial, e.Status = models.StepUpRequired, 401 }
	send(1, 0, 1, asked)
	send(2, time.Minute, 1, func(e *models.Event) { quiet(e); e.Passed = true })
	send(3, 0, 2, asked)
	send(4, time.Minute, 2, func(e *models.Event) { e.Denial, e.Status = models.StepUpExhausted, 403 })
	send(5, 2*time.Minute, 3, asked)
	send(6, 3*time.Minute, 3, asked)
	send(7, 40*time.Minute, 4, quiet)
	if len(g.examples) != 2 {
		t.Fatalf("%d examples before an hour is over, want 2", len(g.examples))
	}
	send(8, 90*time.Minute, 4, quiet)
	if len(g.examples) != 3 || len(g.pending) != 0 {
		t.Fatalf("%d examples, %d pending, want 3 and 0", len(g.examples), len(g.pending))
	}
	e := decided(9, moved(), engine)
	want := exampleOf(e).Nats
	for i, w := range []struct {
		attack bool
		weight float64
	}{{false, 1}, {true, 0.7}, {true, 0.3}} {
		if x := g.examples[i]; x.Attack != w.attack || x.Weight != w.weight || x.Nats != want {
			t.Errorf("example %d: %+v, want attack %v, weight %g, the evidence of the challenge", i, x, w.attack, w.weight)
		}
	}
}

// A session that was asked as a sample stands for those that were not; a label of
// the file stands for itself.
func TestLearnFromSampledSessions(t *testing.T) {
	c := risk.DefaultConfig()
	c.Learning.Explore = 0.0005
	f := known()
	f.Flags |= models.Explored
	e := decided(1, f, risk.New(c))
	if x := exampleOf(e); x.Importance() != 50 {
		t.Errorf("it counts for %g, want 50", x.Importance())
	}
	g := newGathering(&labels{events: map[models.EventID]label{e.ID: {weight: 1}}}, streams{})
	if err := g.take(record{value: encode(e)}); err != nil || len(g.examples) != 1 || g.examples[0].Importance() != 1 {
		t.Errorf("%v, labeled as %+v, want one that counts for 1", err, g.examples)
	}
}

func TestLabelsOfCallers(t *testing.T) {
	engine := risk.New(risk.DefaultConfig())
	e := decided(1, known(), engine)
	l := &labels{subjects: map[models.Pseudonym][]label{}, events: map[models.EventID]label{}}
	line := fmt.Sprintf(`{"subject": "%x", "since": %q, "until": %q, "label": "attack", "weight": 0.5}`, e.Pseudonym,
		e.Time.Add(-time.Hour).Format(time.RFC3339), e.Time.Add(time.Hour).Format(time.RFC3339))
	if err := l.add([]byte(line)); err != nil {
		t.Fatal(err)
	}
	if got, ok := l.of(e); !ok || !got.attack || got.weight != 0.5 {
		t.Errorf("%+v, %v, want an attack of weight 0.5", got, ok)
	}
	e.Time = e.Time.Add(2 * time.Hour)
	if _, ok := l.of(e); ok {
		t.Error("labeled after its time")
	}
	e.Time = e.Time.Add(-2 * time.Hour)
	e.Features.Flags &^= models.IsLook
	if _, ok := l.of(e); ok {
		t.Error("a request that is no look is labeled with its caller")
	}
}

func TestLabelMistakes(t *testing.T) {
	for text, want := range map[string]string{
		`{"event": "x", "label": "attack"}`:                                       "no event id",
		`{"event": "` + idText(1) + `", "label": "bad"}`:                          `label "bad", want attack or legitimate`,
		`{"event": "` + idText(1) + `", "label": "attack", "weight": 2}`:          "weight 2, want above 0 and at most 1",
		`{"label": "attack"}`:                                                     "want an event or a subject",
		`{"subject": "12", "label": "attack"}`:                                    "want 32 hex digits",
		`{"event": "` + idText(1) + `", "label": "attack", "who": "me"}`:          `unknown field "who"`,
		`{"event": "` + idText(1) + `", "label": "attack"} {"event": ""}`:         "want one per line",
		`{"event": "` + idText(1) + `", "label": "attack", "since": "yesterday"}`: "want {",
		`[]`: "want {",
	} {
		name := filepath.Join(t.TempDir(), "labels.jsonl")
		if err := os.WriteFile(name, []byte("\n"+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readLabels(name); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), ":2: ") {
			t.Errorf("%s: %v, want %q in line 2", text, err, want)
		}
	}
}
