package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/gateway/verdict"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// says makes the verdicts of the world.
func (w *world) says(all ...verdict.Verdict) {
	w.Helper()
	var text []byte
	for i := range all {
		text = append(all[i].AppendLine(text), '\n')
	}
	file := filepath.Join(w.TempDir(), "verdicts.ndjson")
	w.must(os.WriteFile(file, text, 0o600))
	if w.Verdicts == nil {
		w.Verdicts = verdict.New(zerolog.Nop())
	}
	w.must(w.Verdicts.Load(verdict.Config{File: file}, w.now()))
}

// give returns a verdict of now, in force for an hour where it expires.
func (w *world) give(k models.VerdictKind, e *models.Event) verdict.Verdict {
	v := verdict.Verdict{Subject: e.Pseudonym, Kind: k, At: w.now().Truncate(time.Second), Nats: verdict.DefaultNats(k)}
	switch k {
	case models.Quarantine, models.Confirm:
		v.Expires = v.At.Add(time.Hour)
	case models.Report:
		v.Since = v.At.Add(-24 * time.Hour)
	}
	return v
}

func TestAQuarantineRefusesUntilItEnds(t *testing.T) {
	w := settled(t)
	ada := shot{token: w.token("ada")}
	_, e := w.ask(ada)
	quarantine := w.give(models.Quarantine, e)
	w.says(quarantine)
	got, e := w.ask(ada)
	if got.StatusCode != 403 || e.Denial != models.RiskDenied || e.Assessment.Contributions[models.Verdict].Nats != 8 {
		t.Fatalf("%d %s, verdict %g nats", got.StatusCode, e.Denial, e.Assessment.Contributions[models.Verdict].Nats)
	}
	if said := string(models.AppendSentence(nil, e)); !strings.Contains(said, "verdict of an analyst") {
		t.Errorf("the event says %q", said)
	}
	if !e.Rulings.Has(models.Quarantine) {
		t.Error("the first request does not name the verdict")
	}
	if err := Verify(e, w.snap.Risk); err != nil {
		t.Error(err)
	}
	if _, e = w.ask(ada); e.Denial != models.RiskDenied || e.Rulings != (models.Rulings{}) {
		t.Errorf("the second one: %s, names %v", e.Denial, e.Rulings)
	}
	w.status(200, shot{key: w.apiKeys["good"]}) // another caller
	w.advance(time.Minute)
	w.says(quarantine, w.give(models.Forgive, e))
	w.status(200, ada)
	w.says(quarantine)
	w.status(403, ada)
	w.advance(time.Hour)
	w.status(200, shot{token: w.token("ada")})
}

// A quarantine of fewer nats lets who can step up prove itself, and nobody else: a
// credit of before it counts for nothing, one earned after it does.
func TestAQuarantineAsksForAStepUp(t *testing.T) {
	w := settled(t)
	if earned := w.pass(); earned >= 0 {
		t.Fatalf("a credit of %g", earned)
	}
	ada := shot{token: w.token("ada")}
	_, e := w.ask(ada)
	if !e.Features.Has(models.HoldsCredit) {
		t.Fatal("she holds no credit")
	}
	quarantine := w.give(models.Quarantine, e)
	quarantine.Nats = 5
	w.says(quarantine)
	if _, e = w.ask(ada); e.Denial != models.StepUpRequired || e.Features.Has(models.HoldsCredit) {
		t.Errorf("%q, holds credit %t; want a challenge although she held a credit", e.Denial, e.Features.Has(models.HoldsCredit))
	}
	w.advance(time.Second)
	if _, e = w.ask(shot{token: w.strong("ada")}); e.Denial != "" || !e.Passed {
		t.Errorf("%q, passed %t; want it to have been answered", e.Denial, e.Passed)
	}
	w.status(200, ada)
}

