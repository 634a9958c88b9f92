package traffic

import (
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

func apiWorld(seed uint64) Config {
	return NewWorld(WorldAPI, seed, start, Size{Users: 300, Machines: 100, Days: 10})
}

func TestAPIWorldDependsOnTheSeedAlone(t *testing.T) {
	c := NewWorld(WorldAPI, 7, start, Size{Users: 40, Machines: 20, Days: 5})
	other := c
	other.Seed = 8
	first := digest(c)
	if again := digest(c); again != first || first == digest(other) {
		t.Error("the events do not depend on the seed alone")
	}
}

// attackSeen is what a test remembers of one attack.
type attackSeen struct {
	kind     Attack
	events   int
	first    time.Time
	last     time.Time
	objects  map[int64]bool
	refused  int
	networks map[uint32]bool
	victim   string
}

// readAttacks returns the attacks of a world by serial number, and how often each
// person's credential was honestly used from which ASN.
func readAttacks(t *testing.T, c Config) (map[int]*attackSeen, map[string]map[uint32]bool) {
	t.Helper()
	attacks, honest := map[int]*attackSeen{}, map[string]map[uint32]bool{}
	var last time.Time
	for e := range c.Events() {
		if e.Time.Before(last) || e.Place.ASN == 0 || e.BytesOut == 0 || (e.Label == Honest) != (e.Attack == 0) {
			t.Fatalf("after %v: %+v", last, *e)
		}
		last = e.Time
		if e.Label == Honest {
			if honest[e.CredentialID] == nil {
				honest[e.CredentialID] = map[uint32]bool{}
			}
			honest[e.CredentialID][e.Place.ASN] = true
			continue
		}
		a := attacks[e.Attack]
		if a == nil {
			a = &attackSeen{kind: Attack{Label: e.Label, Variant: e.Variant}, first: e.Time, objects: map[int64]bool{}, networks: map[uint32]bool{}, victim: e.CredentialID}
			attacks[e.Attack] = a
		}
		a.events++
		a.last = e.Time
		a.objects[e.Object] = true
		a.networks[e.Place.ASN] = true
		if e.Status == 403 || e.Status == 404 {
			a.refused++
		}
	}
	return attacks, honest
}

// The attackers do what section 5.4 of the risk model says of them.
func TestAPIAttackers(t *testing.T) {
	c := apiWorld(3)
	attacks, honest := readAttacks(t, c)
	kinds := map[Attack]int{}
	for serial, a := range attacks {
		kinds[a.kind]++
		if a.first.Before(start.AddDate(0, 0, c.FirstAttackDay())) {
			t.Errorf("attack %d begins at %v", serial, a.first)
		}
		share := float64(a.refused) / float64(a.events)
		pace := a.last.Sub(a.first).Seconds() / float64(a.events)
		ok := true
		switch a.kind.Label {
		case Enumeration:
			ok = a.events == 300 && len(a.objects) == 300 && share > 0.1 && share < 0.8 && pace > 0.15 && pace < 5.5
		case SlowScrape:
			ok = len(a.objects) == a.events && a.events > 1000 && pace > 35 && pace < 45
		case KeyTheft, TokenReplay:
			ok = honest[a.victim] != nil && a.events >= 30
			for asn := range a.networks {
				ok = ok && !honest[a.victim][asn]
			}
		case ResidentialProxy:
			ok = a.events == 30 && len(a.networks) == 2 // all home networks of the fixture's country
		case ImpossibleTravel, NaiveTakeover:
			ok = a.events == 30 && honest[a.victim] == nil
		}
		if !ok {
			t.Errorf("%s %s: %d requests, %d objects, %.2f refused, one in %.1f s, networks %v",
				a.kind.Label, a.kind.Variant, a.events, len(a.objects), share, pace, a.networks)
		}
	}
	for _, a := range c.Attacks {
		want := a.Count
		if a.Label == Stuffing {
			want = 1
		}
		kind := Attack{Label: a.Label, Variant: a.Variant}
		got := kinds[kind]
		if a.Label == Enumeration || a.Label == SlowScrape {
			want-- // who has no visit in the window has no attack
		}
		if got < want {
			t.Errorf("%s %s: %d attacks, want %d", a.Label, a.Variant, got, want)
		}
	}
}

func TestStuffing(t *testing.T) {
	c := NewWorld(WorldAPI, 5, start, Size{Users: 200, Machines: 1, Days: 10})
	c.Attacks = []Attack{{Stuffing, Plain, 40_000}}
	addresses, agents := map[netip.Addr]bool{}, map[string]bool{}
	n, passed, unknown := 0.0, 0.0, 0.0
	var first, last time.Time
	for e := range c.Events() {
		if e.Label != Stuffing {
			continue
		}
		if first.IsZero() {
			first = e.Time
		}
		last = e.Time
		n++
		addresses[e.Address], agents[e.Agent] = true, true
		if e.Login == models.LoginPassed {
			passed++
		}
		if e.LoginUser[:4] == "leak" {
			unknown++
		}
		if e.Route != "login" || e.Class != models.Login || e.Subject.Kind != models.Anonymous {
			t.Fatalf("%+v", *e)
		}
	}
	near(t, "attempts", n, 40_000, 0)
	near(t, "attempts by address", n/float64(len(addresses)), 1.18, 0.02)
	near(t, "successes", passed/n, 0.0015, 0.0007)
	near(t, "unknown names", unknown/n, 0.45, 0.01)
	near(t, "hours", last.Sub(first).Hours(), 4, 0.1)
	if len(agents) > 20 || len(agents) < 10 {
		t.Errorf("%d agents, want about 20", len(agents))
	}
}

func TestWithout(t *testing.T) {
	c := apiWorld(2)
	w := c.Without(Stuffing, KeyTheft)
	if len(w.Attacks) != len(c.Attacks)-2 || c.Attacks[4].Label != KeyTheft {
		t.Errorf("%v without two is %v", c.Attacks, w.Attacks)
	}
}

// Honest machines: a nightly export of thousands of objects each night, services
// with fixed addresses, apps behind shared ones, and people who switch on a VPN.
func TestAPIHonestTraffic(t *testing.T) {
	c := apiWorld(2)
	c.Users, c.Machines = 1500, 50
	c.Attacks = nil
	addresses := map[string]map[netip.Addr]bool{}
	nights := map[string]map[int64]bool{}
	twins, days, events := 0, map[string]bool{}, 0
	for e := range c.Events() {
		events++
		day := fmt.Sprint(e.Person, e.Time.YearDay())
		days[day] = true
		switch e.Variant {
		case NightExport:
			if nights[day] == nil {
				nights[day] = map[int64]bool{}
			}
			nights[day][e.Object] = true
		case BenignTwin:
			twins++
		}
		if addresses[e.Person] == nil {
			addresses[e.Person] = map[netip.Addr]bool{}
		}
		addresses[e.Person][e.Address] = true
	}
	exporters := 0
	for i := range c.Machines {
		n := len(addresses["client-"+decimal(int64(i))])
		switch jobOf(i) {
		case exporter:
			exporters++
		case app:
			if n < 20 {
				t.Errorf("an app had %d addresses", n)
			}
			continue
		}
		if n < 1 || n > 2 {
			t.Errorf("client %d had %d addresses, want one or two", i, n)
		}
	}
	if len(nights) != exporters*c.Days || exporters == 0 {
		t.Errorf("%d nights of export by %d clients in %d days", len(nights), exporters, c.Days)
	}
	for day, objects := range nights {
		if len(objects) < 2000 {
			t.Errorf("%s: %d objects exported", day, len(objects))
		}
	}
	if twins == 0 {
		t.Error("nobody switched on a VPN")
	}
	t.Logf("%d events, %d subject-days", events, len(days))
}

// The published size gives enough honest subject-days after a week.
func TestFullAPIWorld(t *testing.T) {
	if os.Getenv("RISKGATE_EVAL") == "" {
		t.Skip("SKIPPED: set RISKGATE_EVAL=1 for the world in full size")
	}
	days, events := map[string]bool{}, 0
	begin := time.Now()
	kinds := map[string]map[int]bool{}
	for e := range NewWorld(WorldAPI, 1, start, Size{}).Events() {
		events++
		if e.Label == Honest && e.Time.After(start.AddDate(0, 0, 7)) {
			days[fmt.Sprint(e.Person, e.Time.YearDay())] = true
		}
		if e.Label != Honest {
			k := e.Label.String() + " " + e.Variant.String()
			if kinds[k] == nil {
				kinds[k] = map[int]bool{}
			}
			kinds[k][e.Attack] = true
		}
	}
	for k, v := range kinds {
		t.Logf("%s: %d", k, len(v))
	}
	t.Logf("%d events, %d honest subject-days after the first week, %v", events, len(days), time.Since(begin))
	if len(days) < 20_000 || events > 15_000_000 {
		t.Errorf("%d subject-days in %d events, want 20,000 in at most 15 million", len(days), events)
	}
}
