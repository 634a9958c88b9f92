package baseline

import "github.com/riskgate/riskgate/models"

// HitNats is the evidence from which a group counts as a hit.
const HitNats = 0.5

// Say returns evidence of full confidence, Hit from HitNats on. What is no finite
// number, because a feature was out of its range, does not count.
func Say(lambda float64) models.Evidence {
	if lambda-lambda != 0 {
		return Silent(models.Unavailable)
	}
	e := models.Evidence{Lambda: lambda, Confidence: 1}
	if lambda >= HitNats {
		e.State = models.Hit
	}
	return e
}

// SayLook is Say for the groups that are evaluated at looks: lambda is rounded
// to what a session record holds, so that it can be reused bit for bit. Records
// of the first model held a float32.
func SayLook(f *models.Features, lambda float64) models.Evidence {
	if !f.Has(models.SecondModel) {
		return Say(float64(float32(lambda)))
	}
	return Say(lambda + 0x1.8p43 - 0x1.8p43) // to a multiple of 2^-9
}

// Silent returns evidence that does not count, with the reason as its state.
func Silent(why models.State) models.Evidence { return models.Evidence{State: why} }

// Held returns the evidence of the last look of the session, from its feature.
func Held(f *models.Features, i models.Feature) models.Evidence {
	e := Say(f.Get(i))
	if f.Has(models.BaselineMissing) {
		e.State = models.Unavailable
	}
	return e
}

// Facts collects up to models.MaxFacts facts of one group; more are dropped.
type Facts struct {
	list [models.MaxFacts]models.Fact
	n    int
}

// Add notes a fact if it holds and is a finite number.
func (f *Facts) Add(holds bool, code models.FactCode, value float64) {
	if holds && f.n < len(f.list) && value-value == 0 {
		f.list[f.n] = models.Fact{Code: code, Value: float32(value)}
		f.n++
	}
}

// List returns the facts, the first noted first.
func (f *Facts) List() [models.MaxFacts]models.Fact { return f.list }

// Hinge is s*(z-start), within [0, limit].
func Hinge(z, start, slope, limit float64) float64 {
	return min(limit, max(0, float64(slope*(z-start))))
}
