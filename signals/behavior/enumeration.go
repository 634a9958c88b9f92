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

	refusedUsual    = 0.05 // share of 403 and 404
	refusedVariance = 0.0025
)

// enumeration judges how many distinct objects a caller asks for, whether hardly
// one twice, in sequence, and how many of them he may not see.
func enumeration(f *models.Features) models.Evidence {
	distinct, n := f.Get(models.ObjectsDistinct), f.Get(models.ObjectsRequests)
	run, refused := f.Get(models.ObjectsRun), f.Get(models.ObjectsRefused)
	if n == 0 {
		return baseline.Say(0)
	}
	o := own{f.Get(models.ObjectsMean), f.Get(models.ObjectsVar), f.Get(models.RateSamples)}
	z := o.sigma(distinct, peersOf(f).objects)
	lambda := baseline.Hinge(z, 3, 0.7, 3)
	if n >= freshRequests && distinct > float64(freshShare*n) {
		lambda++
	}
	lambda += baseline.Hinge(run, runStart, 0.3, 2)
	lambda += baseline.Hinge(refusedSigma(refused, n), 3, 0.7, 2)
	e := baseline.Say(min(enumerationCap, lambda))
	var facts baseline.Facts
	facts.Add(true, models.FactObjects, distinct)
	facts.Add(run > runStart, models.FactRun, run)
	facts.Add(refused > refusedUsual, models.FactFailShare, refused)
	e.Facts = facts.List()
	return e
}

// refusedSigma is how far the share of refused objects lies above the usual one:
// the spread of a share among n, and of callers among each other.
func refusedSigma(share, n float64) float64 {
	return (share - refusedUsual) / math.Sqrt(refusedUsual*(1-refusedUsual)/n+refusedVariance)
}
