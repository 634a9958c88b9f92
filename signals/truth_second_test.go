package signals

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// zOf is (x - mu)/sqrt(v + 0.04) with the prior of the peers of strength 10.
func zOf(x, n, mean, variance, peer, peerVariance float64) float64 {
	m := (n*mean + 10*peer) / (n + 10)
	v := (n*variance + 10*peerVariance) / (n + 10)
	return (x - m) / math.Sqrt(v+0.04)
}

func truthSecondEnumeration(f *models.Features, hours float64) float64 {
	d, n := value(f, models.ObjectsDistinct), value(f, models.ObjectsRequests)
	l := truthHinge(zOf(math.Log(1+d), hours, value(f, models.ObjectsMean), value(f, models.ObjectsVar), 3, 1), 3, 0.7, 3)
	l += clip(0.3*(value(f, models.ObjectsRun)-5), 0, 2)
	if d/n > 0.9 && n >= 30 {
		l++
	}
	if _, days, _ := f.Counts(models.ObjectCounts); hours >= 3 {
		usual := value(f, models.ObjectsMean)
		if beyond := math.Exp(value(f, models.DayMean)) - 24*math.Exp(usual); days >= 3 && beyond > 0 {
			usual = math.Max(usual, math.Log(1+beyond))
		}
		l *= clip(math.Log(1+d)-usual, 0, 1)
	}
	m := (hours*value(f, models.RefusedMean) + 10*0.05) / (hours + 10)
	v := (hours*value(f, models.RefusedVar) + 10*0.0025) / (hours + 10)
	z := (value(f, models.ObjectsRefused) - m) / math.Sqrt(m*(1-m)/n+v)
	return math.Min(6, l+truthHinge(z, 3, 0.7, 2))
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
		f.Set(models.RefusedMean, r.Float64()/2)
		f.Set(models.RefusedVar, r.Float64()/20)
		objects, days, paths := uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.IntN(12))
		gaps, hours := uint8(r.IntN(80)), uint8(r.IntN(12))
		f.Set(models.ObjectCounts, models.PackCounts(objects, days, 0))
		f.Set(models.StepCounts, models.PackCounts(paths, gaps, hours))
		peer := struct{ bytes, daily float64 }{16.8, 4.1}
		want := map[models.Group]float64{
			models.Enumeration: truthSecondEnumeration(f, float64(objects)),
			models.Scrape:      one(value(f, models.BytesHour) >= 1e6) * truthHinge(zOf(math.Log(1+value(f, models.BytesHour)), value(f, models.RateSamples), value(f, models.BytesMean), value(f, models.BytesVar), peer.bytes, 1), 3, 0.7, 4),
			models.SlowScrape:  truthHinge(zOf(math.Log(1+value(f, models.DayObjects)), float64(days), value(f, models.DayMean), value(f, models.DayVar), peer.daily, 0.3), 3, 0.7, 4),
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
	for _, g := range []models.Group{models.Enumeration, models.Scrape, models.SlowScrape, models.Path, models.Rhythm} {
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
