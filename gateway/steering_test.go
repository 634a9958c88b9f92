package gateway

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// aSession is a look of caller n with so much evidence.
func aSession(n int, at time.Time, nats float64) *models.Event {
	e := &models.Event{Time: at, Pseudonym: models.Pseudonym{byte(n), byte(n >> 8), byte(n >> 16), 1}}
	e.Assessment.Nats = nats
	return e
}

func followed(share models.Share) *steering {
	c, s := risk.DefaultConfig(), new(steering)
	c.Budget.StepUp = share
	s.configure(&c)
	return s
}

// One caller counts once an hour, however often it comes: a flood moves nothing
// that the caller's first session would not.
func TestSteeringCountsCallersOnceAnHour(t *testing.T) {
	s := followed(0.005)
	start := time.Unix(1_800_000_000, 0)
	for i := range 1_000_000 {
		s.see(aSession(1, start.Add(time.Duration(i)*time.Millisecond), 30))
	}
	if _, n := s.state(); n != 1 {
		t.Errorf("%d sessions of one caller in 17 minutes, want 1", n)
	}
	if shift, _ := s.move(); shift > 0.1 {
		t.Errorf("one caller moved the thresholds by %g nats", shift)
	}
	s.see(aSession(1, start.Add(time.Hour), 30))
	if _, n := s.state(); n != 2 {
		t.Errorf("%d sessions after an hour, want 2", n)
	}
}

// The share of sessions above the threshold comes to the budget, for a share that
// is followed and for one that is extrapolated.
func TestSteeringMeetsTheBudget(t *testing.T) {
	for _, share := range []models.Share{0.02, 0.001} {
		s, r := followed(share), rand.New(rand.NewPCG(1, uint64(share*1e6)))
		home := s.homes[models.Normal]
		spread := 0.8 // nats; so that the share lies within reach
		over, n, shift := 0, 0, 0.0
		start := time.Unix(1_800_000_000, 0)
		for i := range 300_000 {
			nats := home - 2*spread + spread*r.NormFloat64()
			if share < 0.01 {
				nats = home - 3*spread + spread*r.NormFloat64()
			}
			e := aSession(i%5000, start.Add(time.Duration(i/5000)*time.Hour), nats)
			if i%1000 == 0 { // a minute or so
				shift, _ = s.move()
			}
			if i > 150_000 {
				if n++; nats > home+shift {
					over++
				}
			}
			s.see(e)
		}
		if got := float64(over) / float64(n) / float64(share); got < 0.8 || got > 1.2 {
			t.Errorf("a budget of %s: %.2f of it was used", share, got)
		}
	}
}

// A session that is explored is asked whatever it scores, and is paid for from the
// budget: the thresholds leave room for it.
func TestExploredSessionsCountInTheBudget(t *testing.T) {
	for _, c := range []struct{ budget, explore models.Share }{{0.02, 0.01}, {0.001, 0.0005}} {
		section, s := risk.DefaultConfig(), new(steering)
		section.Budget.StepUp, section.Learning.Explore = c.budget, c.explore
		s.configure(&section)
		home, r := s.homes[models.Normal], rand.New(rand.NewPCG(3, 4))
		asked, n, shift := 0, 0, 0.0
		start := time.Unix(1_800_000_000, 0)
		for i := range 400_000 {
			e := aSession(i%5000, start.Add(time.Duration(i/5000)*time.Hour), home-2.2+0.8*r.NormFloat64())
			if c.budget < 0.01 {
				e.Assessment.Nats -= 0.2
			}
			if r.Float64() < float64(c.explore) {
				e.Features.Flags = models.Explored
			}
			if i%1000 == 0 {
				shift, _ = s.move()
			}
			if i > 150_000 {
				n++
				if e.Features.Has(models.Explored) || e.Assessment.Nats > home+shift {
					asked++
				}
			}
			s.see(e)
		}
		if got := float64(asked) / float64(n) / float64(c.budget); got < 0.8 || got > 1.2 {
			t.Errorf("a budget of %s with %s explored: %.2f of it was used", c.budget, c.explore, got)
		}
	}
}

