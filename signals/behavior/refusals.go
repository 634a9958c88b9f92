package behavior

import (
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

const (
	leastRefused = 4   // fewer are an accident
	refusedPrior = 1.0 // nats that refusals must say before they count
	refusedCap   = 5.0

	// The share of refusals varies from hour to hour like a beta distribution with
	// so many requests behind it.
	leastConcentration = 15.0
	mostConcentration  = 200.0
)

// refusals weighs k of n distinct objects that were refused: the ratio of the likelihood of
// k under any share from 0 to 1, and under the caller's usual one u, which varies
// like a beta distribution of mean u and concentration m. With B the beta function
//
//	ln( B(k+1, n-k+1) / B(1, 1) ) - ln( B(k+um, n-k+(1-u)m) / B(um, (1-u)m) ) - 1
//
// cut to 0..5 nats: a Bayes factor of two beta-binomial models. Fewer refusals than
// usual, or than four, say nothing. Riskgate's own, measured in ADR 17.
func refusals(f *models.Features, share, distinct float64) float64 {
	n := roundHalfUp(max(1, distinct))
	k := roundHalfUp(float64(share * n))
	hours, _, _ := f.Counts(models.ObjectCounts)
	o := own{f.Get(models.RefusedMean), f.Get(models.RefusedVar), hours}
	u, variance := o.blended(baseline.RefusedUsual, baseline.ShareVariance, baseline.PriorStrength)
	if k < leastRefused || k <= float64(u*n) || k > n || !(u > 0) {
		return 0
	}
	m := leastConcentration
	if variance > 0 {
		m = min(max(float64(u*(1-u))/variance-1, leastConcentration), mostConcentration)
	}
	usual := lnBeta(k+float64(u*m), n-k+float64((1-u)*m)) - lnBeta(float64(u*m), float64((1-u)*m))
	return min(max(lnBeta(k+1, n-k+1)-usual-refusedPrior, 0), refusedCap)
}

func roundHalfUp(x float64) float64 { return float64(int64(x + 0.5)) }

func lnBeta(a, b float64) float64 { return lnGamma(a) + lnGamma(b) - lnGamma(a+b) }

// lnGamma is Stirling's series, exact to 1e-9 for x above 0, and to the bit the same
// on every processor.
func lnGamma(x float64) float64 {
	const halfLnTwoPi = 0.91893853320467274178
	shift := 1.0
	for ; x < 8; x++ {
		shift *= x
	}
	inverse := 1 / x
	square := float64(inverse * inverse)
	series := float64(inverse * (1.0/12 - float64(square*(1.0/360-float64(square*(1.0/1260-float64(square/1680)))))))
	return float64((x-0.5)*models.Ln(x)) - x + halfLnTwoPi + series - models.Ln(shift)
}
