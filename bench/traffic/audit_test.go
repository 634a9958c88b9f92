package traffic

import (
	"iter"
	"testing"
	"time"
)

var small = Size{Users: 2000, Days: 120}

// Nothing that must not differ tells an attack from the login it stands for.
func TestAudit(t *testing.T) {
	for _, w := range []World{WorldA, WorldB} {
		c := NewWorld(w, 3, start, small)
		for i := range c.Attacks {
			c.Attacks[i].Count = 600
		}
		found := c.Audit()
		if want := 7*(len(auditNames)+1) - 5; len(found) != want { // five are what the attack is about
			t.Errorf("world %s: %d figures, want %d", w, len(found), want)
		}
		for _, s := range found {
			t.Logf("world %s: %s %s by %s: %.3f of %d", w, s.Label, s.Variant, s.Attribute, s.AUC, s.Attacks)
			if s.AUC > 0.6 || s.Attacks < 600 {
				t.Errorf("world %s: %s %s is told by its %s: AUC %.3f of %d attacks, want at most 0.6 of 600",
					w, s.Label, s.Variant, s.Attribute, s.AUC, s.Attacks)
			}
		}
	}
}

// broken is a world whose naive attackers give themselves away.
func broken(attacks int, change func(e *Event) (keep bool)) iter.Seq[*Event] {
	c := NewWorld(WorldA, 3, start, small)
	c.Attacks = []Attack{{NaiveTakeover, Plain, attacks}}
	return func(yield func(*Event) bool) {
		for e := range c.Events() {
			if e.Label != Honest && !change(e) {
				continue
			}
			if !yield(e) {
				return
			}
		}
	}
}

// inserted gives each attack a genuine login right before it, which is what
// inserting attacks into a trace does to the accounts that come often.
func inserted() iter.Seq[*Event] {
	c := NewWorld(WorldA, 3, start, small)
	c.Attacks = []Attack{{NaiveTakeover, Plain, 600}}
	return func(yield func(*Event) bool) {
		for e := range c.Events() {
			if e.Label == Honest {
				if !yield(e) {
					return
				}
				continue
			}
			attack := *e
			e.Label, e.Attack = Honest, 0
			attack.Time = e.Time.Add(20 * time.Second)
			if !yield(e) || !yield(&attack) {
				return
			}
		}
	}
}

// The audit finds the mistakes that it is there for.
func TestAuditFindsABrokenGenerator(t *testing.T) {
	victims := map[string]bool{}
	for name, events := range map[string]iter.Seq[*Event]{
		AuditHour: broken(600, func(e *Event) bool { e.Time = e.Time.Truncate(24 * time.Hour); return true }),
		AuditRarity: broken(5000, func(e *Event) bool { // one attack for each account, not for each login
			first := !victims[e.Person]
			victims[e.Person] = true
			return first
		}),
		AuditSource: broken(600, func(e *Event) bool { e.Address = fixtures[16].prefix.Addr(); return true }),
		AuditGap:    inserted(),
	} {
		worst := 0.0
		for _, s := range auditLogins(events) {
			if s.Attribute == name {
				worst = s.AUC
			}
		}
		t.Logf("%s: %.3f", name, worst)
		if worst <= 0.6 {
			t.Errorf("a generator broken by %s: AUC %.3f, want above 0.6", name, worst)
		}
	}
}

// The same of the world API.
func TestAuditOfRequests(t *testing.T) {
	c := NewWorld(WorldAPI, 3, start, Size{Users: 5000, Machines: 430, Days: 14}).ForAudit()
	attributes := map[Attack]int{}
	for _, s := range c.Audit() {
		t.Logf("%s %s by %s: %.3f of %d and %d", s.Label, s.Variant, s.Attribute, s.AUC, s.Attacks, s.Honest)
		attributes[Attack{Label: s.Label, Variant: s.Variant}]++
		half := s.Attribute == AuditRarity || s.Attribute == AuditClientRarity // insiders are people or clients
		if s.Told() || !half && !s.Judged() {
			t.Errorf("%s %s is told by its %s: AUC %.3f of %d attacks and %d events, want at most %g of %d each",
				s.Label, s.Variant, s.Attribute, s.AUC, s.Attacks, s.Honest, MostSeparation, LeastAudited)
		}
	}
	for a, want := range map[Attack]int{
		{TokenReplay, Interleaved, 0}: 7, {TokenReplay, Afterwards, 0}: 7, {ImpossibleTravel, Plain, 0}: 8, {KeyTheft, Plain, 0}: 7,
		{NaiveTakeover, Plain, 0}: 6, {ResidentialProxy, Plain, 0}: 6,
		{Enumeration, Sequential, 0}: 7, {Enumeration, Random, 0}: 7, {SlowScrape, Plain, 0}: 7,
	} {
		if attributes[a] != want {
			t.Errorf("%d figures of %s, want %d", attributes[a], a, want)
		}
		delete(attributes, a)
	}
	if len(attributes) > 0 {
		t.Errorf("figures of %v, too", attributes)
	}
}

// It finds mistakes of the world API: change returns false for a request of an attack
// that is to be left out.
func TestAuditOfRequestsFindsABrokenGenerator(t *testing.T) {
	c := NewWorld(WorldAPI, 3, start, Size{Users: 2500, Machines: 1, Days: 14})
	c.Attacks = []Attack{{TokenReplay, Interleaved, 250}}
	var events []Event
	for e := range c.Events() {
		events = append(events, *e)
	}
	often := map[string]int{}
	for name, change := range map[string]func(e *Event) bool{
		AuditHour: func(e *Event) bool { e.Time = e.Time.Truncate(24 * time.Hour); return true },
		AuditWeekday: func(e *Event) bool {
			e.Time = e.Time.Add(-time.Duration(e.Time.Weekday()) * 24 * time.Hour)
			return true
		},
		AuditRoute:  func(e *Event) bool { e.Route = "profile"; return true },
		AuditStatus: func(e *Event) bool { e.Status = 404; return true },
		AuditBytes:  func(e *Event) bool { e.BytesOut = 7; return true },
		AuditRarity: func(e *Event) bool { return often[e.Person] > 60 },
	} {
		clear(often)
		s := newSubjects(&c)
		for _, e := range events {
			if e.Label == Honest && e.Time.Before(s.from) {
				often[e.Person]++
			}
			if e.Label == Honest || change(&e) {
				s.take(&e)
			}
		}
		worst := 0.0
		for _, found := range s.judge() {
			if found.Attribute == name {
				worst = found.AUC
			}
		}
		t.Logf("%s: %.3f", name, worst)
		if worst <= MostSeparation {
			t.Errorf("a generator broken by %s: AUC %.3f, want above %g", name, worst, MostSeparation)
		}
	}
}

// A figure of few says nothing.
func TestFewAreNotJudged(t *testing.T) {
	for _, c := range []struct {
		s            Separation
		judged, told bool
	}{
		{Separation{AUC: 0.9, Attacks: 99, Honest: 500}, false, false}, {Separation{AUC: 0.9, Attacks: 100, Honest: 99}, false, false},
		{Separation{AUC: 0.61, Attacks: 100, Honest: 100}, true, true}, {Separation{AUC: 0.6, Attacks: 100, Honest: 100}, true, false},
	} {
		if c.s.Judged() != c.judged || c.s.Told() != c.told {
			t.Errorf("%+v: judged %v, told apart %v", c.s, c.s.Judged(), c.s.Told())
		}
	}
}
