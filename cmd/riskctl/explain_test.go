package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// runWith runs a command in this process.
func runWith(t *testing.T, in []byte, args ...string) (code int, out, report string) {
	t.Helper()
	var o, r bytes.Buffer
	code = run(t.Context(), args, streams{bytes.NewReader(in), &o, &r})
	return code, o.String(), r.String()
}

// With -decisions 100000 this is what the project promises.
func TestEveryDecisionIsRecomputed(t *testing.T) {
	path := writeEvents(t, *decisions)
	code, out, report := runWith(t, nil, "explain", "--all", "--from", path)
	if want := fmt.Sprintf("%d recomputed, 0 different, 0 unreadable, 0 never scored\n", *decisions); code != 0 || out != want {
		t.Errorf("exit code %d, %s%swant %s", code, out, report, want)
	}
	t.Log(report)
}

// The fixture must exercise every action and the groups that speak, or the test
// above would say little.
func TestFixtureIsVaried(t *testing.T) {
	path := writeEvents(t, 500)
	for _, action := range []string{"allow", "monitor", "step_up", "deny"} {
		if code, out, _ := runWith(t, nil, "tail", "--from", path, "-n", "-1", "--action", action); code != 0 || strings.Count(out, "\n") < 10 {
			t.Errorf("%d decisions to %s, want at least 10", strings.Count(out, "\n"), action)
		}
	}
}

// A verdict is told as what it is: nats without a lambda, and no less than they were.
func TestVerdictsAreExplained(t *testing.T) {
	engine, f := risk.New(risk.DefaultConfig()), known()
	f.Set(models.VerdictNats, 8)
	e := decided(2, f, engine)
	code, out, report := runWith(t, encode(configured(engine), e), "explain", "--from", "-", idText(2))
	if code != 0 || !strings.Contains(out, "  verdict of an analyst\n") || !strings.Contains(out, "bit-identical") {
		t.Errorf("exit code %d\n%s%s", code, out, report)
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "verdict ") && strings.Contains(line, "*") {
			t.Errorf("marked as less than its lambda: %s", line)
		}
	}
	lines := encode(configured(engine), e)
	lines = bytes.Replace(lines, []byte(`"action":"deny"`), []byte(`"action":"allow"`), 1)
	if code, _, _ := runWith(t, lines, "explain", "--from", "-", idText(2)); code != 1 {
		t.Errorf("an event that let a quarantined caller in: exit code %d, want 1", code)
	}
}

func TestEveryChangeIsSeen(t *testing.T) {
	engine := risk.New(risk.DefaultConfig())
	f := func(name string, change func(*models.Event)) {
		t.Helper()
		e := decided(2, moved(), engine)
		change(e)
		lines := encode(configured(engine), e)
		if code, out, report := runWith(t, lines, "explain", "--from", "-", idText(2)); code != 1 || out != "" {
			t.Errorf("%s: explain: exit code %d, want 1\n%s%s", name, code, out, report)
		}
		code, out, report := runWith(t, lines, "explain", "--from", "-", "--all")
		if code != 1 || !strings.Contains(out, "\n1 recomputed, 1 different") && !strings.Contains(out, "1 unreadable") {
			t.Errorf("%s: explain --all: exit code %d, want 1\n%s%s", name, code, out, report)
		}
	}
	bit := func(v *float64) { *v += *v * 0x1p-52 }
	assess := func(change func(*models.Assessment)) func(*models.Event) {
		return func(e *models.Event) { change(&e.Assessment) }
	}
	f("score", assess(func(a *models.Assessment) { bit(&a.Score) }))
	f("actor score", assess(func(a *models.Assessment) { bit(&a.ActorScore) }))
	f("nats", assess(func(a *models.Assessment) { bit(&a.Nats) }))
	f("actor nats", assess(func(a *models.Assessment) { a.ActorNats += 0x1p-30 }))
	f("base", assess(func(a *models.Assessment) { bit(&a.Base) }))
	f("no base", assess(func(a *models.Assessment) { a.Base = 0 }))
	f("confidence", assess(func(a *models.Assessment) { bit(&a.Confidence) }))
	f("refill", assess(func(a *models.Assessment) { bit(&a.Refill) }))
	f("level", assess(func(a *models.Assessment) { a.Level = models.Low }))
	f("wanted", assess(func(a *models.Assessment) { a.Wanted = models.Monitor }))
	f("a reason less", assess(func(a *models.Assessment) { a.NumReasons--; a.Reasons[a.NumReasons] = 0 }))
	f("order of reasons", assess(func(a *models.Assessment) { a.Reasons[0], a.Reasons[1] = a.Reasons[1], a.Reasons[0] }))
	f("nats of a group", assess(func(a *models.Assessment) { bit(&a.Contributions[models.Device].Nats) }))
	f("points of a group", assess(func(a *models.Assessment) { bit(&a.Contributions[models.Device].Points) }))
	f("state", func(e *models.Event) { e.Evidence[models.Device].State = models.Clean })
	f("fact", func(e *models.Event) { e.Evidence[models.Device].Facts[0].Value++ })
	f("feature", func(e *models.Event) { e.Features.Set(models.DevWeight1+2, 26.9) })
	f("learned", func(e *models.Event) { e.Features.Flags |= models.LearnedWeights })
	f("explored", func(e *models.Event) { e.Features.Flags |= models.Explored })
	f("flag", func(e *models.Event) { e.Features.Flags |= models.IsAnonymous })
	f("state of a feature", func(e *models.Event) { e.Features.States[models.Time] = models.Hit })
	f("asked by risk", func(e *models.Event) { e.ByRisk = models.Monitor })
	f("mode", func(e *models.Event) { e.Mode = models.Shadow })
	f("milder action", func(e *models.Event) { e.Action = models.Allow })
	f("risk section", func(e *models.Event) { e.ConfigHash[7]++ })
}

