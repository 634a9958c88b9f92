package behavior

import (
	"math"
	"testing"

	"github.com/riskgate/riskgate/models"
)

func evaluate(flags models.Flag, set map[models.Feature]float64) models.EvidenceSet {
	f := models.Features{Flags: flags}
	for i, v := range set {
		f.Set(i, v)
	}
	var out models.EvidenceSet
	Evaluate(&f, &out)
	return out
}

// Of who is new, the same rate means more from a person than from a machine.
func TestRateOfNewcomers(t *testing.T) {
	rate := func(flags models.Flag, perMinute float64) models.Evidence {
		return evaluate(flags, map[models.Feature]float64{models.RateMinute: perMinute, models.RateHour: perMinute})[models.Rate]
	}
	if e := rate(0, 60); e.Lambda != 0 || e.State != models.Learning {
		t.Errorf("a person, one a second: %g (%s)", e.Lambda, e.State)
	}
	if e := rate(0, 3000); e.Lambda < 1 || e.State != models.Hit {
		t.Errorf("a person, fifty a second: %g (%s)", e.Lambda, e.State)
	}
	if p, m := rate(0, 1500), rate(models.IsMachine, 1500); p.Lambda <= m.Lambda {
		t.Errorf("a person %g, a machine %g", p.Lambda, m.Lambda)
	}
	if e := rate(0, 1e9); e.Lambda != 4 {
		t.Errorf("without end: %g, want the cap", e.Lambda)
	}
}

// Who raises his rate slowly is measured against half a year ago.
func TestAnchor(t *testing.T) {
	base := map[models.Feature]float64{
		models.RateSamples: 1000, models.RateMinute: 500, models.RateMinuteMean: 6.2, models.RateMinuteVar: 0.1,
		models.RateMinuteAnchor: 6.2, models.RateHourMean: 9, models.RateHourAnchor: 9, models.RateHourVar: 0.1,
	}
	if e := evaluate(0, base)[models.Rate]; e.Lambda != 0 {
		t.Errorf("the usual rate: %g", e.Lambda)
	}
	base[models.RateMinuteAnchor] = 3
	if e := evaluate(0, base)[models.Rate]; e.Lambda < 3 {
		t.Errorf("usual today, never half a year ago: %g", e.Lambda)
	}
}

func TestEnumeration(t *testing.T) {
	f := func(name string, distinct, n, run, refused, want float64) {
		t.Helper()
		e := evaluate(0, map[models.Feature]float64{
			models.ObjectsDistinct: distinct, models.ObjectsRequests: n, models.ObjectsRun: run, models.ObjectsRefused: refused,
		})[models.Enumeration]
		if math.Abs(e.Lambda-want) > 1e-6 {
			t.Errorf("%s: %g, want %g", name, e.Lambda, want)
		}
	}
	f("no objects", 0, 0, 0, 0, 0)
	f("a few", 5, 9, 1, 0, 0)
	f("thirty, each once", 30, 30, 1, 0, 1)
	f("twenty-nine, each once", 29, 29, 1, 0, 0)
	f("in sequence", 8, 20, 8, 0, 0.9)
	f("a long sequence", 20, 40, 20, 0, 2)
	f("half of them refused", 10, 40, 1, 0.5, 2)
	f("everything at once", 1420, 1420, 900, 1, 1+2+2+0.7*((math.Log(1421)-3)/math.Sqrt(1.04)-3))
}

func TestRecentBehaviorIsWhatWasLeft(t *testing.T) {
	e := evaluate(0, map[models.Feature]float64{models.ActorNats: 2.5})[models.RecentBehavior]
	if e.Lambda != 2.5 || e.State != models.Hit || e.Facts[0].Code != models.FactActor {
		t.Errorf("%+v", e)
	}
}

// Asking for hardly an object twice is news only where so many are not what the
// caller asks for, in a usual hour or once in a usual day.
func TestFreshObjects(t *testing.T) {
	f := func(mean, day float64, hours, days uint8, want float64) {
		t.Helper()
		got := evaluate(models.SecondModel, map[models.Feature]float64{
			models.ObjectsDistinct: 60, models.ObjectsRequests: 60,
			models.ObjectsMean: mean, models.ObjectsVar: 2, models.DayMean: day,
			models.ObjectCounts: float64(models.PackCounts(hours, days, 0)), models.RefusedMean: 0.05,
		})[models.Enumeration].Lambda
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("usual ln(1+n) %g over %d hours, %g over %d days: %g nats, want %g", mean, hours, day, days, got, want)
		}
	}
	f(8, 8, 30, 30, 0)     // three thousand every night, and nothing else
	f(1.9, 8.4, 30, 30, 0) // seven in most hours, and every night the same
	f(1.9, 8.4, 30, 2, 1)  // the nights are not known yet
	f(8, 0, 2, 0, 1)       // nothing is
	f(2, 3, 30, 30, 1)     // twenty a day
	f(3.5, 5, 30, 30, math.Log(61)-3.5)
}

