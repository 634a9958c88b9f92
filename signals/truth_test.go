package signals

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// The formulas of the model, written down a second time from its text: slowly,
// with the math package, and without regard for the other copy.

type group struct {
	n, q, nu, h [3]float64
	total       float64
	pi          [4]float64
	odds        float64
	tau         [3]float64 // of level 1, 2 and 3
}

// likelihood is min(ln(A/L), 8) with n_u = 0 at the levels in strange.
func (g group) likelihood(odds float64, strange map[int]bool) float64 {
	const alpha = 0.5
	a := [4]float64{3: odds}
	nu := [3]float64{}
	for l := range 3 {
		n := g.n[l]
		if strange[l+1] {
			n = 0
		}
		a[l] = ((n + alpha*g.q[l]) / (g.total + alpha)) / g.q[l]
		nu[l] = math.Sqrt(g.nu[l] * g.h[l])
	}
	attacker := g.pi[0]*a[0] + g.pi[1]*a[1] + g.pi[2]*a[2] + g.pi[3]*a[3]
	user := (1-nu[0])*a[0] + nu[0]*(1-nu[1])*a[1] + nu[0]*nu[1]*(1-nu[2])*a[2] + nu[0]*nu[1]*nu[2]
	return math.Min(math.Log(attacker/user), 8)
}

// lambda is the trust ramp of rule R.
func (g group) lambda(odds float64) float64 {
	all := g.likelihood(odds, nil)
	two := math.Max(all, g.likelihood(odds, map[int]bool{1: true, 2: true}))
	both := math.Max(all, g.likelihood(odds, map[int]bool{1: true, 2: true, 3: true}))
	t2, t3 := math.Min(g.tau[1], g.tau[2]), g.tau[2]
	return (1-t3)*both + (t3-t2)*two + t2*all
}

func three(f *models.Features, first models.Feature) (v [3]float64) {
	for i := range v {
		v[i] = float64(f.Values[int(first)+i])
	}
	return v
}

func value(f *models.Features, i models.Feature) float64 { return float64(f.Values[i]) }

func networkGroup(f *models.Features) group {
	return group{
		n: three(f, models.NetWeight1), q: three(f, models.NetShare1), nu: three(f, models.NetNovelty1), h: three(f, models.NetHazard1),
		total: value(f, models.NetTotal), pi: [4]float64{0.02, 0.13, 0.30, 0.55}, odds: value(f, models.NetOdds),
		tau: [3]float64{0, value(f, models.NetTrust2), value(f, models.NetTrust3)},
	}
}

func deviceGroup(f *models.Features) group {
	g := group{
		n: three(f, models.DevWeight1), q: three(f, models.DevShare1), nu: three(f, models.DevNovelty1), h: three(f, models.DevHazard1),
		total: value(f, models.DevTotal), pi: [4]float64{0.25, 0.25, 0.20, 0.30}, odds: value(f, models.DevOdds),
		tau: [3]float64{0, value(f, models.DevTrust2), value(f, models.DevTrust3)},
	}
	if f.Flags&models.DeviceTokenIssued == 0 {
		g.tau = [3]float64{1, 1, 1}
	}
	return g
}

func clip(x, low, high float64) float64 { return math.Max(low, math.Min(high, x)) }

func truthToken(f *models.Features) float64 {
	nu := (value(f, models.TokenMissed) + 4*0.15) / (value(f, models.TokenLooks) + 4)
	absent, valid := math.Log(0.95/nu), math.Log(0.05/(1-nu))
	tau := value(f, models.TokenTrust)
	switch value(f, models.TokenStatus) {
	case models.TokenForged:
		return 6
	case models.TokenForeign:
		return 4
	case models.TokenValid:
		return (1-tau)*absent + tau*valid
	}
	return absent * math.Min(1, value(f, models.TokenLooks)/2) // while the habit is young
}

func truthTime(f *models.Features) float64 {
	g := value(f, models.TimeGlobal)
	p := (value(f, models.TimeOwn) + 6*g) / (value(f, models.TimeTotal) + 6)
	return clip(math.Log((0.5*g+0.5/24)/p), -0.7, 3)
}

