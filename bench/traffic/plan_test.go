package traffic

import (
	"slices"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

// someone returns an honest login of a world.
func someone(t *testing.T, c Config) Event {
	t.Helper()
	for e := range c.Events() {
		if e.Label == Honest && e.Credential == models.JWT {
			return *e
		}
	}
	t.Fatal("nobody")
	return Event{}
}

func TestPoisonIsOneQuietRequestAnHour(t *testing.T) {
	for _, w := range []World{WorldA, WorldAPI} {
		victim := someone(t, NewWorld(w, 1, start, Size{Users: 100, Machines: 1, Days: 30}))
		for _, manner := range []Variant{VictimsAgent, KeepsCookie, OwnDevice} {
			for _, hours := range []int{0, 1, 25, 720} {
				p := PoisonPlan{Victim: victim, Manner: manner, Hours: hours, Seed: 9}
				attack := p.Attack()
				last, n := victim.Time, 0
				for e := range p.Quiet() {
					n++
					if gap := e.Time.Sub(last); gap < 20*time.Minute || gap > 80*time.Minute || e.Status != victim.Status {
						t.Fatalf("%v after the last request: %+v", gap, *e)
					}
					last = e.Time
					same := *e
					same.Time = attack.Time
					if same != *attack {
						t.Fatalf("the attack is %+v, the quiet request %+v", *attack, *e)
					}
				}
				if n != hours || !attack.Time.After(last) || attack.Place.Country == victim.Place.Country || attack.Place.ASN == 0 ||
					(attack.Agent == victim.Agent) == (manner == OwnDevice) || attack.Subject != victim.Subject {
					t.Errorf("world %s, %s, %d hours: %d requests, then %+v", w, manner, hours, n, *attack)
				}
			}
		}
	}
}

func TestFloodIsFollowedByAnAttack(t *testing.T) {
	victim := someone(t, NewWorld(WorldA, 1, start, Size{Users: 100, Days: 30}))
	p := FloodPlan{Victim: victim, Over: time.Hour, Requests: 10_000, Accounts: 50, Seed: 3}
	accounts, networks := map[string]int{}, map[uint32]bool{}
	n := 0
	var last Event
	for e := range p.Events() {
		n++
		if e.Time.Before(last.Time) || e.Time.After(victim.Time.Add(p.Over)) {
			t.Fatalf("at %v", e.Time)
		}
		last = *e
		accounts[e.Subject.ID]++
		networks[e.Place.ASN] = true
	}
	if n != 10_001 || last.Subject != victim.Subject || last.Attack != 2 || len(networks) < 500 {
		t.Errorf("%d requests from %d networks, the last %+v", n, len(networks), last)
	}
	if len(accounts) != 52 || accounts[""] < 4500 || accounts[""] > 5500 {
		t.Errorf("%d subjects, %d requests without a credential", len(accounts), accounts[""])
	}
}

func TestMergeKeepsTheOrder(t *testing.T) {
	c := NewWorld(WorldA, 1, start, Size{Users: 50, Days: 60})
	victim := someone(t, c)
	p := PoisonPlan{Victim: victim, Manner: OwnDevice, Hours: 100, Seed: 1}
	alone := 0
	for range c.Events() {
		alone++
	}
	var times []time.Time
	poison := 0
	for e := range Merge(c.Events(), p.Quiet()) {
		times = append(times, e.Time)
		if e.Label == Poisoning {
			poison++
		}
	}
	if poison != 100 || len(times) != alone+100 || !slices.IsSortedFunc(times, time.Time.Compare) {
		t.Errorf("%d events, of which %d of the plan, want %d and 100 in order", len(times), poison, alone+100)
	}
	for range Merge(c.Events(), p.Quiet()) {
		break // ends both
	}
}

func TestNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for l := range numLabels {
		back, ok := ParseLabel(l.String())
		if !ok || back != l || seen[l.String()] {
			t.Errorf("label %d is %s", l, l)
		}
		seen[l.String()] = true
	}
	for v := range numVariants {
		if seen[v.String()] {
			t.Errorf("variant %d is %s too", v, v)
		}
		seen[v.String()] = true
	}
	if numLabels.String() != "label_14" || numVariants.String() != "variant_12" {
		t.Error("an unknown label or variant has a name")
	}
}
