package behavior

import (
	"math"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

const (
	enumerationCap = 6.0

	freshShare    = 0.9 // of requests for an object not asked for before
	freshRequests = 30

	runStart = 5 // ids in a row that mean nothing
)

// enumeration judges how many distinct objects a caller asks for, whether hardly
// one twice, in sequence, and how many of them he may not see.
func enumeration(f *models.Features) models.Evidence {
	distinct, n := f.Get(models.ObjectsDistinct), f.Get(models.ObjectsRequests)
	run, refused := f.Get(models.ObjectsRun), f.Get(models.ObjectsRefused)
	if n == 0 {
		return baseline.Say(0)
	}
	samples := f.Get(models.RateSamples) // of the first model
	if f.Has(models.SecondModel) {
		samples, _, _ = f.Counts(models.ObjectCounts)
	}
	o := own{f.Get(models.ObjectsMean), f.Get(models.ObjectsVar), samples}
	z := o.sigma(distinct, peersOf(f).objects)
	lambda := baseline.Hinge(z, 3, 0.7, 3)
	if n >= freshRequests && distinct > float64(freshShare*n) {
		lambda++
	}
	lambda += baseline.Hinge(run, runStart, 0.3, 2)
	lambda += baseline.Hinge(refusedSigma(refused, n, usualRefusals(f, samples)), 3, 0.7, 2)
	e := baseline.Say(min(enumerationCap, lambda))
	var facts baseline.Facts
	facts.Add(true, models.FactObjects, distinct)
	facts.Add(run > runStart, models.FactRun, run)
	facts.Add(refused > baseline.RefusedUsual, models.FactFailShare, refused)
	e.Facts = facts.List()
	return e
}

// usualRefusals returns the caller's usual share of 403 and 404, and its variance,
// blended with those of everybody. The first model knew everybody's only.
func usualRefusals(f *models.Features, samples float64) own {
	if !f.Has(models.SecondModel) {
		return own{mean: baseline.RefusedUsual, variance: baseline.ShareVariance}
	}
	mean, variance := own{f.Get(models.RefusedMean), f.Get(models.RefusedVar), samples}.blended(baseline.RefusedUsual, baseline.ShareVariance)
	return own{mean: min(1, max(0, mean)), variance: max(0, variance)}
}

// refusedSigma is how far the share of refused objects lies above the usual one:
// the spread of a share among n, and of hours among each other.
func refusedSigma(share, n float64, usual own) float64 {
	u := usual.mean
	return (share - u) / math.Sqrt(u*(1-u)/n+usual.variance)
}
