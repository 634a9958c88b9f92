package signals

import (
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/signals/device"
)

// observedFlags are what a request shows of itself and its source, and what an
// analyst said of its caller. The others say what was remembered.
const observedFlags = models.IsMachine | models.IsAnonymous | models.IsLoginRoute | models.DeclaredSource |
	models.NetUnavailable | models.NetUnknown | models.SourceHosting | models.SourceVPN | models.SourceTor |
	models.SourceListed | models.SourceRelay | models.HasAgent | models.AboveTLS | models.TokenBornTrusted |
	models.IsConfirmed | models.KnowsDistance

// observedFeatures are the features of the same kind.
var observedFeatures = [...]models.Feature{
	models.TokenStatus, models.TimeHour, models.SanityNats, models.SanityRule, models.FaultCount, models.VerdictNats,
	models.RTTConnection, models.RTTHandshake, models.RTTDistance,
}

// Again judges the request of a recorded event by what this Collector has learned:
// it replaces Features and Evidence of ev, where Observed, the pseudonym, the
// caller, verdicts and the flags and features of the request itself stay. Credit
// and failed logins outside login routes are not known again. Route must be of the
// event's class. Call Observe afterwards, as after Collect.
func (c *Collector) Again(ev *models.Event, route *RouteFacts) {
	was := ev.Features
	f := &ev.Features
	*f = models.Features{Flags: was.Flags&observedFlags | thisModel | blocks(&ev.Observed.Place)}
	for _, i := range observedFeatures {
		f.Values[i] = was.Values[i]
	}
	if was.AfterLogout() {
		f.Set(models.SessionKind, models.SessionAfterLogout)
	}
	r := request{view: &models.Request{Time: ev.Time, Client: ev.Client}, id: identityOf(ev), route: route, now: baseline.Stamp(ev.Time)}
	ev.Identity = r.id
	if r.id != nil {
		r.shown = shownIn(&was, ev)
	} else if ev.Pseudonym == (models.Pseudonym{}) {
		ev.Pseudonym = c.stranger(&ev.Observed)
	}
	c.judge(ev, &r)
}

// identityOf returns who called, as far as learning needs it; nil for anonymous
// callers.
func identityOf(ev *models.Event) *models.Identity {
	if ev.Subject == models.Anonymous {
		return nil
	}
	return &models.Identity{
		Subject: models.Subject{Kind: ev.Subject}, Pseudonym: ev.Pseudonym, Credential: ev.Credential,
		Declared: ev.Credential == models.APIKey,
	}
}

// shownIn returns the device token of a recorded request. A token that vouched was
// a day old; of others the age does not matter.
func shownIn(f *models.Features, ev *models.Event) device.Shown {
	shown := device.Shown{
		Status: int(f.Get(models.TokenStatus)), Device: ev.Observed.DeviceToken,
		Trusted: f.Has(models.TokenBornTrusted), Issued: ev.Time,
	}
	if f.Has(models.TokenVouches) {
		shown.Issued = ev.Time.Add(-vouchAge * time.Second)
	}
	return shown
}
