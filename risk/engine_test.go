package risk

import (
	"math"
	"reflect"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// said is what groups say, in nats, with full confidence.
type said map[models.Group]float64

func (s said) set() *models.EvidenceSet {
	ev := new(models.EvidenceSet)
	for g := range ev {
		ev[g].Confidence = 1
	}
	for g, n := range s {
		ev[g].Lambda = n
		if n > 0 {
			ev[g].State = models.Hit
		}
	}
	return ev
}

// with builds features from flags and pairs of feature and value.
func with(flags models.Flag, pairs ...float64) *models.Features {
	f := &models.Features{Flags: flags}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(models.Feature(pairs[i]), pairs[i+1])
	}
	return f
}

func assess(f *models.Features, s said, c models.Class) models.Assessment {
	var out models.Assessment
	New(DefaultConfig()).Assess(f, s.set(), c, &out)
	return out
}

func TestWantedAction(t *testing.T) {
	f := func(want models.Action, score float64, s said) {
		t.Helper()
		got := assess(with(models.IsLook), s, models.Normal)
		if got.Wanted != want || math.Round(got.Score) != score {
			t.Errorf("%v: %s at %g, want %s at %g", s, got.Wanted, got.Score, want, score)
		}
	}
	// no evidence is no accusation
	f(models.Allow, 10, nil)
	f(models.Allow, 0, said{models.Network: -3.9, models.Device: -1.4, models.Token: -2.8})
	// a threshold belongs to the stricter side
	e := New(DefaultConfig())
	at := func(score float64) said { return said{models.Device: e.leastNats(score)} }
	f(models.Monitor, 15, at(15))
	f(models.Monitor, 20, at(20))
	f(models.StepUp, 30, at(30))
	// a quantum less is the milder side
	f(models.Allow, 15, said{models.Device: e.leastNats(15) - 0x1p-30})
	f(models.Monitor, 30, said{models.Device: e.leastNats(30) - 0x1p-30})
	// identity novelty alone never denies
	f(models.StepUp, 97, said{models.Network: 7, models.Device: 2.5})
	// the same score with one reason of another kind does
	f(models.Deny, 97, said{models.Network: 5, models.Device: 2.5, models.Infrastructure: 2})
	f(models.Deny, 97, said{models.Network: 5, models.Device: 2.5, models.Session: 2})
	f(models.Deny, 97, said{models.Network: 5, models.Device: 2.5, models.Payload: 2})
	f(models.StepUp, 97, said{models.Network: 5, models.Device: 2.5, models.Failures: 2})
	// but not if that reason is too small to be one
	f(models.StepUp, 98, said{models.Network: 7, models.Device: 2.5, models.Payload: 0.4})
	// a scraper alone is slowed and asked, not refused
	f(models.StepUp, 80, said{models.Rate: 4, models.Enumeration: 6})
}