// A decision may stand before its risk section, when the file was rotated in
// between or two batches changed places.
func TestTheRiskSectionMayComeLater(t *testing.T) {
	engine := risk.New(risk.DefaultConfig())
	lines := encode(decided(1, known(), engine), configured(engine))
	path := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(path, lines, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--all"}, {idText(1)}} {
		if code, out, report := runWith(t, nil, append([]string{"explain", "--from", path}, args...)...); code != 0 {
			t.Errorf("%v: exit code %d\n%s%s", args, code, out, report)
		}
	}
}

// An id may stand in another event's text.
func TestAnEventThatMentionsTheIDIsAnother(t *testing.T) {
	engine := risk.New(risk.DefaultConfig())
	first, second := decided(1, stolen(), engine), decided(2, known(), engine)
	first.RequestID = []byte(idText(2))
	code, out, report := runWith(t, encode(configured(engine), first, second), "explain", idText(2), "--from", "-")
	if code != 0 || !strings.Contains(out, "event        decision "+idText(2)) {
		t.Errorf("exit code %d\n%s%s", code, out, report)
	}
}

// A section that an earlier build wrote lacks the settings added since, and still
// explains the decisions made under it.
func TestTheSectionOfAnEarlierBuildExplains(t *testing.T) {
	engine := risk.New(risk.DefaultConfig())
	record, e := configured(engine), decided(1, known(), engine)
	record.Payload = bytes.Replace(record.Payload, []byte(`"slope":0.6,`), nil, 1)
	if bytes.Equal(record.Payload, engine.JSON()) {
		t.Fatal("the section still has every setting")
	}
	record.ConfigHash = hashOf(record.Payload)
	e.ConfigHash = record.ConfigHash
	code, out, report := runWith(t, encode(record, e), "explain", idText(1), "--from", "-")
	if code != 0 || !strings.Contains(out, "bit-identical") {
		t.Errorf("exit code %d\n%s%s", code, out, report)
	}
}

// What a terminal would obey never reaches it.
func TestNothingFromOutsideReachesTheTerminal(t *testing.T) {
	engine := risk.New(risk.DefaultConfig())
	e := decided(1, known(), engine)
	e.Method, e.Host, e.Path = []byte("\x1b[2J"), []byte("a\u202e\u009b"), []byte("/\x1b]0;x\a")
	e.Node, e.Policies = "edge\n1", []byte("p\x1b[0m")
	lines := encode(configured(engine), e)
	for _, args := range [][]string{{"explain", idText(1)}, {"tail"}} {
		_, out, _ := runWith(t, lines, append(args, "--from", "-")...)
		if i := strings.IndexFunc(out, func(r rune) bool { return r != '\n' && (r < ' ' || r > '~') }); i >= 0 || out == "" {
			t.Errorf("%s prints %q", args[0], out)
		}
	}
}

// A decision by learned weights, about a session that was explored, says so and is
// recomputed by the published section.
func TestExplainSaysWhatWasLearnedAndExplored(t *testing.T) {
	c := risk.DefaultConfig()
	c.Learning = risk.Learning{Weights: true, Explore: 0.0005}
	weights := c.ByGroup()
	weights[models.Network] = 1.25
	engine := risk.New(c.With(weights, 0.7, risk.Learned{Labels: 812, Attacks: 60}))
	f := known()
	f.Flags |= models.LearnedWeights | models.Explored
	e := decided(1, f, engine)
	e.Action, e.Denial, e.Status, e.Upstream = models.StepUp, models.StepUpRequired, 401, ""
	lines := encode(configured(engine), e)
	code, out, report := runWith(t, lines, "explain", "--from", "-", idText(1))
	for _, want := range []string{
		"Asked to step up as a sample, score ", "the score asks for allow, and the session is explored: step_up\n",
		"learned      weights or slope, from 812 labels: 60 attacks, 752 genuine\n", "recomputed   bit-identical",
	} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, no %q in\n%s%s", code, want, out, report)
		}
	}
	if code, out, _ := runWith(t, lines, "tail", "--from", "-"); code != 0 || !strings.Contains(out, "step_up_required; explored") {
		t.Errorf("tail: exit code %d\n%s", code, out)
	}
}
