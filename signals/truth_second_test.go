package signals

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// zOf is (x - mu)/sqrt(v + 0.04) with the prior of the peers of strength 10.
func zOf(x, n, mean, variance, peer, peerVariance float64) float64 {
	return zWith(10, x, n, mean, variance, peer, peerVariance)
}

func zWith(strength, x, n, mean, variance, peer, peerVariance float64) float64 {
	m := (n*mean + strength*peer) / (n + strength)
	v := (n*variance + strength*peerVariance) / (n + strength)
	return (x - m) / math.Sqrt(v+0.04)
}

func truthSecondEnumeration(f *models.Features, hours float64) float64 {
	d, n := value(f, models.ObjectsDistinct), value(f, models.ObjectsRequests)
	l := truthHinge(zOf(math.Log(1+d), hours, value(f, models.ObjectsMean), value(f, models.ObjectsVar), 3, 1), 3, 0.7, 3)
	if d/n > 0.9 && n >= 15 {
		l++
	}
	if _, days, _ := f.Counts(models.ObjectCounts); hours >= 3 {
		l *= clip(math.Log(1+d)-math.Log(1+truthBusiest(f, hours, days)), 0, 1)
	}
	run := value(f, models.ObjectsRun)
	longest := math.Max(math.Log(6), value(f, models.ObjectsRunTop))
	l += clip(0.3*(run-5), 0, 4) * clip(math.Log(1+run)-longest, 0, 1)
	return math.Min(6, l+truthRefusals(f, hours))
}

// truthBusiest is the usual busiest hour, in objects: the mean of the hours, or what
// a day has more than 24 of them.
func truthBusiest(f *models.Features, hours, days float64) float64 {
	if hours < 3 {
		return 0
	}
	busiest := math.Exp(value(f, models.ObjectsMean)) - 1
	if days >= 3 {
		busiest = math.Max(busiest, math.Exp(value(f, models.DayMean))-24*(busiest+1))
	}
	return busiest
}

func truthSecondRate(f *models.Features, hours, days float64) float64 {
	busiest := truthBusiest(f, hours, days)
	z := func(y, variance models.Feature, peer, least float64, means ...models.Feature) (most float64) {
		most = math.Inf(-1)
		for _, m := range means {
			most = math.Max(most, zOf(math.Log(1+value(f, y)), value(f, models.RateSamples), math.Max(value(f, m), math.Log(1+least)), value(f, variance), peer, 1))
		}
		return most
	}
	minute := z(models.RateMinute, models.RateMinuteVar, 3, busiest/60, models.RateMinuteMean, models.RateMinuteAnchor)
	hour := z(models.RateHour, models.RateHourVar, 5.3, busiest, models.RateHourMean, models.RateHourAnchor)
	return truthHinge(math.Max(minute, hour), 3, 0.7, 4)
}

// truthRefusals follows the likelihoods of k refused of n request by request, where
// the model has them in closed form.
func truthRefusals(f *models.Features, hours float64) float64 {
	n := math.Floor(math.Max(1, value(f, models.ObjectsDistinct)) + 0.5)
	k := math.Floor(value(f, models.ObjectsRefused)*n + 0.5)
	u := (hours*value(f, models.RefusedMean) + 10*0.03) / (hours + 10)
	v := (hours*value(f, models.RefusedVar) + 10*0.0009) / (hours + 10)
	if k < 4 || k <= u*n {
		return 0
	}
	m := clip(u*(1-u)/v-1, 15, 200)
	return clip(lnLikelihood(k, n, 1, 1)-lnLikelihood(k, n, u*m, (1-u)*m)-1, 0, 5)
}

// lnLikelihood is the logarithm of the integral of s^k (1-s)^(n-k) under a beta
// distribution of s: each request changes the odds of the next.
func lnLikelihood(k, n, a, b float64) float64 {
	l := 0.0
	for i := range int(k) {
		l += math.Log((a + float64(i)) / (a + b + float64(i)))
	}
	for i := range int(n - k) {
		l += math.Log((b + float64(i)) / (a + b + k + float64(i)))
	}
	return l
}

