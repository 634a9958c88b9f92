package main

import (
	"fmt"
	"math"
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

// visits writes one session a day of every caller, of two requests each, and
// returns the events.
func visits(t *testing.T, callers, days int) (file string, events []*models.Event) {
	t.Helper()
	engine, r := risk.New(risk.DefaultConfig()), rand.New(rand.NewPCG(8, 9))
	for day := range days {
		for caller := range callers {
			for n := range 2 {
				f := known()
				f.Set(models.NetOdds, math.Exp(3*r.NormFloat64()))
				for _, first := range []models.Feature{models.NetWeight1, models.DevWeight1} {
					if r.IntN(4) == 0 {
						f.Set(first, 0)
						f.Set(first+1, float64(r.IntN(2)))
					}
				}
				f.Set(models.FailedLogins, r.ExpFloat64()*3)
				f.Set(models.SanityNats, r.ExpFloat64())
				if r.IntN(5) == 0 {
					f.Flags |= models.IsAnonymous
				}
				e := decided(1+len(events), f, engine)
				e.Time = begin.AddDate(0, 0, day).Add(time.Duration(caller)*time.Minute + time.Duration(n)*time.Second)
				if e.Subject != models.Anonymous {
					e.Pseudonym = models.Pseudonym{1, byte(caller), byte(caller >> 8)}
				}
				e.Observed.Address = uint32(caller + 1)
				events = append(events, e)
			}
		}
	}
	file = filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(file, append(encode(configured(engine)), encode(events...)...), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, events
}

func TestTunedThresholdsKeepTheBudget(t *testing.T) {
	file, events := visits(t, 60, 20)
	code, out, report := runWith(t, nil, "tune", "--from", file, "--budget", "step_up=30%,deny=1%")
	if code != 0 || report != "" {
		t.Fatalf("exit code %d\n%s%s", code, out, report)
	}
	c, err := config.ParseRisk("tuned.yaml", []byte(out)) // as riskctl whatif does
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	engine := risk.New(c)
	asked, sessions, denied := map[string]bool{}, map[string]bool{}, 0
	for _, e := range events {
		var a models.Assessment
		engine.Assess(&e.Features, &e.Evidence, e.Class, &a)
		if a.Wanted == models.Deny {
			denied++
		}
		if e.Subject == models.Anonymous {
			continue
		}
		session := fmt.Sprint(e.Pseudonym, e.Time.YearDay())
		sessions[session] = true
		if a.Wanted >= models.StepUp {
			asked[session] = true
		}
	}
	if s := float64(len(asked)) / float64(len(sessions)); s > 0.3 || s < 0.29 {
		t.Errorf("%g of the sessions are asked to step up, want at most 0.3 and not much less\n%s", s, out)
	}
	if s := float64(denied) / float64(len(events)); s > 0.01 || s < 0.009 {
		t.Errorf("%g of the requests are denied, want at most 0.01 and not much less\n%s", s, out)
	}
	for _, part := range []string{fmt.Sprintf("  %d sessions of 60 callers\n", len(sessions)), fmt.Sprintf("  %d requests of ", len(events))} {
		if !strings.Contains(out, part) {
			t.Errorf("%q is not in\n%s", part, out)
		}
	}
	if _, again, _ := runWith(t, nil, "tune", "--from", file, "--budget", "step_up=30%,deny=1%"); again != out {
		t.Errorf("the same recording gives other thresholds\n%s%s", out, again)
	}
}
