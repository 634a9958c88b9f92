package traffic

import (
	"slices"
	"testing"
	"time"
)

var plannedWorlds = map[World]Size{
	WorldA: {Users: 400, Days: 60}, WorldB: {Users: 400, Days: 60}, WorldAPI: {Users: 300, Machines: 40, Days: 14},
}

// Plans add to a world and leave the rest as it was; every attack has a number of
// its own, and as many happen as are said to.
func TestPlansComeInAddition(t *testing.T) {
	for w, size := range plannedWorlds {
		bare := NewWorld(w, 6, start, size)
		c := bare.WithPlans(5000)
		var want []Event
		for e := range bare.Events() {
			if e.Label.isPlan() {
				t.Fatalf("world %s of reports has %s", w, e.Label)
			}
			want = append(want, *e)
		}
		kinds, requests := map[int]Attack{}, map[Attack]int{}
		var last time.Time
		left := want
		for e := range c.Events() {
			if e.Time.Before(last) || e.Place.ASN == 0 || e.BytesOut == 0 {
				t.Fatalf("world %s, after %v: %+v", w, last, *e)
			}
			last = e.Time
			if !e.Label.isPlan() {
				if len(left) == 0 || *e != left[0] {
					t.Fatalf("world %s: %+v, without plans another", w, *e)
				}
				left = left[1:]
			}
			kind := Attack{Label: e.Label, Variant: e.Variant}
			if was, seen := kinds[e.Attack]; seen && was != kind && e.Attack > 0 {
				t.Fatalf("world %s: attack %d is %s and %s", w, e.Attack, was, kind)
			}
			kinds[e.Attack] = kind
			requests[kind]++
		}
		if len(left) > 0 {
			t.Errorf("world %s: %d events are missing", w, len(left))
		}
		checkStaged(t, c, kinds, requests)
	}
}

func checkStaged(t *testing.T, c Config, kinds map[int]Attack, requests map[Attack]int) {
	attacks := map[Attack]int{}
	for number, kind := range kinds {
		if number > 0 {
			attacks[kind]++
		}
	}
	for _, s := range c.Staged() {
		kind := Attack{Label: s.Label, Variant: s.Variant}
		got := attacks[kind]
		switch s.Label {
		case Stuffing:
			got = requests[kind]
		case ThresholdFlood:
			got = requests[kind] - 1 // the takeover at the end
		}
		if got != s.Happen || s.Happen < s.Count && s.Why == "" {
			t.Errorf("world %s: %d of %d %s (%q), %d were seen", c.World, s.Happen, s.Count, s.Attack, s.Why, got)
		}
		delete(attacks, kind)
		if s.Label.isPlan() && s.Happen != s.Count {
			t.Errorf("world %s: %d of %d %s, want all", c.World, s.Happen, s.Count, s.Attack)
		}
	}
	if len(attacks) != 0 {
		t.Errorf("world %s: nothing is said of %v", c.World, attacks)
	}
}

// Who waits goes on until his attack; the flood ends with a takeover.
func TestPlansOfAWorldAPI(t *testing.T) {
	c := NewWorld(WorldAPI, 8, start, plannedWorlds[WorldAPI]).WithPlans(1000).Only(Poisoning, ThresholdFlood)
	honest, taken := map[string]bool{}, map[int]string{}
	hours := map[int]int{}
	for e := range c.Events() {
		switch e.Label {
		case Honest:
			honest[e.Person] = true
		case Poisoning:
			if !honest[e.Person] || e.Method != "GET" || e.Status != 200 || taken[e.Attack] != "" && taken[e.Attack] != e.Person {
				t.Fatalf("%+v", *e)
			}
			taken[e.Attack] = e.Person
			hours[e.Attack]++
		case ThresholdFlood:
			if e.Browser != "" || e.Agent == "" {
				t.Fatalf("%+v is of a login world", *e)
			}
		default:
			t.Fatalf("%s was left out", e.Label)
		}
	}
	var lengths []int
	for _, n := range hours {
		lengths = append(lengths, n)
	}
	slices.Sort(lengths)
	if want := []int{26, 26, 26, 73, 73, 73}; !slices.Equal(lengths, want) {
		t.Errorf("requests of those who wait: %v, want %v", lengths, want)
	}
}

// A small world says why it has fewer attacks.
func TestSmallWorldsHaveFewerAttacks(t *testing.T) {
	for w, size := range map[World]Size{WorldA: {Users: 5, Days: 20}, WorldAPI: {Users: 10, Machines: 1, Days: 5}} {
		fewer := map[Label]bool{}
		for _, s := range NewWorld(w, 1, start, size).WithPlans(0).Staged() {
			if s.Happen < s.Count && s.Why != "" {
				fewer[s.Label] = true
			}
		}
		want := []Label{NaiveTakeover, Poisoning}
		if w == WorldAPI {
			want = []Label{KeyTheft, Enumeration, TokenReplay, Poisoning}
		}
		for _, l := range want {
			if !fewer[l] {
				t.Errorf("world %s has all %s, want fewer in so small a world", w, l)
			}
		}
	}
	for _, s := range NewWorld(WorldA, 1, start, Size{Users: 50, Days: 1}).WithPlans(0).Staged() {
		if s.Label.isPlan() && (s.Happen != 0 || s.Why == "") {
			t.Errorf("%d of %s (%q) in a world of a day", s.Happen, s.Attack, s.Why)
		}
	}
}