func TestAQuarantinedMachineCannotStepUp(t *testing.T) {
	w := newWorld(t)
	good := shot{key: w.apiKeys["good"]}
	_, e := w.ask(good)
	if !e.Features.Has(models.IsEnrolling) {
		t.Fatal("its first days are over")
	}
	quarantine := w.give(models.Quarantine, e)
	quarantine.Nats = 4
	w.says(quarantine)
	got, e := w.ask(good)
	if got.StatusCode != 403 || e.Denial != models.StepUpImpossible || e.ByRisk != models.Deny {
		t.Errorf("%d %s, by risk %s", got.StatusCode, e.Denial, e.ByRisk)
	}
	if err := Verify(e, w.snap.Risk); err != nil {
		t.Error(err)
	}
}

// In shadow nothing is refused by the score, a quarantine included.
func TestAQuarantineInShadow(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.risk.Mode = models.Shadow })
	ada := shot{token: w.token("ada")}
	_, e := w.ask(ada)
	w.says(w.give(models.Quarantine, e))
	if got, e := w.ask(ada); got.StatusCode != 200 || e.ByRisk != models.Deny {
		t.Errorf("%d, by risk %s", got.StatusCode, e.ByRisk)
	}
}

func TestAConfirmClosesFindings(t *testing.T) {
	w := newWorld(t)
	good := shot{key: w.apiKeys["good"]}
	w.live(8, func() shot { return good })
	w.advance(time.Minute)
	good.from = mobile
	_, e := w.ask(good)
	finding := w.next()
	if finding.Kind != models.FindingEvent || finding.Finding != string(risk.NewToMachine) || finding.Closed {
		t.Fatalf("%s %q", finding.Kind, finding.Finding)
	}
	w.advance(time.Minute)
	w.says(w.give(models.Confirm, e))
	w.advance(findingEvery)
	_, e = w.ask(good)
	for _, want := range []risk.Finding{risk.NewToMachine, risk.NoStepUp} {
		closed := w.next()
		if closed.Kind != models.FindingEvent || closed.Finding != string(want) || !closed.Closed || closed.Pseudonym != finding.Pseudonym {
			t.Errorf("%s %q closed %t, want %s closed", closed.Kind, closed.Finding, closed.Closed, want)
		}
	}
	if nats := e.Assessment.Contributions[models.Verdict].Nats; nats != verdict.ConfirmNats || !e.Features.Has(models.IsConfirmed) {
		t.Errorf("%g nats while it is confirmed", nats)
	}
	if err := Verify(e, w.snap.Risk); err != nil {
		t.Error(err)
	}
	w.ask(good)
	if rest := w.stop(); len(rest) != 0 {
		t.Errorf("%d more events, the first a %s %q", len(rest), rest[0].Kind, rest[0].Finding)
	}
}

// Who was locked out for unanswered challenges gets new ones.
func TestAForgiveReopensChallenges(t *testing.T) {
	w := settled(t, func(s *settings) { s.stepup.Challenges = 1 })
	w.status(401, hot(w.token("ada")))
	w.advance(time.Second)
	_, e := w.ask(hot(w.token("ada")))
	if e.Denial != models.StepUpExhausted {
		t.Fatalf("%q", e.Denial)
	}
	w.says(w.give(models.Forgive, e))
	w.status(401, hot(w.token("ada")))
}

// A session that changes hands is seen while its owner is vouched for.
func TestAConfirmDoesNotHideATheft(t *testing.T) {
	w := settled(t)
	_, e := w.ask(shot{token: w.token("ada")})
	w.says(w.give(models.Confirm, e))
	_, e = w.ask(shot{token: w.token("ada")})
	if !e.Features.Has(models.IsConfirmed) || e.Action != models.Allow {
		t.Fatalf("confirmed %t, %s", e.Features.Has(models.IsConfirmed), e.Action)
	}
	w.advance(time.Minute)
	got, e := w.ask(shot{token: w.token("ada"), from: sydney, agent: chrome})
	if got.StatusCode != 403 || e.Denial != models.RiskDenied || e.Assessment.Contributions[models.Verdict].Nats != verdict.ConfirmNats {
		t.Errorf("%d %q, score %g: want it refused", got.StatusCode, e.Denial, e.Assessment.Score)
	}
}