func TestContributions(t *testing.T) {
	f := func(got models.Assessment, g models.Group, want float64) {
		t.Helper()
		if n := got.Contributions[g].Nats; n != nats(want) {
			t.Errorf("%s contributes %g nats, want %g", g, n, want)
		}
	}
	// time has half a weight
	got := assess(with(0), said{models.Time: 3}, models.Normal)
	f(got, models.Time, 1.5)

	// travel gives way to the network, and never below zero
	got = assess(with(0), said{models.Network: 6, models.Travel: 4}, models.Normal)
	f(got, models.Network, 6)
	f(got, models.Travel, 3)
	got = assess(with(0), said{models.Network: 10, models.Travel: 4}, models.Normal)
	f(got, models.Network, 9)
	f(got, models.Travel, 0)

	// who is calling excuses little of what is done
	got = assess(with(0), said{models.Network: -3, models.Device: -1, models.Token: -2.5, models.Enumeration: 4}, models.Normal)
	f(got, models.Network, 0)
	f(got, models.Device, 0)
	f(got, models.Token, -1)
	f(got, models.Enumeration, 4)
	// the less the less of it is done
	got = assess(with(0), said{models.Network: -3, models.Device: -1, models.Token: -2.5, models.Rate: 1}, models.Normal)
	f(got, models.Network, -1) // 4.5 in all
	f(got, models.Device, -1)
	f(got, models.Token, -2.5)
	got = assess(with(0, float64(models.ActorNats), 3), said{models.Network: -3}, models.Normal)
	f(got, models.Network, -1) // what was done lately counts
	got = assess(with(0), said{models.Network: -3, models.Device: -1, models.Token: -2.5}, models.Normal)
	f(got, models.Network, -3) // nothing was
	got = assess(with(0), said{models.Network: -3, models.Travel: 4, models.Device: -1}, models.Normal)
	f(got, models.Network, -3) // among themselves they cancel
	f(got, models.Device, -1)

	// one burst is one piece of news
	got = assess(with(0), said{models.Rate: 4, models.Enumeration: 6}, models.Normal)
	f(got, models.Rate, 4)
	f(got, models.Enumeration, 2)

	// what earlier requests left behind counts as far as it exceeds this one
	got = assess(with(0, float64(models.ActorNats), 3), said{models.Rate: 1}, models.Normal)
	f(got, models.RecentBehavior, 2)
	got = assess(with(0, float64(models.ActorNats), 3), said{models.Rate: 3.5}, models.Normal)
	f(got, models.RecentBehavior, 0)

	// a change inside a session counts once: the larger of both
	held := []float64{float64(models.HeldNetwork), -3, float64(models.HeldDevice), -1}
	change := with(models.IsLook|models.IsSessionChange, held...)
	got = assess(change, said{models.Network: -2, models.Device: -1, models.Session: 4}, models.Normal)
	f(got, models.Network, -2)
	f(got, models.Session, 3)
	got = assess(change, said{models.Network: 0, models.Device: -1, models.Session: 4}, models.Normal)
	f(got, models.Session, 1)
	// where harm is done both looks were as innocent as counts
	got = assess(change, said{models.Network: -2, models.Device: -1, models.Session: 4, models.Rate: 2}, models.Normal)
	f(got, models.Network, 0)
	f(got, models.Session, 4)
	got = assess(change, said{models.Network: 5, models.Device: -1, models.Session: 4}, models.Normal)
	f(got, models.Session, 0)
	// network and device that look better than before take nothing away
	got = assess(change, said{models.Network: -3.9, models.Device: -1.4, models.Session: 4}, models.Normal)
	f(got, models.Session, 4)

	// anonymous callers have no identity that could be unusual
	got = assess(with(models.IsAnonymous, float64(models.VerdictNats), 5), said{
		models.Network: 5, models.Device: 5, models.Session: 5, models.Infrastructure: 1,
		models.ClientSanity: 2, models.Payload: 3, models.Rate: 4,
	}, models.Normal)
	f(got, models.Network, 0)
	f(got, models.Device, 0)
	f(got, models.Session, 0)
	f(got, models.Verdict, 0)
	f(got, models.Infrastructure, 1)
	f(got, models.ClientSanity, 2)
	f(got, models.Payload, 3)
	f(got, models.Rate, 4)

	// what is not a number does not count
	got = assess(with(0), said{models.Network: math.NaN(), models.Device: math.Inf(1)}, models.Normal)
	f(got, models.Network, 0)
	f(got, models.Device, maxLambda)
}

func TestCredit(t *testing.T) {
	e := New(DefaultConfig())
	stranger := said{models.Network: 4, models.Device: 2.5}
	first := assess(with(models.IsLook), stranger, models.Normal)
	if first.Wanted != models.StepUp {
		t.Fatalf("stranger gets %s, want step_up", first.Wanted)
	}
	credit := e.CreditFor(&first, models.Normal)
	paid := with(models.HoldsCredit, float64(models.CreditNats), credit)

	// a passed step-up brings the score down to where monitoring begins
	after := assess(paid, stranger, models.Normal)
	if after.Wanted != models.Monitor || math.Abs(after.Score-15) > 1e-5 {
		t.Errorf("after the step-up: %s at %g, want monitor at 15", after.Wanted, after.Score)
	}
	// and never below it
	if after.Score < 15 {
		t.Errorf("credit lowered the score to %g, below monitor", after.Score)
	}
	// credit in force earns no more credit
	if again := e.CreditFor(&after, models.Normal); math.Abs(again-credit) > 1e-9 {
		t.Errorf("second credit %g, want %g", again, credit)
	}
	// who is not monitored has nothing to pay
	calm := assess(paid, said{models.Network: -3}, models.Normal)
	if n := calm.Contributions[models.Credit].Nats; n != 0 {
		t.Errorf("credit of a calm request counts %g, want 0", n)
	}
	// a session hit voids it
	hit := assess(paid, said{models.Network: 4, models.Device: 2.5, models.Session: 0.3}, models.Normal)
	if n := hit.Contributions[models.Credit].Nats; n != 0 {
		t.Errorf("credit after a session hit counts %g, want 0", n)
	}
}