func truthTravel(f *models.Features) float64 {
	d := math.Max(0, value(f, models.TravelDistance)-value(f, models.TravelRadii)-50)
	if d < 100 {
		return 0
	}
	v := d / (math.Max(value(f, models.TravelElapsed), 60) / 3600)
	l := 4 * clip((v-500)/1500, 0, 1)
	if value(f, models.TravelSoftened) == 1 {
		l *= 0.25
	}
	return l
}

func truthZ(f *models.Features, y, mean, variance models.Feature, peer float64) float64 {
	n := value(f, models.RateSamples)
	m := (n*value(f, mean) + 10*peer) / (n + 10)
	v := (n*value(f, variance) + 10*1) / (n + 10)
	return (math.Log(1+value(f, y)) - m) / math.Sqrt(v+0.04)
}

func truthHinge(z, z0, s, c float64) float64 { return clip(s*(z-z0), 0, c) }

func truthRate(f *models.Features) float64 {
	minute := math.Max(truthZ(f, models.RateMinute, models.RateMinuteMean, models.RateMinuteVar, 3),
		truthZ(f, models.RateMinute, models.RateMinuteAnchor, models.RateMinuteVar, 3))
	hour := math.Max(truthZ(f, models.RateHour, models.RateHourMean, models.RateHourVar, 5.3),
		truthZ(f, models.RateHour, models.RateHourAnchor, models.RateHourVar, 5.3))
	return math.Max(truthHinge(minute, 3, 0.7, 4), truthHinge(hour, 3, 0.7, 4))
}

func truthEnumeration(f *models.Features) float64 {
	d, n := value(f, models.ObjectsDistinct), value(f, models.ObjectsRequests)
	l := truthHinge(truthZ(f, models.ObjectsDistinct, models.ObjectsMean, models.ObjectsVar, 3), 3, 0.7, 3)
	manner := clip(0.3*(value(f, models.ObjectsRun)-5), 0, 2)
	if d/n > 0.9 && n >= 30 {
		manner++
	}
	l += manner
	share := (value(f, models.ObjectsRefused) - 0.05) / math.Sqrt(0.05*0.95/n+0.0025)
	return math.Min(6, l+truthHinge(share, 3, 0.7, 2))
}

// randomLook is a look of a person with a history, on a located network.
func randomLook(r *rand.Rand) *models.Features {
	f := &models.Features{Flags: models.IsLook | models.HasAgent | models.AboveTLS | models.DeviceTokenIssued | models.IsEstablished}
	if r.IntN(4) == 0 {
		f.Flags &^= models.DeviceTokenIssued
	}
	fill := func(weight, total, share, novelty, hazard, odds, trust models.Feature) {
		w := 40 * r.Float64()
		all := w + 10*r.Float64()
		f.Set(total, all)
		for l := 2; l >= 0; l-- {
			f.Set(weight+models.Feature(l), w)
			f.Set(share+models.Feature(l), math.Exp(-10*r.Float64()))
			f.Set(novelty+models.Feature(l), 0.01+0.9*r.Float64())
			f.Set(hazard+models.Feature(l), 0.01+0.9*r.Float64())
			if w *= r.Float64(); r.IntN(3) == 0 {
				w = 0
			}
		}
		f.Set(odds, math.Exp(5.5*r.Float64()-1.5))
		for l := range 2 {
			t := []float64{0, 1, r.Float64()}[r.IntN(3)]
			f.Set(trust+models.Feature(l), t)
		}
	}
	fill(models.NetWeight1, models.NetTotal, models.NetShare1, models.NetNovelty1, models.NetHazard1, models.NetOdds, models.NetTrust2)
	fill(models.DevWeight1, models.DevTotal, models.DevShare1, models.DevNovelty1, models.DevHazard1, models.DevOdds, models.DevTrust2)
	between := func(i models.Feature, low, high float64) { f.Set(i, low+(high-low)*r.Float64()) }
	f.Set(models.TokenStatus, float64(r.IntN(4)))
	between(models.TokenLooks, 0, 60)
	f.Set(models.TokenMissed, r.Float64()*f.Get(models.TokenLooks))
	between(models.TokenTrust, 0, 1)
	between(models.TimeTotal, 20, 200)
	f.Set(models.TimeOwn, r.Float64()*f.Get(models.TimeTotal)/2)
	between(models.TimeGlobal, 0.001, 0.1)
	between(models.TravelDistance, 0, 20000)
	between(models.TravelRadii, 0, 300)
	between(models.TravelElapsed, 0, 100000)
	f.Set(models.TravelSoftened, float64(r.IntN(2)))
	for _, i := range []models.Feature{models.RateMinute, models.RateHour, models.ObjectsDistinct} {
		f.Set(i, math.Exp(9*r.Float64()))
	}
	for _, i := range []models.Feature{models.RateMinuteMean, models.RateHourMean, models.RateMinuteAnchor, models.RateHourAnchor, models.ObjectsMean} {
		between(i, 0, 6)
	}
	for _, i := range []models.Feature{models.RateMinuteVar, models.RateHourVar, models.ObjectsVar} {
		between(i, 0, 2)
	}
	f.Set(models.RateSamples, float64(r.IntN(100)))
	f.Set(models.ObjectsRequests, 1+f.Get(models.ObjectsDistinct)*(1+r.Float64()/4))
	f.Set(models.ObjectsRun, float64(r.IntN(20)))
	between(models.ObjectsRefused, 0, 1)
	between(models.FailedLogins, 0, 200)
	between(models.IdleDays, 0, 60)
	f.Set(models.FaultCount, float64(r.IntN(6)))
	f.Set(models.SessionKind, float64(r.IntN(models.NumSessionKinds)))
	return f
}

func TestEvaluateIsTheModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	near := func(name string, f *models.Features, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) <= 1e-6) {
			t.Fatalf("%s: %.9g, the model says %.9g\n%+v", name, got, want, f)
		}
	}
	session := []float64{0, 0.3, 1.5, 3, 4, 5, 5, 6}
	for range 20000 {
		f := randomLook(r)
		var e models.EvidenceSet
		Evaluate(f, &e)
		net, dev := networkGroup(f), deviceGroup(f)
		near("network", f, e[models.Network].Lambda, net.lambda(1))
		near("device", f, e[models.Device].Lambda, dev.lambda(1))
		near("network, device and infrastructure", f,
			e[models.Network].Lambda+e[models.Device].Lambda+e[models.Infrastructure].Lambda,
			net.lambda(net.odds)+dev.lambda(dev.odds))
		if f.Has(models.DeviceTokenIssued) {
			near("token", f, e[models.Token].Lambda, truthToken(f))
		}
		near("time", f, e[models.Time].Lambda, truthTime(f))
		near("travel", f, e[models.Travel].Lambda, truthTravel(f))
		near("rate", f, e[models.Rate].Lambda, truthRate(f))
		near("enumeration", f, e[models.Enumeration].Lambda, truthEnumeration(f))
		near("failures", f, e[models.Failures].Lambda, math.Min(2.5, 0.5*math.Log(1+value(f, models.FailedLogins))))
		near("payload", f, e[models.Payload].Lambda, math.Min(3, value(f, models.FaultCount)))
		near("session", f, e[models.Session].Lambda, session[int(value(f, models.SessionKind))])
	}
}

// Without a history a subject is judged on reputation only: ln(0.45+0.55R).
func TestColdStart(t *testing.T) {
	for _, odds := range []float64{math.Exp(-1.5), 0.5, 1, 3, math.Exp(4)} {
		f := &models.Features{Flags: models.IsLook | models.HasAgent}
		f.Set(models.NetOdds, odds)
		f.Set(models.DevOdds, 1)
		var e models.EvidenceSet
		Evaluate(f, &e)
		want := math.Log(0.45 + 0.55*f.Get(models.NetOdds))
		if got := e[models.Infrastructure].Lambda; math.Abs(got-want) > 1e-6 {
			t.Errorf("R = %g: infrastructure %g, want %g", odds, got, want)
		}
		for _, g := range []models.Group{models.Network, models.Device, models.Token, models.Time} {
			if e[g].Lambda != 0 || e[g].State == models.Hit {
				t.Errorf("R = %g: %s says %g (%s) of a newcomer", odds, g, e[g].Lambda, e[g].State)
			}
		}
	}
}

