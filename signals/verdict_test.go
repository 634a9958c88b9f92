package signals

import (
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

func given(at time.Time, k models.VerdictKind) models.Rulings {
	stamp := baseline.Stamp(at)
	return models.Rulings{{Kind: k, At: stamp, Since: stamp - 86400}}
}

// A forgive holds for the first request after it already, and for that one alone.
func TestForgivenAtOnce(t *testing.T) {
	g, ada, at := settled(t)
	s := shot{at: at, addr: home, agent: firefox, ja4: ja4}
	ev := g.collect(ada, s)
	ev.Assessment.ActorNats = 3
	g.c.Observe(ev)
	s.at = at.Add(time.Minute)
	if before := g.collect(ada, s).Features.Get(models.ActorNats); before < 2.5 {
		t.Fatalf("%g nats are left behind, want nearly 3", before)
	}
	s.rulings = given(s.at, models.Forgive)
	ev = g.collect(ada, s)
	if left := ev.Features.Get(models.ActorNats); left != 0 || !ev.Rulings.Has(models.Forgive) {
		t.Errorf("%g nats are left, want none, and the event to name the verdict: %v", left, ev.Rulings)
	}
	if ev = g.collect(ada, s); ev.Rulings != (models.Rulings{}) {
		t.Errorf("it takes effect again: %v", ev.Rulings)
	}
}

// After a report the session of whoever is calling is looked at anew, and what it
// comes with is new.
func TestReportedSessionIsLookedAt(t *testing.T) {
	g, ada, at := settled(t)
	thief := shot{at: at, addr: munich, agent: chrome, ja4: otherJA4, passed: true} // who could pass a step-up
	g.send(ada, thief)
	thief.passed, thief.at = false, at.Add(time.Minute)
	before := g.send(ada, thief)
	if before.Features.Has(models.IsLook) || before.Evidence[models.Network].Lambda < 1 {
		t.Fatalf("look %t, network %g: want the session to go on", before.Features.Has(models.IsLook), before.Evidence[models.Network].Lambda)
	}
	thief.at = at.Add(70 * time.Minute)
	known := g.send(ada, thief)
	thief.at, thief.rulings = at.Add(71*time.Minute), given(at.Add(70*time.Minute), models.Report)
	ev := g.send(ada, thief)
	if !ev.Features.Has(models.IsLook) || ev.Features.Get(models.NetWeight2) != 0 || known.Features.Get(models.NetWeight2) == 0 {
		t.Errorf("look %t, weight of the network %g, before %g: want a look at a new network",
			ev.Features.Has(models.IsLook), ev.Features.Get(models.NetWeight2), known.Features.Get(models.NetWeight2))
	}
	if score(ev) <= score(known)+10 {
		t.Errorf("score %.1f after the report, %.1f before", score(ev), score(known))
	}
}

// That a session had ended is said whatever else has changed in it, adds to that, and
// teaches nothing.
func TestEndedSession(t *testing.T) {
	for name, s := range map[string]shot{
		"as ever":   {addr: home, agent: firefox, ja4: ja4},
		"elsewhere": {addr: sydney, agent: chrome, ja4: otherJA4},
	} {
		g, ada, at := settled(t)
		g.send(ada, shot{at: at, addr: home, agent: firefox, ja4: ja4})
		s.at, s.ended = at.Add(time.Minute), true
		ev := g.send(ada, s)
		e := ev.Evidence[models.Session]
		if e.Lambda != 6 || e.State != models.Hit || ev.Features.Has(models.IsSessionChange) {
			t.Errorf("%s: %g nats, %s, change %t", name, e.Lambda, e.State, ev.Features.Has(models.IsSessionChange))
		}
		if baseline.Teaches(ev) {
			t.Errorf("%s: it teaches", name)
		}
	}
}

// A thief who goes on showing an old token between the requests of its owner, who has begun
// another session under the same name, does not make that one look like two places.
func TestEndedSessionIsNoneOfTheOwners(t *testing.T) {
	g, ada, at := settled(t)
	owner, thief := shot{addr: home, agent: firefox, ja4: ja4}, shot{addr: sydney, agent: firefox, ja4: ja4, ended: true}
	g.send(ada, shot{at: at, addr: home, agent: firefox, ja4: ja4})
	for i := range 6 {
		thief.at, owner.at = at.Add(time.Duration(2*i+1)*time.Minute), at.Add(time.Duration(2*i+2)*time.Minute)
		if ev := g.send(ada, thief); ev.Evidence[models.Session].Lambda != 6 {
			t.Fatalf("the thief's session says %g", ev.Evidence[models.Session].Lambda)
		}
		if ev := g.send(ada, owner); ev.Features.Get(models.SessionKind) != models.SessionSame || ev.Features.Has(models.IsSessionChange) {
			t.Fatalf("the owner's session changed: %g", ev.Features.Get(models.SessionKind))
		}
	}
}

// What a machine client comes with while it is confirmed is learned and trusted,
// and stays so, although its score is too high to teach.
func TestConfirmedMachineIsTrusted(t *testing.T) {
	g := newGate(t, earth, nil)
	g.populate(day0.AddDate(0, 0, -3))
	job, at := machine("job"), day0
	s := shot{addr: home, agent: "curl/8.1"}
	for range 15 {
		at = g.live(job, at, 1, s)
	}
	s.addr = mobile
	trust := func(at time.Time) float64 {
		s.at = at
		return g.send(job, s).Features.Get(models.NetTrust2)
	}
	if got := trust(at); got != 0 {
		t.Fatalf("a network of another provider has trust %g, want 0", got)
	}
	if got := trust(at.Add(time.Hour)); got != 0 {
		t.Fatalf("an hour later it has trust %g, want 0", got)
	}
	s.confirmed, s.rulings = true, given(at.Add(90*time.Minute), models.Confirm)
	trust(at.Add(2 * time.Hour)) // from here on it is known
	if got := trust(at.Add(3 * time.Hour)); got != 1 {
		t.Errorf("an hour after the confirm: trust %g, want 1", got)
	}
	s.confirmed = false
	if got := trust(at.Add(26 * time.Hour)); got != 1 {
		t.Errorf("a day after: trust %g, want 1", got)
	}
}