func TestAttackElsewhereIsNoEvidence(t *testing.T) {
	f := func(want models.Action, base float64, flags models.Flag, s said) {
		t.Helper()
		got := assess(with(flags, float64(models.ModeNats), 1.5), s, models.Login)
		if got.Wanted != want || math.Round(got.Base) != base {
			t.Errorf("%s, base %g, want %s and %g", got.Wanted, got.Base, want, base)
		}
	}
	f(models.Allow, 10, 0, nil)
	f(models.Monitor, 33, models.IsLoginRoute, nil)
	f(models.Monitor, 33, models.IsAnonymous, nil)
	f(models.StepUp, 33, models.IsLoginRoute, said{models.Infrastructure: 0.1})
}

// The cap bounds what an attack adds to the log-odds of the score and of its base;
// 0 is as if there were none.
func TestAttackModeIsCapped(t *testing.T) {
	f := with(models.IsLoginRoute, float64(models.ModeNats), 1.25)
	logit := func(score float64) float64 { return math.Log(score / (100 - score)) }
	for _, limit := range []float64{0, 0.5, 1.25, 1.5} {
		c := DefaultConfig()
		c.Caps.AttackMode = limit
		var out models.Assessment
		New(c).Assess(f, said{}.set(), models.Login, &out)
		want := c.Intercept + min(limit, 1.25)
		if math.Abs(logit(out.Score)-want) > 1e-9 || math.Abs(logit(out.Base)-want) > 1e-9 {
			t.Errorf("cap %g: log-odds %g, base %g, want %g", limit, logit(out.Score), logit(out.Base), want)
		}
	}
}

func TestActor(t *testing.T) {
	f := func(wantNats, wantScore float64, f *models.Features, s said) {
		t.Helper()
		got := assess(f, s, models.Normal)
		if got.ActorNats != wantNats || math.Round(got.ActorScore) != wantScore {
			t.Errorf("actor %g nats, score %g, want %g and %g", got.ActorNats, got.ActorScore, wantNats, wantScore)
		}
	}
	actor, verdict := float64(models.ActorNats), float64(models.VerdictNats)
	f(0, 10, with(0), said{models.Network: 5})
	f(3, 40, with(0), said{models.Rate: 3})
	f(4, 55, with(0), said{models.Rate: 4, models.Session: 4})
	// eight requests do not count eight times
	f(3, 40, with(0, actor, 3), said{models.Rate: 3})
	f(2, 27, with(0, actor, 2), said{models.Rate: 1})
	f(0, 55, with(0, verdict, 4), nil)
	f(2, 10, with(0, actor, 2, verdict, -2), nil)
}

func TestRefill(t *testing.T) {
	c := New(DefaultConfig()).classes[models.Normal]
	f := func(want, score float64) {
		t.Helper()
		if got := c.refill(score); got != want {
			t.Errorf("refill at %g is %g, want %g", score, got, want)
		}
	}
	f(1, 0)
	f(1, 19.99)
	f(1, 20)
	f(0.5, 30)
	f(0.25, 40)
	f(1.0/64, 80)
	f(1.0/64, 100)
}

func TestLevel(t *testing.T) {
	c := New(DefaultConfig()).classes[models.Normal]
	f := func(want models.Level, score float64) {
		t.Helper()
		if got := c.level(score); got != want {
			t.Errorf("level at %g is %s, want %s", score, got, want)
		}
	}
	f(models.Low, 14.9)
	f(models.Medium, 15)
	f(models.Medium, 29.9)
	f(models.High, 30)
	f(models.High, 84.9)
	f(models.Critical, 85)
}