// The groups of the second model, written down a second time.
func TestEvaluateIsTheSecondModel(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 62))
	spoken := map[models.Group]int{}
	for range 20000 {
		f := randomLook(r)
		f.Flags |= models.SecondModel
		for _, i := range []models.Feature{models.BytesHour, models.DayObjects} {
			f.Set(i, math.Exp(22*r.Float64()))
		}
		for _, i := range []models.Feature{models.BytesMean, models.DayMean} {
			f.Set(i, 18*r.Float64())
		}
		for _, i := range []models.Feature{models.BytesVar, models.DayVar, models.PathVar, models.PathMean} {
			f.Set(i, 2*r.Float64())
		}
		f.Set(models.PathNats, 8*r.Float64())
		f.Set(models.RhythmNow, 4*r.Float64()-2.5)
		f.Set(models.RhythmOwn, 4*r.Float64()-2.5)
		n := 1 + r.IntN(60)
		f.Set(models.ObjectsRequests, float64(n))
		f.Set(models.ObjectsDistinct, float64(n)*r.Float64())
		f.Set(models.ObjectsRefused, float64(r.IntN(n))/float64(n))
		f.Set(models.ObjectsRunTop, 9*r.Float64()*r.Float64())
		f.Set(models.RefusedMean, r.Float64()/5)
		f.Set(models.RefusedVar, r.Float64()/200)
		objects, days, paths := uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.IntN(12))
		gaps, hours := uint8(r.IntN(80)), uint8(r.IntN(12))
		f.Set(models.ObjectCounts, models.PackCounts(objects, days, 0))
		f.Set(models.StepCounts, models.PackCounts(paths, gaps, hours))
		peer := struct{ bytes, daily float64 }{16.8, 4.1}
		want := map[models.Group]float64{
			models.Rate:        truthSecondRate(f, float64(objects), float64(days)),
			models.Enumeration: truthSecondEnumeration(f, float64(objects)),
			models.Scrape:      one(value(f, models.BytesHour) >= 1e6) * truthHinge(zOf(math.Log(1+value(f, models.BytesHour)), value(f, models.RateSamples), value(f, models.BytesMean), value(f, models.BytesVar), peer.bytes, 1), 3, 0.7, 4),
			models.SlowScrape:  truthHinge(zWith(3, math.Log(1+value(f, models.DayObjects)), float64(days), value(f, models.DayMean), value(f, models.DayVar), peer.daily, 0.3), 3, 1.4, 4),
		}
		if paths >= 5 {
			want[models.Path] = truthHinge(zOf(value(f, models.PathNats), float64(paths), value(f, models.PathMean), value(f, models.PathVar), 2.5, 0.5), 3, 0.6, 3)
		}
		if gaps >= 30 && hours >= 5 {
			want[models.Rhythm] = truthHinge(math.Abs(value(f, models.RhythmNow)-value(f, models.RhythmOwn)), 1, 1, 1.5)
		}
		var e models.EvidenceSet
		Evaluate(f, &e)
		for g, w := range want {
			if got := e[g].Lambda; !(math.Abs(got-w) <= 1e-6) || e[g].Confidence != 1 {
				t.Fatalf("%s: %.9g, the model says %.9g\n%+v", g, got, w, f)
			}
			if w > 0 {
				spoken[g]++
			}
		}
		for _, g := range []models.Group{models.Path, models.Rhythm} {
			if _, ok := want[g]; !ok && (e[g].Lambda != 0 || e[g].State != models.Learning || e[g].Confidence != 0) {
				t.Fatalf("%s says %+v of too few samples", g, e[g])
			}
		}
	}
	for _, g := range []models.Group{models.Rate, models.Enumeration, models.Scrape, models.SlowScrape, models.Path, models.Rhythm} {
		if spoken[g] < 300 {
			t.Errorf("%s spoke %d times: the test says little", g, spoken[g])
		}
	}
}

// Lambdas of looks are multiples of 2^-9, and a session returns them bit for bit,
// also at half confidence.
func TestLooksAreOnTheGridOfSessions(t *testing.T) {
	r := rand.New(rand.NewPCG(63, 64))
	for range 5000 {
		f := randomLook(r)
		f.Flags |= models.SecondModel
		if r.IntN(3) == 0 {
			f.Flags |= models.NetUnavailable
		}
		var e models.EvidenceSet
		Evaluate(f, &e)
		for _, g := range []models.Group{models.Network, models.Infrastructure, models.Device, models.Token, models.Time, models.Travel} {
			if l := e[g].Lambda * e[g].Confidence * 1024; l != math.Trunc(l) || math.Abs(l) > 32767 {
				t.Fatalf("%s: %v at confidence %v", g, e[g].Lambda, e[g].Confidence)
			}
		}
	}
}

// Rhythm is for people whom the gateway knows.
func TestRhythmIsSilentForMachines(t *testing.T) {
	f := randomLook(rand.New(rand.NewPCG(65, 66)))
	f.Set(models.RhythmNow, -2)
	f.Set(models.RhythmOwn, 1)
	f.Set(models.StepCounts, models.PackCounts(9, 99, 99))
	for flag, want := range map[models.Flag]float64{0: 1.5, models.IsMachine: 0, models.IsAnonymous: 0, models.BaselineMissing: 0} {
		f.Flags = f.Flags&^(models.IsMachine|models.IsAnonymous|models.BaselineMissing) | models.SecondModel | flag
		var e models.EvidenceSet
		Evaluate(f, &e)
		if e[models.Rhythm].Lambda != want {
			t.Errorf("flags %b: rhythm says %g, want %g", flag, e[models.Rhythm].Lambda, want)
		}
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
