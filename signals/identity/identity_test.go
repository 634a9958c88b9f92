package identity

import (
	"math"
	"testing"

	"github.com/riskgate/riskgate/models"
)

func evaluate(change func(*models.Features)) models.EvidenceSet {
	var f models.Features
	var out models.EvidenceSet
	change(&f)
	Evaluate(&f, &out)
	return out
}

func TestSession(t *testing.T) {
	f := func(kind int, want float64, state models.State) {
		t.Helper()
		e := evaluate(func(f *models.Features) { f.Set(models.SessionKind, float64(kind)) })[models.Session]
		if e.Lambda != want || e.State != state {
			t.Errorf("change %d: %g (%s), want %g (%s)", kind, e.Lambda, e.State, want, state)
		}
	}
	f(models.SessionSame, 0, models.Clean)
	f(models.SessionKnownASN, 0.3, models.Clean)
	f(models.SessionUnknownASN, 1.5, models.Clean)
	f(models.SessionFamily, 3, models.Hit)
	f(models.SessionFingerprint, 4, models.Hit)
	f(models.SessionCountry, 5, models.Hit)
	f(models.SessionTwoPlaces, 5, models.Hit)
	f(models.SessionAfterLogout, 6, models.Hit)
	f(99, 6, models.Hit)
}

func TestFailures(t *testing.T) {
	f := func(n, want float64) {
		t.Helper()
		e := evaluate(func(f *models.Features) { f.Set(models.FailedLogins, n) })[models.Failures]
		if math.Abs(e.Lambda-want) > 1e-9 {
			t.Errorf("%g failures: %g, want %g", n, e.Lambda, want)
		}
	}
	f(0, 0)
	f(1, 0.5*math.Ln2)
	f(1000, 2.5)
}

func TestPrivilegeNeedsAHistory(t *testing.T) {
	first := func(f *models.Features) { f.Set(models.PrivilegeFirst, 1) }
	if e := evaluate(first)[models.Privilege]; e.Confidence != 0 || e.State != models.Learning {
		t.Errorf("of a newcomer: %+v", e)
	}
	e := evaluate(func(f *models.Features) { first(f); f.Flags |= models.IsEstablished })[models.Privilege]
	if e.Lambda != 1 || e.State != models.Hit {
		t.Errorf("of an established subject: %+v", e)
	}
}

func TestDormancy(t *testing.T) {
	f := func(days, want float64) {
		t.Helper()
		e := evaluate(func(f *models.Features) { f.Set(models.IdleDays, days) })[models.Dormancy]
		if e.Lambda != want {
			t.Errorf("%g days: %g, want %g", days, e.Lambda, want)
		}
	}
	f(29.9, 0)
	f(30, 0.5)
	f(400, 0.5)
}

// Without a baseline a subject is unknown, not new.
func TestWithoutBaseline(t *testing.T) {
	e := evaluate(func(f *models.Features) { f.Flags |= models.BaselineMissing; f.Set(models.IdleDays, 99) })
	if e[models.Dormancy].Confidence != 0 || e[models.Dormancy].State != models.Unavailable {
		t.Errorf("dormancy: %+v", e[models.Dormancy])
	}
	if e[models.Session].State != models.Unavailable || e[models.Session].Lambda != 0 {
		t.Errorf("session: %+v", e[models.Session])
	}
}