// Raising the odds of a source never lowers what is said.
func TestReputationNeverLowers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		f := randomLook(r)
		var before, after models.EvidenceSet
		Evaluate(f, &before)
		which := []models.Feature{models.NetOdds, models.DevOdds}[r.IntN(2)]
		f.Set(which, f.Get(which)*(1+3*r.Float64()))
		Evaluate(f, &after)
		if after[models.Infrastructure].Lambda < before[models.Infrastructure].Lambda-1e-7 {
			t.Fatalf("infrastructure fell from %g to %g", before[models.Infrastructure].Lambda, after[models.Infrastructure].Lambda)
		}
		if after[models.Network] != before[models.Network] || after[models.Device] != before[models.Device] {
			t.Fatal("network or device changed with the reputation")
		}
	}
}

// The lambdas of a look are what a session record can hold, and come back bit
// for bit.
func TestHeldIsBitForBit(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	groups := []models.Group{models.Network, models.Infrastructure, models.Device, models.Token, models.Time, models.Travel}
	for range 2000 {
		f := randomLook(r)
		var look, later models.EvidenceSet
		Evaluate(f, &look)
		for i, g := range groups {
			f.Values[int(models.HeldNetwork)+i] = float32(look[g].Lambda * look[g].Confidence)
		}
		f.Flags &^= models.IsLook
		Evaluate(f, &later)
		for _, g := range groups {
			if look[g].Lambda*look[g].Confidence != later[g].Lambda*later[g].Confidence {
				t.Fatalf("%s: %v at the look, %v after it", g, look[g].Lambda, later[g].Lambda)
			}
		}
	}
}

// Nor do features out of their range make evidence of nothing.
func TestEvaluateOutOfRange(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 20000 {
		f := randomLook(r)
		for range 1 + r.IntN(20) {
			f.Values[r.IntN(len(f.Values))] = float32(math.Exp(80*r.Float64()) * float64(r.IntN(3)-1))
		}
		f.Flags ^= models.Flag(r.Uint32() & r.Uint32() & 0xffffff)
		var e models.EvidenceSet
		Evaluate(f, &e)
		for g := range e {
			if math.IsNaN(e[g].Lambda) || math.IsInf(e[g].Lambda, 0) || math.IsNaN(e[g].Confidence) {
				t.Fatalf("%s: lambda %v, confidence %v", models.Group(g), e[g].Lambda, e[g].Confidence)
			}
			for _, fact := range e[g].Facts {
				if v := float64(fact.Value); math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%s: fact %s is %v", models.Group(g), fact.Code, v)
				}
			}
		}
	}
}

// Evaluate reads features that passed through an event to the same bits, and
// never gives a number that is not one, whatever the features.
func FuzzEvaluate(f *testing.F) {
	seed := randomLook(rand.New(rand.NewPCG(7, 8)))
	f.Add(seed.AppendBinary(nil))
	f.Add((&models.Features{}).AppendBinary(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var in, again models.Features
		if in.UnmarshalBinary(b) != nil {
			return
		}
		var e, second models.EvidenceSet
		Evaluate(&in, &e)
		if err := again.UnmarshalBinary(in.AppendBinary(nil)); err != nil {
			t.Fatal(err)
		}
		Evaluate(&again, &second)
		for g := range e {
			if math.IsNaN(e[g].Lambda) || math.IsInf(e[g].Lambda, 0) || !(e[g].Confidence >= 0 && e[g].Confidence <= 1) {
				t.Fatalf("%s: lambda %v, confidence %v", models.Group(g), e[g].Lambda, e[g].Confidence)
			}
			if math.Float64bits(e[g].Lambda) != math.Float64bits(second[g].Lambda) {
				t.Fatalf("%s: %v, then %v", models.Group(g), e[g].Lambda, second[g].Lambda)
			}
		}
	})
}
