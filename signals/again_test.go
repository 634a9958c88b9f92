package signals

import (
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

// Events that were recorded from the first on, judged again from nothing, give the
// features they were recorded with, bit for bit.
func TestRecordedEventsCanBeLearnedAgain(t *testing.T) {
	first, second := newGate(t, earth, nil), newGate(t, earth, nil)
	first.c.SetLocation(gateway)
	again := func(ev *models.Event) {
		t.Helper()
		copied := *ev
		if copied.Identity = nil; ev.Identity != nil {
			copied.Credential = ev.Identity.Credential
		}
		for i := range copied.Features.Values { // what was learned is not read
			kept := isObserved(models.Feature(i)) || models.Feature(i) == models.SessionKind && ev.Features.AfterLogout()
			if copied.Features.Values[i] != 0 && !kept {
				copied.Features.Values[i] = 77
			}
		}
		if copied.Subject == models.Anonymous {
			copied.Pseudonym = models.Pseudonym{}
		}
		route := NewRouteFacts("r", "/v1/items/{id}", ev.Class)
		second.c.Again(&copied, &route)
		if copied.Features != ev.Features || copied.Evidence != ev.Evidence || copied.Pseudonym != ev.Pseudonym {
			for i := range ev.Features.Values {
				if copied.Features.Values[i] != ev.Features.Values[i] {
					t.Errorf("feature %d: %g, want %g", i, copied.Features.Values[i], ev.Features.Values[i])
				}
			}
			t.Fatalf("at %s: flags %b, want %b", ev.Time, copied.Features.Flags, ev.Features.Flags)
		}
		second.c.Observe(&copied)
	}
	ada, job := user("ada"), machine("job")
	verdicts := map[int]models.VerdictKind{5: models.Forgive, 7: models.Report, 9: models.Confirm}
	for day := range 12 {
		at := day0.AddDate(0, 0, day)
		for i, s := range []shot{
			{addr: home, agent: firefox, path: "/v1/items/7"}, {addr: home, agent: firefox, path: "/v1/items/8"},
			{addr: mobile, agent: chrome, ja4: "t13d1516h2_8daaf6152771_b186095e22b6"}, {addr: sydney, agent: firefox},
		} {
			s.at = at.Add(time.Duration(i*i) * 20 * time.Minute)
			s.rtt = rtt(time.Duration(i)*time.Millisecond, time.Duration(day)*time.Millisecond)
			if day == 8 {
				s.class = models.Admin
			}
			s.ended = day == 9 && i > 0
			if day == 10 && i == 0 {
				s.activity = models.PasswordChange
			}
			if kind := verdicts[day]; kind != models.NoVerdict {
				given := baseline.Stamp(at.Add(-time.Hour))
				s.rulings[0] = models.Ruling{Kind: kind, At: given, Since: given - 3*86400}
				s.confirmed = kind == models.Confirm
			}
			again(first.send(ada, s))
			s.at = s.at.Add(time.Second)
			again(first.send(job, s))
			s.at, s.class = s.at.Add(time.Second), models.Normal
			again(first.send(nil, s))
		}
	}
}

func isObserved(i models.Feature) bool {
	for _, o := range observedFeatures {
		if i == o {
			return true
		}
	}
	return false
}