func TestResolve(t *testing.T) {
	e := New(DefaultConfig())
	f := func(want Resolution, wanted models.Action, refill float64, flags models.Flag, c models.Class, canStepUp bool) {
		t.Helper()
		a := &models.Assessment{Wanted: wanted, Refill: refill}
		if got := e.Resolve(a, with(flags), c, canStepUp); got != want {
			t.Errorf("%s for class %s: %+v, want %+v", wanted, c, got, want)
		}
	}
	// who can step up is asked to
	f(Resolution{models.StepUp, 0.5, ""}, models.StepUp, 0.5, 0, models.Normal, true)
	// who cannot is slowed down on normal routes and refused on guarded ones
	f(Resolution{models.Monitor, 1.0 / 16, NoStepUp}, models.StepUp, 0.5, 0, models.Normal, false)
	f(Resolution{models.Monitor, 1.0 / 64, NoStepUp}, models.StepUp, 1.0/64, 0, models.Login, false)
	f(Resolution{models.Deny, 0.5, ""}, models.StepUp, 0.5, 0, models.Sensitive, false)
	f(Resolution{models.Deny, 0.5, ""}, models.StepUp, 0.5, 0, models.Admin, false)
	// machine clients never step up
	f(Resolution{models.Monitor, 1.0 / 16, NoStepUp}, models.StepUp, 0.5, models.IsMachine, models.Normal, true)
	// in their first days they are at most throttled
	enrolling := models.IsMachine | models.IsEnrolling
	f(Resolution{models.Monitor, 0.5, ""}, models.StepUp, 0.5, enrolling, models.Admin, false)
	f(Resolution{models.Monitor, 1.0 / 64, ""}, models.Deny, 1.0/64, enrolling, models.Normal, false)
	// everything else stays
	f(Resolution{models.Allow, 1, ""}, models.Allow, 1, 0, models.Normal, false)
	f(Resolution{models.Deny, 1.0 / 64, ""}, models.Deny, 1.0/64, models.IsMachine, models.Normal, false)
}

// Whom an analyst has quarantined neither its first days nor the lack of a way to
// step up excuses.
func TestResolveQuarantined(t *testing.T) {
	e := New(DefaultConfig())
	f := func(want models.Action, wanted models.Action, nats float64, flags models.Flag, canStepUp bool) {
		t.Helper()
		a := &models.Assessment{Wanted: wanted, Refill: 0.5}
		a.Contributions[models.Verdict].Nats = nats
		if got := e.Resolve(a, with(flags), models.Normal, canStepUp); got.Action != want {
			t.Errorf("%s with %g nats of a verdict: %s, want %s", wanted, nats, got.Action, want)
		}
	}
	enrolling := models.IsMachine | models.IsEnrolling
	f(models.Deny, models.Deny, 8, enrolling, false)
	f(models.Deny, models.StepUp, 4, enrolling, false)
	f(models.Deny, models.StepUp, 4, models.IsMachine, false)
	f(models.StepUp, models.StepUp, 4, 0, true)
	f(models.Monitor, models.Monitor, 1, enrolling, false)
	f(models.Monitor, models.Deny, 0.4, enrolling, false) // no reason
	f(models.Monitor, models.Deny, -3, enrolling, false)  // vouched for
}

// A quarantine does to who is at home, on his own device and with his own token, what
// it does to others: looking like himself excuses little of what an analyst knows.
func TestQuarantineOfWhoIsAtHome(t *testing.T) {
	home := said{models.Network: -2.5, models.Device: -2.5, models.Token: -2.5}
	f := func(want models.Action, nats float64) {
		t.Helper()
		var got models.Assessment
		New(DefaultConfig()).Assess(with(0, float64(models.VerdictNats), nats), home.set(), models.Normal, &got)
		if got.Wanted != want {
			t.Errorf("%s with %g nats of a verdict, score %.1f; want %s", got.Wanted, nats, got.Score, want)
		}
	}
	f(models.Deny, 8)
	f(models.StepUp, 4)
	f(models.Allow, 0)
}

