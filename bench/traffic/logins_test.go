package traffic

import (
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

func TestLoginWorldsDependOnTheSeedAlone(t *testing.T) {
	for _, w := range []World{WorldA, WorldB} {
		c := NewWorld(w, 7, start, Size{Users: 200, Days: 60})
		other := c
		other.Seed = 8
		first := digest(c)
		if again := digest(c); again != first {
			t.Errorf("world %s: the same configuration gives different events", w)
		}
		if first == digest(other) {
			t.Errorf("world %s: another seed gives the same events", w)
		}
	}
}

// Attacks replace genuine logins: without them the same logins happen at the same
// times, in the same number.
func TestAttacksReplaceLogins(t *testing.T) {
	c := NewWorld(WorldA, 5, start, Size{Users: 500, Days: 90})
	want := map[Attack]int{}
	for _, a := range c.Attacks {
		if a.Variant == OwnHour {
			continue // these move in time
		}
		want[Attack{Label: a.Label, Variant: a.Variant}] = a.Count
	}
	c.Attacks = c.Attacks[:len(c.Attacks)-1]
	peace := c
	peace.Attacks = nil
	genuine := map[int]Event{}
	for e := range peace.Events() {
		genuine[e.Row] = *e
	}
	last, serial, rows := time.Time{}, 0, 0
	for e := range c.Events() {
		was, ok := genuine[e.Row]
		if !ok || e.Row != rows || !was.Time.Equal(e.Time) || was.Subject != e.Subject || was.CredentialID != e.CredentialID || e.Time.Before(last) {
			t.Fatalf("row %d is %+v, without attacks %+v", e.Row, *e, was)
		}
		rows++
		last = e.Time
		if e.Label == Honest {
			if *e != was {
				t.Fatalf("an honest login changed: %+v, was %+v", *e, was)
			}
			continue
		}
		serial++
		if e.Attack != serial || e.TokenLost || e.Time.Before(start.AddDate(0, 0, 63)) {
			t.Fatalf("attack %d: %+v", serial, *e)
		}
		want[Attack{Label: e.Label, Variant: e.Variant}]--
		checkDisguise(t, e, &was)
	}
	if rows != len(genuine) {
		t.Errorf("%d logins, without attacks %d", rows, len(genuine))
	}
	for kind, left := range want {
		if left != 0 {
			t.Errorf("%s %s: %d attacks missing", kind.Label, kind.Variant, left)
		}
	}
}

// checkDisguise compares an attack with the login it stands for.
func checkDisguise(t *testing.T, e, was *Event) {
	sameASN, sameCountry := e.Place.ASN == was.Place.ASN, e.Place.Country == was.Place.Country
	near := e.Address.As4()[0] == was.Address.As4()[0] && e.Address.As4()[1] == was.Address.As4()[1] && e.Address.As4()[2] == was.Address.As4()[2]
	ok := e.Address != was.Address
	switch e.Label {
	case TargetedTakeover:
		ok = ok && sameASN && sameCountry && e.Agent == was.Agent && e.JA4 == was.JA4 && !near
	case VeryTargeted:
		ok = ok && near && e.Agent == was.Agent && !e.HoldsToken
	case VPNTakeover, ResidentialProxy:
		ok = !sameASN || e.Variant == VPNExit || e.Label == ResidentialProxy
		home := theWorld().territories[victimCountry(e)]
		ok = ok && home.operators[0].homes[0].place.Country == e.Place.Country
		ok = ok && (e.Variant == VPNExit) == (e.Classes&models.SourceVPN != 0 && e.Variant == VPNExit)
	}
	if !ok {
		t.Fatalf("a %s %s attack shows %s %v %s instead of %s %v %s", e.Label, e.Variant,
			e.Address, e.Place, e.Agent, was.Address, was.Place, was.Agent)
	}
}

func victimCountry(e *Event) int {
	c := NewWorld(WorldA, 5, start, Size{Users: 500, Days: 90})
	number := 0
	for _, d := range e.Person[len("user-"):] {
		number = 10*number + int(d-'0')
	}
	p := newPerson(&c, newDice(c.Seed), number, -1)
	return p.country
}

// The fate of tokens is as section 4.11 assumes.
func TestTokens(t *testing.T) {
	c := NewWorld(WorldA, 2, start, Size{Users: 1000, Days: 90})
	for i := range c.Attacks {
		c.Attacks[i].Count = 400
	}
	honest, lost, targeted, holds := 0.0, 0.0, 0.0, 0.0
	for e := range c.Events() {
		switch {
		case e.Label == Honest:
			honest++
			if e.TokenLost {
				lost++
			}
			if e.HoldsToken {
				t.Fatal("an honest login holds somebody's token")
			}
		case e.Label == TargetedTakeover:
			targeted++
			if e.HoldsToken {
				holds++
			}
		case e.HoldsToken:
			t.Fatalf("a %s attacker holds a token", e.Label)
		}
	}
	near(t, "share of lost tokens", lost/honest, 0.07, 0.01)
	near(t, "share of stolen tokens", holds/targeted, 0.05, 0.025)
}

// Every event agrees with what the atlas says of its address.
func TestAtlasKnowsEveryAddress(t *testing.T) {
	for e := range NewWorld(WorldB, 4, start, Size{Users: 500, Days: 60}).Events() {
		place, classes, state := Atlas{}.Lookup(e.Address, 0)
		if state != models.Clean || place != e.Place || classes != e.Classes || e.Region == "" || e.Browser == "" || e.OS == "" {
			t.Fatalf("%s is at %+v %b, the event says %+v", e.Address, place, classes, *e)
		}
	}
	if _, _, state := (Atlas{}).Lookup(prefix("192.168.0.0/16").Addr(), 0); state != models.Unavailable {
		t.Error("a private address is somewhere")
	}
}

// What the atlas says of the fixture networks is what the fixture databases say.
func TestAtlasAgreesWithTheFixture(t *testing.T) {
	d := openGeo(t)
	for _, f := range fixtures {
		addr := f.prefix.Addr().Next()
		place, classes, state := d.Lookup(addr, 0)
		ours, own, known := Atlas{}.Lookup(addr, 0)
		if place != ours || classes != own || state != known {
			t.Errorf("%s: %+v %b in the atlas, %+v %b in the databases", addr, ours, own, place, classes)
		}
	}
}

func BenchmarkLogins(b *testing.B) {
	n := 0
	for b.Loop() {
		for range NewWorld(WorldA, 1, start, Size{Users: 2000, Days: 90}).Events() {
			n++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
}
