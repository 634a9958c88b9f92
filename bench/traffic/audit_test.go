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
		found := Audit(c.Events())
		if want := 7*len(auditNames) - 5; len(found) != want { // five are what the attack is about
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
		for _, s := range Audit(events) {
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
