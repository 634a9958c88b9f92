package signals

import (
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/signals/geo"
)

// setBehavior sets what every request of the subject adds to, this one included.
func setBehavior(f *models.Features, l *baseline.Local, o *models.Observed, now uint32) {
	minute, hour := l.Rates(now)
	f.Set(models.RateMinute, minute)
	f.Set(models.RateHour, hour)
	f.Set(models.RateMinuteMean, l.MinuteMean.Float())
	f.Set(models.RateMinuteVar, l.MinuteVar.Float())
	f.Set(models.RateHourMean, l.HourMean.Float())
	f.Set(models.RateHourVar, l.HourVar.Float())
	f.Set(models.RateMinuteAnchor, l.MinuteAnchor.Float())
	f.Set(models.RateHourAnchor, l.HourAnchor.Float())
	f.Set(models.RateSamples, float64(l.RateSamples))
	f.Set(models.BytesHour, l.BytesPerHour(now))
	f.Set(models.BytesMean, l.BytesMean.Float())
	f.Set(models.BytesVar, l.BytesVar.Float())
	f.Set(models.ObjectCounts, models.PackCounts(l.ObjectSample, l.DaySample, 0))
	f.Set(models.ObjectsMean, l.ObjectsMean.Float())
	f.Set(models.DayMean, l.DayMean.Float())
	setSteps(f, l, o, now)
	failures, actor := l.Behavior(now)
	f.Set(models.FailedLogins, failures)
	f.Set(models.ActorNats, actor)
	if o.Object != 0 {
		setObjects(f, l, o, now)
	}
}

func setObjects(f *models.Features, l *baseline.Local, o *models.Observed, now uint32) {
	objects := l.Objects
	objects.See(o.Object, o.ObjectSeq, now)
	f.Set(models.ObjectsDistinct, objects.Distinct())
	f.Set(models.ObjectsRequests, float64(objects.Requests))
	f.Set(models.ObjectsRun, float64(objects.Run))
	f.Set(models.ObjectsRefused, objects.RefusedShare())
	f.Set(models.ObjectsRunTop, l.RunTop.Float())
	f.Set(models.ObjectsVar, l.ObjectsVar.Float())
	refused, variance := l.RefusedShare()
	f.Set(models.RefusedMean, refused)
	f.Set(models.RefusedVar, variance)
	daily := l.Daily
	daily.See(o.Object, uint16(now/86400))
	f.Set(models.DayObjects, daily.Distinct())
	f.Set(models.DayVar, l.DayVar.Float())
}

// setSteps sets what this request is in the order of endpoints and in the rhythm
// of the subject.
func setSteps(f *models.Features, l *baseline.Local, o *models.Observed, now uint32) {
	paths, rhythm := l.Paths, l.Rhythm
	gap := l.Gap(now)
	paths.See(o.Endpoint, gap, false, now)
	rhythm.See(gap)
	f.Set(models.PathNats, paths.Nats.Float())
	f.Set(models.PathMean, l.PathMean.Float())
	f.Set(models.PathVar, l.PathVar.Float())
	if rhythm.Samples >= baseline.RhythmSamples && rhythm.Hours > 0 {
		f.Set(models.RhythmNow, rhythm.Sigma())
		f.Set(models.RhythmOwn, rhythm.Own())
	}
	f.Set(models.StepCounts, models.PackCounts(l.PathSample, rhythm.Samples, rhythm.Hours))
}

// setAccount sets what concerns the account itself.
func setAccount(f *models.Features, p *baseline.Profile, r *request) {
	if p.Own.Last != 0 && r.now > p.Own.Last {
		f.Set(models.IdleDays, float64(r.now-p.Own.Last)/86400)
	}
	privileged := r.route.class == models.Sensitive || r.route.class == models.Admin
	if privileged && p.Established() && p.Local.Classes&(1<<r.route.class) == 0 {
		f.Set(models.PrivilegeFirst, 1)
	}
}

// vouchAge is how old, in seconds, a token must be to pass its trust on.
const vouchAge = 24 * 3600

func setToken(f *models.Features, c *baseline.Contribution, r *request) {
	if c.TokenAt != 0 {
		f.Flags |= models.DeviceTokenIssued
	}
	n := c.TokenNovelty(r.now)
	f.Set(models.TokenMissed, float64(n.K))
	f.Set(models.TokenLooks, float64(n.N))
	if r.shown.Status != models.TokenValid {
		return
	}
	trust := 1.0
	if !r.shown.Trusted {
		trust = c.Trust(baseline.OnToken, r.shown.Device, false)
	} else {
		f.Flags |= models.TokenBornTrusted
	}
	f.Set(models.TokenTrust, trust)
	if trust == 1 && r.view.Time.Unix()-r.shown.Issued.Unix() >= vouchAge {
		f.Flags |= models.TokenVouches
	}
}

