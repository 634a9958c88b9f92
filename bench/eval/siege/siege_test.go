package siege

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/bench/eval/rival"
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

var start = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

func config(w traffic.Config) Config { return Config{World: w, Risk: risk.DefaultConfig()} }

// Caught is what the bars call so.
func TestCaught(t *testing.T) {
	for name, one := range map[string]struct {
		ev   models.Event
		want bool
	}{
		"allowed":            {models.Event{Assessment: models.Assessment{Refill: 1}}, false},
		"denied":             {models.Event{Action: models.Deny}, true},
		"stepped up":         {models.Event{Action: models.StepUp, CanStepUp: true}, true},
		"machine slowed":     {models.Event{Action: models.Monitor, Assessment: models.Assessment{Refill: 1.0 / 16}}, true},
		"machine a bit slow": {models.Event{Action: models.Throttle, Assessment: models.Assessment{Refill: 1.0 / 8}}, false},
		"person slowed":      {models.Event{Action: models.Throttle, CanStepUp: true, Assessment: models.Assessment{Refill: 1.0 / 32}}, false},
		"machine found":      {models.Event{Action: models.Monitor, Finding: "no_step_up", Assessment: models.Assessment{Refill: 1}}, true},
	} {
		if got := Caught(&one.ev); got != one.want {
			t.Errorf("%s: caught %v", name, got)
		}
	}
}

// A raid counts requests, seconds and objects until it is caught, and no further.
func TestRaidUntilCaught(t *testing.T) {
	a := newAssault()
	for i := range 30 {
		e := &traffic.Event{Label: traffic.Enumeration, Variant: traffic.Random, Attack: 7, Person: "p", Object: int64(i), Time: start.Add(time.Duration(i) * time.Second)}
		ev := &models.Event{Status: 200, Assessment: models.Assessment{Score: 20, Refill: 1}}
		if i%2 == 1 {
			ev.Status = 404
		}
		if i >= 24 {
			ev.Action, ev.Assessment.Score = models.Deny, 90
		}
		a.take(e, ev, []float32{float32(ev.Assessment.Score), -float32(i)})
	}
	got := a.report()[0]
	if got.Attacker != "enumeration/random" || got.Within20 != 0 || got.Ever != 1 ||
		got.Requests[0] != 25 || got.Seconds[0] != 24 || got.Objects[0] != 12 || got.Lost[0] != 12 {
		t.Errorf("%+v", got)
	}
	if h := a.order[0].highest; !slices.Equal(h, highest{20, 0}) {
		t.Errorf("highest of the first 20 are %v", h)
	}
}

// Who is never caught takes everything; that shows only where all attacks count.
func TestUncaughtRaidsLoseEverything(t *testing.T) {
	a := newAssault()
	for attack, objects := range []int{1: 4, 2: 50, 3: 60} {
		for i := range objects {
			e := &traffic.Event{Label: traffic.SlowScrape, Attack: attack, Object: int64(i), Time: start.Add(time.Duration(i) * time.Second)}
			ev := &models.Event{Status: 200, Assessment: models.Assessment{Score: 20, Refill: 1}}
			if attack == 1 && i == 3 {
				ev.Action = models.Deny
			}
			a.take(e, ev, []float32{0})
		}
	}
	if got := a.report()[0]; got.Objects != (Spread{3, 3}) || got.Lost != (Spread{50, 60}) {
		t.Errorf("%v lost until caught, %v in all, want 3 and 50 to 60", got.Objects, got.Lost)
	}
}

// A day with a VPN switched on is a day of people, and counted by itself too.
func TestDaysWithATwin(t *testing.T) {
	c := config(traffic.NewWorld(traffic.WorldAPI, 1, start, traffic.Size{Users: 1, Machines: 1, Days: 30}))
	h := newHonest(&c)
	for day := range 4 {
		e := &traffic.Event{Person: "p", Credential: models.JWT, CredentialID: "s", Time: start.Add(Warm).AddDate(0, 0, day)}
		ev := &models.Event{CanStepUp: true, Assessment: models.Assessment{Score: 20, Refill: 1}}
		if day == 2 {
			e.Variant, ev.Action = traffic.BenignTwin, models.StepUp
		}
		h.take(e, ev, []float32{0})
	}
	h.end()
	if h.People.Days != 4 || h.People.Alarms != 1 || h.Twins.Days != 1 || h.Twins.Alarms != 1 || h.Machines.Days != 0 {
		t.Errorf("%+v", h.Honest)
	}
}