func TestConfidence(t *testing.T) {
	c := DefaultConfig()
	f := func(want float64, flags models.Flag, change func(ev *models.EvidenceSet)) {
		t.Helper()
		ev := said{}.set()
		change(ev)
		var out models.Assessment
		New(c).Assess(with(flags), ev, models.Normal, &out)
		if math.Abs(out.Confidence-want) > 1e-12 {
			t.Errorf("confidence %g, want %g", out.Confidence, want)
		}
	}
	f(1, 0, func(*models.EvidenceSet) {})
	f(0, 0, func(ev *models.EvidenceSet) { *ev = models.EvidenceSet{} })
	f(16.5/17.5, 0, func(ev *models.EvidenceSet) { ev[models.Network].State = models.Unavailable })
	f(16.5/17.5, 0, func(ev *models.EvidenceSet) { ev[models.Device].State = models.Learning })
	f(17.0/17.5, 0, func(ev *models.EvidenceSet) { ev[models.Rate].Confidence = 0.5 })
	// groups that never speak for an anonymous caller are not missed
	f(1, models.IsAnonymous, func(ev *models.EvidenceSet) { ev[models.Network].State = models.Unavailable })
	f(7.0/8, models.IsAnonymous, func(ev *models.EvidenceSet) { ev[models.Rate].Confidence = 0 })
	// nor is a group without a weight
	timeless := func(ev *models.EvidenceSet) { ev[models.RTT] = models.Evidence{State: models.Unavailable} }
	f(1, 0, timeless)
	f(1, models.IsAnonymous, timeless)
	c = whole()
	f(17.5/18.5, 0, timeless)
	f(8.0/9, models.IsAnonymous, timeless)
}

func TestReasonsAreTheLargestFirst(t *testing.T) {
	got := assess(with(0), said{
		models.Network: 0.49, models.Device: 0.5, models.Rate: 2, models.Failures: 2, models.Payload: 3, models.Token: -2,
	}, models.Normal)
	want := []models.Group{models.Payload, models.Rate, models.Failures, models.Device}
	if len(got.Top()) != len(want) {
		t.Fatalf("reasons %v, want %v", got.Top(), want)
	}
	for i, g := range got.Top() {
		if g != want[i] {
			t.Errorf("reason %d is %s, want %s", i, g, want[i])
		}
	}
}

func TestNatsAtInvertsTheScore(t *testing.T) {
	e := New(DefaultConfig())
	for score := 0.5; score < 100; score += 0.5 {
		n := e.NatsAt(score)
		if got := scoreOf(float64(0.6*n) - 2.2); math.Abs(got-score) > 1e-10 {
			t.Errorf("score at %g nats is %g, want %g", n, got, score)
		}
	}
	if n := e.NatsAt(0); !math.IsInf(n, -1) {
		t.Errorf("nats at 0: %g, want -Inf", n)
	}
	if n := e.NatsAt(100); !math.IsInf(n, 1) {
		t.Errorf("nats at 100: %g, want +Inf", n)
	}
}

func TestWhereEverythingIsMonitored(t *testing.T) {
	c := DefaultConfig()
	c.Classes.Normal.Monitor = 0
	e := New(c)
	var a models.Assessment
	ask := func(credit float64) models.Assessment {
		e.Assess(with(0, float64(models.CreditNats), credit), said{models.Network: 3}.set(), models.Normal, &a)
		return a
	}
	if got := ask(0); got.Wanted != models.StepUp {
		t.Errorf("without credit: %s, want step_up", got.Wanted)
	}
	// there is no lowest point that credit could stop at
	if got := ask(-5); got.Contributions[models.Credit].Nats != -5 || got.Wanted != models.Monitor {
		t.Errorf("with credit: %s, %g nats, want monitor and -5", got.Wanted, got.Contributions[models.Credit].Nats)
	}
	if got := e.CreditFor(&a, models.Normal); got != -maxLambda {
		t.Errorf("credit %g, want %d", got, -maxLambda)
	}
}

func TestCarriedStateThatIsNoNumberDoesNotCount(t *testing.T) {
	nan := math.NaN()
	f := with(models.IsLoginRoute, float64(models.ActorNats), nan, float64(models.VerdictNats), nan,
		float64(models.CreditNats), nan, float64(models.ModeNats), nan)
	if got := assess(f, nil, models.Login); got != assess(with(models.IsLoginRoute), nil, models.Login) {
		t.Errorf("assessment %+v, want that of no evidence", got)
	}
}

func TestEngineTellsItsConfiguration(t *testing.T) {
	c := DefaultConfig()
	c.Mode, c.Classes.Admin.StepUp = models.Shadow, 25
	e := New(c)
	if e.Mode() != models.Shadow || e.Thresholds(models.Admin).StepUp != 25 || !reflect.DeepEqual(e.Config(), c) {
		t.Errorf("mode %s, thresholds %+v, want those given", e.Mode(), e.Thresholds(models.Admin))
	}
}
