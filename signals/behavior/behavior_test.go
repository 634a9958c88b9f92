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

// Reading everything in sequence is news only where it is not what the caller does,
// in a usual hour or once in a usual day.
func TestManner(t *testing.T) {
	f := func(mean, day float64, hours, days uint8, want float64) {
		t.Helper()
		got := evaluate(models.SecondModel, map[models.Feature]float64{
			models.ObjectsDistinct: 60, models.ObjectsRequests: 60, models.ObjectsRun: 60,
			models.ObjectsMean: mean, models.ObjectsVar: 2, models.DayMean: day,
			models.ObjectCounts: float64(models.PackCounts(hours, days, 0)), models.RefusedMean: 0.05,
		})[models.Enumeration].Lambda
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("usual ln(1+n) %g over %d hours, %g over %d days: %g nats, want %g", mean, hours, day, days, got, want)
		}
	}
	f(8, 8, 30, 30, 0)     // three thousand every night, and nothing else
	f(1.9, 8.4, 30, 30, 0) // seven in most hours, and every night the same
	f(1.9, 8.4, 30, 2, 3)  // the nights are not known yet
	f(8, 0, 2, 0, 3)       // nothing is
	f(2, 3, 30, 30, 3)     // twenty a day
	f(3.5, 5, 30, 30, 3*(math.Log(61)-3.5))
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