func TestSteeringWithoutBudget(t *testing.T) {
	s := followed(0)
	s.see(aSession(1, time.Unix(1_800_000_000, 0), 30))
	if shift, news := s.move(); shift != 0 || news || s.save() != nil {
		t.Errorf("moved by %g, news %v", shift, news)
	}
}

// A move is a configuration of its own: published, in force at once, and gone when
// the budget is taken away; decisions of before can still be explained.
func TestThresholdsMoveInTheOpen(t *testing.T) {
	s := newSite(t)
	s.configure(parts{risk: "budget: {step_up: 1%}"})
	s.start()
	s.want("/items/1", http.StatusOK)
	for i := range 300 {
		s.steering.see(aSession(i, time.Now(), 30))
	}
	s.steerNow()
	shift, sessions := s.steering.state()
	if shift != 1 || sessions != 300 {
		t.Fatalf("%d sessions moved the thresholds by %g, want by 1", sessions, shift)
	}
	s.want("/items/2", http.StatusOK)
	moved := risk.New(s.riskOf(s.Config()))
	if got := moved.Thresholds(models.Normal).StepUp; got < 40 || got > 46 {
		t.Errorf("step_up is %g, want 1 nat above 30", got)
	}
	hash := moved.Hash()
	eventually(t, "both decisions and both risk sections", func() bool {
		text := strings.Join(s.events(), "\n")
		return strings.Contains(text, fmt.Sprintf("%x", hash)) && strings.Count(text, `"config_hash"`) >= 4
	})
	if !strings.Contains(s.log.String(), "step_up thresholds moved") {
		t.Error("nothing was said")
	}
	s.explainsAll(2)
	if _, metrics := s.admin(http.MethodGet, "/metrics"); !strings.Contains(metrics, "\nriskgate_risk_budget_shift_nats 1\n") {
		t.Error("no metric shows the move")
	}
	s.replace("budget: {step_up: 1%}", "mode: enforce")
	s.reload()
	if got := s.riskOf(s.Config()); got.Classes.Normal.StepUp != 30 {
		t.Errorf("step_up is %g without a budget, want 30", got.Classes.Normal.StepUp)
	}
}

// explainsAll fails the test unless the last n decisions are explained.
func (s *site) explainsAll(n int) {
	s.t.Helper()
	_, body := s.admin(http.MethodGet, fmt.Sprintf("/-/events?n=%d", 2*n))
	var recent []struct {
		Class    int `json:"class_uid"`
		Metadata struct {
			UID string `json:"uid"`
		} `json:"metadata"`
	}
	s.must(json.Unmarshal([]byte(body), &recent))
	explained := 0
	for _, e := range recent {
		if e.Class != 6003 {
			continue
		}
		if status, text := s.admin(http.MethodGet, "/-/events/"+e.Metadata.UID); status != http.StatusOK {
			s.t.Errorf("%s: %d %s", e.Metadata.UID, status, text)
		}
		explained++
	}
	if explained < n {
		s.t.Errorf("%d decisions are explained, want %d: %s", explained, n, body)
	}
}

func TestSteeringSurvivesARestart(t *testing.T) {
	s := newSite(t)
	s.configure(parts{risk: "budget: {step_up: 1%}"})
	s.start()
	for i := range 300 {
		s.steering.see(aSession(i, time.Now(), 30))
	}
	s.steerNow()
	s.stop()
	s.build()
	t.Cleanup(func() { s.stop() })
	if shift, n := s.steering.state(); shift != 1 || n != 300 {
		t.Errorf("after a restart: shift %g of %d sessions, want 1 of 300", shift, n)
	}
	if got := s.riskOf(s.Config()).Classes.Normal.StepUp; got < 40 {
		t.Errorf("step_up is %g after a restart, want as before", got)
	}
}
