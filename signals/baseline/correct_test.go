package baseline

import (
	"math/rand/v2"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// rule lets rulings take effect and returns how many did.
func rule(p *Profile, all ...models.Ruling) (n int) {
	var list models.Rulings
	copy(list[:], all)
	Correct(p, &list)
	for _, r := range list {
		if r.Kind != models.NoVerdict {
			n++
		}
	}
	return n
}

func ruling(k models.VerdictKind, at, since uint32) models.Ruling {
	return models.Ruling{Kind: k, At: at, Since: since}
}

// A verdict takes effect once, also when the profile has been stored meanwhile:
// what happens after it is not forgiven by it.
func TestVerdictsTakeEffectOnce(t *testing.T) {
	p, at := history()
	p.Local.Actor = 3
	forgive := ruling(models.Forgive, at, 0)
	if rule(&p, forgive) != 1 || p.Local.Actor != 0 {
		t.Fatalf("%g nats are left after a forgive", p.Local.Actor)
	}
	p.Local.Actor = 2
	var again Profile
	if err := again.UnmarshalBinary(p.AppendBinary(nil)); err != nil {
		t.Fatal(err)
	}
	if rule(&again, forgive) != 0 || again.Local.Actor != 2 {
		t.Errorf("after a restart %g nats are left of 2: it was forgiven again", again.Local.Actor)
	}
	if rule(&again, forgive, ruling(models.Forgive, at+1, 0)) != 1 || again.Local.Actor != 0 {
		t.Errorf("a second forgive leaves %g nats", again.Local.Actor)
	}
}

func TestConfirmTrustsWhatIsOnProbation(t *testing.T) {
	p, at := history()
	Learn(&p, strangeLook(at))
	if p.Own.Trust(OnASN, 82, true) != 0 {
		t.Fatal("a new network is trusted at once")
	}
	rule(&p, ruling(models.Confirm, at+60, 0))
	if p.Own.Trust(OnASN, 82, true) != 1 {
		t.Error("the network is still on probation")
	}
	if p.Local.Sessions != [MaxSessions]Session{} {
		t.Error("its session goes on with the evidence of before")
	}
}

// What came after the verdict, or was last counted before it begins to speak, is
// not what it speaks of.
func TestConfirmSpeaksOfItsTime(t *testing.T) {
	for name, r := range map[string]func(at uint32) models.Ruling{
		"given before":    func(at uint32) models.Ruling { return ruling(models.Confirm, at-3600, 0) },
		"speaks of later": func(at uint32) models.Ruling { return ruling(models.Confirm, at+3*day, at+2*day) },
	} {
		p, at := history()
		Learn(&p, strangeLook(at))
		rule(&p, r(at))
		if p.Own.Trust(OnASN, 82, true) != 0 {
			t.Errorf("%s: the network is trusted", name)
		}
	}
}

// While an analyst vouches for a caller, it teaches in full and its values are
// trusted at once, whatever the score.
func TestConfirmedRequestsTeach(t *testing.T) {
	p, at := history()
	ev := strangeLook(at)
	ev.Assessment.Score = 50
	Learn(&p, ev)
	if p.Own.KnowsNetwork(82) {
		t.Fatal("a request with a score of 50 taught")
	}
	ev = strangeLook(at + 3600)
	ev.Assessment.Score, ev.Features.Flags = 50, ev.Features.Flags|models.IsConfirmed
	if omega(ev) != 1 {
		t.Errorf("it teaches with %g, want 1", omega(ev))
	}
	Learn(&p, ev)
	if !p.Own.KnowsNetwork(82) || p.Own.Trust(OnASN, 82, true) != 1 {
		t.Error("the network is not known, or not trusted")
	}
	ev.Evidence[models.Session].State = models.Hit
	if omega(ev) != 0 {
		t.Error("one with a session hit teaches")
	}
}

// Against whom a verdict speaks, nothing teaches but a passed step-up.
func TestQuarantinedRequestsDoNotTeach(t *testing.T) {
	f := func(want float64, change func(*models.Event)) {
		t.Helper()
		ev := success(t0)
		ev.Features.Set(models.VerdictNats, 1)
		change(ev)
		if got := omega(ev); got != want {
			t.Errorf("it teaches with %g, want %g", got, want)
		}
	}
	f(0, func(*models.Event) {})
	f(0, func(ev *models.Event) { ev.Features.Flags |= models.IsMachine | models.DeclaredSource })
	f(1, func(ev *models.Event) { ev.Passed = true })
	f(0.5, func(ev *models.Event) { ev.Features.Set(models.VerdictNats, 0) })
}

// A report forgets what was learned since, and nothing that was known before.
func TestReportGoesBack(t *testing.T) {
	for back := range uint32(80) {
		p, at := history()
		Learn(&p, strangeLook(at))
		for d := range back {
			Learn(&p, success(at+d*day+1800))
		}
		given := at + back*day + 3600
		rule(&p, ruling(models.Report, given, at))
		if p.Own.KnowsNetwork(82) || p.Own.KnowsFingerprint(84) {
			t.Fatalf("%d days after: what was learned since is known", back)
		}
		if !p.Own.KnowsNetwork(2) || !p.Own.KnowsFingerprint(4) {
			t.Fatalf("%d days after: what was known before is lost", back)
		}
		if !p.Own.frozen(given+frozenDays*day-1) || p.Own.frozen(given+frozenDays*day) {
			t.Fatalf("%d days after: not frozen for a week from the report", back)
		}
		if p.Own.Location.At != 0 {
			t.Fatalf("%d days after: the last place may be the thief's", back)
		}
	}
}

// The caller of a report may come back much later: it still speaks of the same days.
func TestReportWaitsForItsCaller(t *testing.T) {
	p, at := history()
	Learn(&p, strangeLook(at))
	rule(&p, ruling(models.Report, at+10*day, at))
	if p.Own.KnowsNetwork(82) || !p.Own.KnowsNetwork(2) {
		t.Error("not what was learned since is forgotten")
	}
	p, at = history()
	Learn(&p, strangeLook(at))
	rule(&p, ruling(models.Report, at+10*day, at+day))
	if !p.Own.KnowsNetwork(82) {
		t.Error("what was learned the day before is forgotten")
	}
	Learn(&p, success(at+400*day)) // no freeze of a year ago
	if p.Own.Last != at+400*day {
		t.Error("a report of a year ago keeps it from learning")
	}
}

// A token that has earned trust since is on probation again.
func TestReportRestartsProbations(t *testing.T) {
	var c Contribution
	c.Probation[0] = Probation{Kind: OnToken, Value: 9, Days: fullTrust, Counted: hourOf(t0 + day)}
	c.Probation[1] = Probation{Kind: OnToken, Value: 8, Days: fullTrust, Counted: hourOf(t0 - day)}
	p := Profile{Own: c}
	rule(&p, ruling(models.Report, t0+2*day, t0))
	if p.Own.Trust(OnToken, 9, false) != 0 || p.Own.Trust(OnToken, 8, false) != 1 {
		t.Errorf("trust of the token since %g, of the one before %g; want 0 and 1",
			p.Own.Trust(OnToken, 9, false), p.Own.Trust(OnToken, 8, false))
	}
}

func TestConfirmThaws(t *testing.T) {
	p, at := history()
	rule(&p, ruling(models.Report, at, at-day), ruling(models.Confirm, at+60, 0))
	if p.Own.frozen(at + 120) {
		t.Error("still frozen after the analyst found it genuine")
	}
}

// Nobody has a verdict take effect again by filling the list of probations.
func TestTheFullListKeepsTheVerdict(t *testing.T) {
	p, at := history()
	rule(&p, ruling(models.Quarantine, at, 0))
	for i := range uint32(40) {
		p.Own.try(OnASN, 1000+i, false, trial{now: at + 7200 + i*3600})
	}
	if got := p.Own.lastVerdict(); got != at {
		t.Errorf("the last verdict was given at %d, want %d", got, at)
	}
}

// Where the list of probations is full, a verdict that was given before the newest was
// counted takes the place of the one last counted longest ago.
func TestLateVerdictGivesUpTheOldest(t *testing.T) {
	for _, k := range []models.VerdictKind{models.Forgive, models.Report} {
		p, at := history()
		if k == models.Report { // whose own entry is there
			p.Own.noteVerdict(at)
		}
		n := uint32(0)
		for p.Own.findKind(NoProbation) >= 0 {
			n++
			p.Own.At = at + n*3600
			p.Own.try(OnASN, 1000+n, false, trial{now: p.Own.At})
		}
		given := p.Own.At - 3600
		rule(&p, ruling(k, given, given))
		if p.Own.findProbation(OnASN, 1001) >= 0 || p.Own.findProbation(OnASN, 1000+n) < 0 {
			t.Errorf("%s: the oldest of %d is on probation: %t, the newest: %t; want the newest only", k, n,
				p.Own.findProbation(OnASN, 1001) >= 0, p.Own.findProbation(OnASN, 1000+n) >= 0)
		}
	}
}

// A failed step-up long after another one freezes as the first did.
func TestSecondFailedStepUpForgetsToo(t *testing.T) {
	p, at := history()
	Learn(&p, exhausted(at))
	at += 30 * day
	Learn(&p, strangeLook(at))
	if !p.Own.KnowsNetwork(82) {
		t.Fatal("the strange look was not learned")
	}
	Learn(&p, exhausted(at+3600))
	if p.Own.KnowsNetwork(82) {
		t.Error("what was learned the same day is still known")
	}
}

// Whatever the order, no ruling takes effect twice, and a profile stays one that
// can be stored and read.
func TestRulingsInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 7))
	p, at := history()
	for range 2000 {
		var list models.Rulings
		for i := range list {
			list[i] = ruling(models.VerdictKind(r.IntN(int(models.NumVerdictKinds))), at+r.Uint32N(100*day), at-r.Uint32N(90*day))
		}
		again := list
		last := p.Own.lastVerdict()
		if Correct(&p, &list) != (p.Own.lastVerdict() > last) {
			t.Fatalf("%v: changed, but the last verdict is %d", list, last)
		}
		if Correct(&p, &again) || again != (models.Rulings{}) {
			t.Fatalf("%v took effect twice", again)
		}
		var stored Profile
		if err := stored.UnmarshalBinary(p.AppendBinary(nil)); err != nil {
			t.Fatal(err)
		}
		Learn(&p, success(at+r.Uint32N(100*day)))
	}
}

func hourOf(at uint32) uint16 { return uint16(at / 3600) }