// setVisit decides whether the request is a look, and what changed in its
// session.
func setVisit(f *models.Features, p *baseline.Profile, ev *models.Event, r *request) {
	a := baseline.ArrivalOf(ev)
	a.Now = r.now
	v := p.Local.Visit(&p.Own, &a)
	if v.Look {
		f.Flags |= models.IsLook
	}
	if !f.AfterLogout() { // what is said of a session that had ended, stays
		f.Set(models.SessionKind, float64(v.Kind))
		if v.Change {
			f.Flags |= models.IsSessionChange
		}
	}
	for i := range v.Held {
		f.Set(models.HeldNetwork+models.Feature(i), v.HeldNats(i))
	}
}

// setLook sets what is evaluated at looks only.
func setLook(f *models.Features, c *baseline.Contribution, o *models.Observed, now uint32) past {
	p := past{gap: -1}
	if c.At != 0 {
		p.gap = max(0, float64(now)-float64(c.At))
		f.Set(models.SinceLook, p.gap/60)
	}
	if !f.Has(models.IsLook) {
		return p
	}
	p.known = setTables(f, c, o, now)
	setTravel(f, c, o, now)
	for i := range p.net {
		p.net[i] = c.NetNovelty(i, now)
		p.dev[i] = c.DevNovelty(i, now)
	}
	return p
}

// setTables sets how well the subject is known to use this network, device and
// hour. It reports whether it uses the ASN.
func setTables(f *models.Features, c *baseline.Contribution, o *models.Observed, now uint32) bool {
	net := c.NetworkWeights(o, now)
	setThree(f, models.NetWeight1, net.Level)
	f.Set(models.NetTotal, net.Total)
	f.Set(models.NetTrust2, c.Trust(baseline.OnASN, o.Network, net.Level[1] > 0))
	f.Set(models.NetTrust3, c.Trust(baseline.OnCountry, o.Country, net.Level[2] > 0))
	if o.Fingerprint != 0 {
		dev := c.DeviceWeights(o, now)
		setThree(f, models.DevWeight1, dev.Level)
		f.Set(models.DevTotal, dev.Total)
		f.Set(models.DevTrust2, c.Trust(baseline.OnFamily, o.Family, dev.Level[1] > 0))
		f.Set(models.DevTrust3, c.Trust(baseline.OnDeviceType, o.DeviceType, dev.Level[2] > 0))
	}
	here, total := c.HourOf(int(now / 3600 % 24))
	f.Set(models.TimeOwn, here)
	f.Set(models.TimeTotal, total)
	return net.Level[1] > 0
}

func setThree(f *models.Features, first models.Feature, v [baseline.Levels]float64) {
	for i := range v {
		f.Set(first+models.Feature(i), v[i])
	}
}

// setTravel sets distance and time since the last look with a location. Whoever
// is on a network the subject uses, or comes from an anonymizer, may have been
// anywhere. So may, within a country it uses, a subject of whom the first days
// are still showing which networks those are: carriers and offices meet the
// internet far from their people. That this address is on a list does not soften:
// a list never lowers a score.
func setTravel(f *models.Features, c *baseline.Contribution, o *models.Observed, now uint32) {
	was := &c.Location
	if !o.Place.HasLocation || was.At == 0 {
		f.Flags |= models.MissingLocation
		return
	}
	f.Set(models.TravelDistance, geo.Distance(float64(was.Latitude)/100, float64(was.Longitude)/100,
		float64(o.Place.Latitude), float64(o.Place.Longitude)))
	f.Set(models.TravelRadii, float64(was.Radius)+float64(o.Place.Radius))
	if now > was.At {
		f.Set(models.TravelElapsed, float64(now-was.At))
	}
	settling := c.Young() && f.Get(models.NetWeight3) > 0
	if f.Has(models.SourceRelay) || was.Softened != 0 || f.Get(models.NetWeight2) > 0 || settling {
		f.Set(models.TravelSoftened, 1)
	}
}

// setNorms sets what is normal for everybody, and the subject's rates of novelty
// against it.
func setNorms(f *models.Features, w *baseline.Norms, n *past) {
	setThree(f, models.NetShare1, w.NetShare)
	setThree(f, models.NetHazard1, w.NetHazard)
	setThree(f, models.DevShare1, w.DevShare)
	setThree(f, models.DevHazard1, w.DevHazard)
	for i := range n.net {
		f.Set(models.NetNovelty1+models.Feature(i), n.net[i].Rate(w.NetHazard[i]))
		f.Set(models.DevNovelty1+models.Feature(i), n.dev[i].Rate(w.DevHazard[i]))
	}
	f.Set(models.NetOdds, w.NetOdds)
	f.Set(models.DevOdds, w.DevOdds)
	f.Set(models.TimeGlobal, w.HourShare)
	f.Set(models.TravelHazard, w.Leap)
}