// Ids in a row are news beyond what is usual for the caller, fully from e times as
// many on.
func TestSequence(t *testing.T) {
	f := func(name string, run, top, want float64) {
		t.Helper()
		got := evaluate(models.SecondModel, map[models.Feature]float64{
			models.ObjectsDistinct: 3, models.ObjectsRequests: 10, models.ObjectsRun: run, models.ObjectsRunTop: top,
		})[models.Enumeration].Lambda
		if math.Abs(got-want) > 1e-5 {
			t.Errorf("%s: %g nats, want %g", name, got, want)
		}
	}
	f("as many as mean nothing", 5, 0, 0)
	f("sixteen", 16, 0, 3.3)
	f("the cap", 900, 0, 4)
	f("eleven, where eleven are usual", 11, math.Log(12), 0)
	f("twice as many as usual", 19, math.Log(10), math.Log(2)*4)
	f("an export of every night", 3000, math.Log(3001), 0)
	f("one that is a third longer", 4001, math.Log(3001), 4*math.Log(4002.0/3001))
}

// What is refused is compared with what usually is, and how reliably.
func TestRefusals(t *testing.T) {
	f := func(k, n float64, hours uint8, mean, variance float64) float64 {
		return evaluate(models.SecondModel, map[models.Feature]float64{
			models.ObjectsDistinct: n, models.ObjectsRequests: n, models.ObjectsRefused: k / n, models.ObjectsMean: 20,
			models.RefusedMean: mean, models.RefusedVar: variance, models.ObjectCounts: models.PackCounts(hours, 0, 0),
		})[models.Enumeration].Lambda
	}
	if got := f(3, 3, 200, 0.001, 0); got != 0 {
		t.Errorf("three refused: %g nats, want none", got)
	}
	if got := f(2, 100, 200, 0.03, 0.0009); got != 0 {
		t.Errorf("fewer than usual: %g nats, want none", got)
	}
	if got := f(8, 20, 0, 0, 0); got < 3.5 {
		t.Errorf("eight of twenty by somebody new: %g nats, want more", got)
	}
	if got := f(8, 20, 200, 0.4, 0.01); got != 0 {
		t.Errorf("eight of twenty where that is usual: %g nats, want none", got)
	}
	if steady, uneven := f(6, 20, 200, 0.05, 0.0005), f(6, 20, 200, 0.05, 0.02); steady <= uneven {
		t.Errorf("%g nats of whose share is steady, %g of whose varies", steady, uneven)
	}
	if got := f(60000, 60000, 200, 0.01, 0.0001); got != 5 {
		t.Errorf("all of sixty thousand: %g nats, want the cap", got)
	}
	last := 0.0
	for k := range 60 {
		got := f(float64(k), 60, 50, 0.02, 0.0004)
		if got < last {
			t.Errorf("%d of 60 say %g nats, one fewer %g", k, got, last)
		}
		last = got
	}
}

func TestLnGamma(t *testing.T) {
	for x := 0.01; x < 2e5; x *= 1.03 {
		want, _ := math.Lgamma(x)
		if got := lnGamma(x); math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) {
			t.Errorf("lnGamma(%g) is %.15g, want %.15g", x, got, want)
		}
	}
}

// An hour as busy as the one that every day has is a usual rate.
func TestRateOfANightlyExport(t *testing.T) {
	rate := func(day float64) float64 {
		return evaluate(models.SecondModel|models.IsMachine, map[models.Feature]float64{
			models.RateHour: 4000, models.RateMinute: 80, models.RateSamples: 300,
			models.RateHourMean: 2, models.RateHourAnchor: 2, models.RateHourVar: 1,
			models.RateMinuteMean: 1.5, models.RateMinuteAnchor: 1.5, models.RateMinuteVar: 1,
			models.ObjectsMean: 1.5, models.DayMean: day, models.ObjectCounts: models.PackCounts(200, 20, 0),
		})[models.Rate].Lambda
	}
	if usual, not := rate(math.Log(3500)), rate(math.Log(60)); usual > 0 || not < 1 {
		t.Errorf("4000 an hour: %g nats where a day has 3500 objects, %g where it has 60", usual, not)
	}
}

// A few bytes more than none are no scrape, however unusual.
func TestScrapeBeginsAtAMegabyte(t *testing.T) {
	f := func(bytes float64, hit bool) {
		t.Helper()
		e := evaluate(models.SecondModel, map[models.Feature]float64{models.BytesHour: bytes, models.RateSamples: 100})[models.Scrape]
		if (e.Lambda > 1) != hit || (e.State == models.Hit) != hit {
			t.Errorf("%g bytes an hour, usually none: %g nats (%s)", bytes, e.Lambda, e.State)
		}
	}
	f(30, false)
	f(900_000, false)
	f(50e6, true)
}

// A share of refusals that earlier builds did not show is not shown of their events.
func TestRefusedShareIsShownAsThen(t *testing.T) {
	for flags, want := range map[models.Flag]bool{0: false, models.SecondModel: true} {
		e := evaluate(flags, map[models.Feature]float64{
			models.ObjectsDistinct: 100, models.ObjectsRequests: 100, models.ObjectsRefused: 0.04, models.ObjectsMean: 20,
		})[models.Enumeration]
		shown := false
		for _, f := range e.Facts {
			shown = shown || f.Code == models.FactFailShare
		}
		if shown != want {
			t.Errorf("flags %b: share of 0.04 shown %v", flags, shown)
		}
	}
}