// An alarm is one of behavior if it would not be one without.
func TestAlarmsByBehavior(t *testing.T) {
	engine := risk.New(risk.DefaultConfig())
	for _, one := range []struct {
		rate, network float64
		want          bool
	}{{5, 0, true}, {0, 5, false}, {2, 1.5, true}, {1, 5, false}} {
		var ev models.Event
		ev.Evidence[models.Rate] = models.Evidence{Lambda: one.rate, Confidence: 1}
		ev.Evidence[models.Network] = models.Evidence{Lambda: one.network, Confidence: 1}
		engine.Assess(&ev.Features, &ev.Evidence, models.Normal, &ev.Assessment)
		if ev.Assessment.Score < 30 {
			t.Fatalf("score %.1f is no alarm", ev.Assessment.Score)
		}
		if got := byBehavior(&ev, 30); got != one.want {
			t.Errorf("rate %g, network %g: by behavior %v", one.rate, one.network, got)
		}
	}
}

// A small siege: thieves of keys and tokens and enumerators are caught at once,
// scrapers within the day, and machine clients left in peace, with their nightly
// exports.
func TestSiege(t *testing.T) {
	w := traffic.NewWorld(traffic.WorldAPI, 1, start, traffic.Size{Users: siegeUsers, Machines: siegeMachines, Days: 14}).Without(traffic.Stuffing)
	c := config(w)
	c.Ablate = true
	r, err := Run(c)
	if err != nil {
		t.Fatal(err)
	}
	all, soon := 0.0, 0.0
	for _, c := range r.Campaigns {
		t.Logf("%-26s %d attacks, %.2f within 20 requests, %.2f within a day; %v", c.Attacker, c.Attacks, c.Within20, c.WithinDay, c.Reasons)
		switch name, _, _ := strings.Cut(c.Attacker, "/"); name {
		case "token_replay", "key_theft", "enumeration":
			all += float64(c.Attacks)
			soon += c.Within20 * float64(c.Attacks)
		case "slow_scrape":
			if held && c.WithinDay < 0.77 {
				t.Errorf("%s: %.2f caught within a day, want 0.77", c.Attacker, c.WithinDay)
			}
		}
	}
	if all < 20 || soon < 0.92*all {
		t.Errorf("%.0f of %.0f thieves and enumerators caught within 20 requests, want 0.92", soon, all)
	}
	t.Logf("honest: %+v", r.Honest)
	m, x := &r.Honest.Machines, &r.Honest.Exports
	if x.Days == 0 || held && x.Behavior > 0 {
		t.Errorf("nightly exports: %+v, want some and none with an alarm", x)
	}
	if m.Days < 100 || float64(m.Alarms) > 0.002*float64(m.Days) {
		t.Errorf("machine clients: %+v, want hardly an alarm", m)
	}
	if models := 1 + len(rival.Weighing(risk.DefaultConfig())) + 4; len(r.Rows) != models*len(r.Campaigns) {
		t.Errorf("%d rows of %d campaigns and %d models", len(r.Rows), len(r.Campaigns), models)
	}
}

func TestStorm(t *testing.T) {
	s, err := RunStorm(config(StormWorld(2, start, stormUsers, 8*stormUsers)))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", s)
	if s.Attempts != 8*stormUsers || s.ModeAfter < 0 || s.ModeAfter > 60 || s.ModeBefore > 0 || s.Mode > 1.5 {
		t.Errorf("attack mode after %.0f s, before in %d logins, want within a minute and never", s.ModeAfter, s.ModeBefore)
	}
	if want := s.During.stepUps() / s.Before.stepUps(); s.StepUps != want {
		t.Errorf("step-ups %.2f times as often, want %.2f", s.StepUps, want)
	}
	if s.Before.Sessions == 0 || s.During.Logins == 0 || s.During.Share > 0.1 {
		t.Errorf("hindered before %+v, during %+v", s.Before, s.During)
	}
}

// Every manner and duration is played by as many attackers, each with a victim of
// his own.
func TestPoison(t *testing.T) {
	c := config(traffic.NewWorld(traffic.WorldA, 3, start, traffic.Size{Users: 300, Days: 120}))
	all, err := Poison(c, 5)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(manners)*len(Durations) {
		t.Fatalf("%d rows", len(all))
	}
	for _, p := range all {
		if p.Plans < 3 || p.Plans > 5 || p.Accepted < 0 || p.Accepted > 1 || (p.Got == 0) != (p.Accepted == 0) || p.Got > 0 && p.Largest < p.GotDrop || math.Abs(p.Drop) > 100 {
			t.Errorf("%+v", p)
		}
	}
}
