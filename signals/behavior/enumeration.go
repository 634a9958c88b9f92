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
	lambda := float64(baseline.Hinge(o.sigma(distinct, peersOf(f).objects), 3, 0.7, 3) * unusual(f, distinct))
	manner := baseline.Hinge(run, runStart, 0.3, 2)
	if n >= freshRequests && distinct > float64(freshShare*n) {
		manner++
	}
	lambda += float64(manner * unusual(f, distinct))
	lambda += baseline.Hinge(refusedSigma(refused, n, usualRefusals(f, samples)), 3, 0.7, 2)
	e := baseline.Say(min(enumerationCap, lambda))
	var facts baseline.Facts
	facts.Add(true, models.FactObjects, distinct)
	facts.Add(run > runStart, models.FactRun, run)
	facts.Add(refused > baseline.RefusedUsual, models.FactFailShare, refused)
	e.Facts = facts.List()
	return e
}

// knownHours and knownDays are how many with objects show what is usual for a
// caller.
const (
	knownHours = 3
	knownDays  = 3
)

// usualObjects returns ln(1+objects) of the caller's usual busy hour, and whether
// that is known: the mean of the hours, or what a usual day holds beyond 24 of them.
// An export that reads everything once every night is lost in the mean of the hours.
func usualObjects(f *models.Features) (usual float64, known bool) {
	hours, days, _ := f.Counts(models.ObjectCounts)
	if !f.Has(models.SecondModel) || hours < knownHours {
		return 0, false
	}
	usual = f.Get(models.ObjectsMean)
	if days < knownDays {
		return usual, true
	}
	burst := models.Exp(min(32, f.Get(models.DayMean))) - float64(24*models.Exp(min(32, usual)))
	return max(usual, models.Ln(1+max(0, burst))), true
}

// unusual is how far, from 0 to 1, the number of objects goes beyond what the caller
// asks for in his usual busy hour: fully at e times as many.
func unusual(f *models.Features, distinct float64) float64 {
	usual, known := usualObjects(f)
	if !known {
		return 1
	}
	return min(1, max(0, models.Ln(1+distinct)-usual))
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
