package behavior

import (
	"math"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

// leastBytes is how many bytes an hour nobody need mind, however few are usual.
const leastBytes = 1e6

// scrape compares the response bytes per hour y (half-life an hour) with the caller's
// busiest moments: hinge(z; 3, 0.7, 4), 0 to 4 nats, z = (ln(1+y) - mu)/sqrt(v + 0.04),
// from a megabyte an hour on. Riskgate's own; the peers of newcomers are those of ADR 13.
func scrape(f *models.Features) models.Evidence {
	n := f.Get(models.RateSamples)
	o := own{f.Get(models.BytesMean), f.Get(models.BytesVar), n}
	y := f.Get(models.BytesHour)
	if y < leastBytes {
		return learning(baseline.Say(0), n)
	}
	z := o.sigma(y, peersOf(f).bytes)
	e := learning(baseline.Say(baseline.Hinge(z, 3, 0.7, 4)), n)
	e.Facts = amountFacts(models.FactBytesPerHour, y, z)
	return e
}

// slowScrape compares the distinct objects of the day with those of the caller's
// earlier days: hinge(z; 3, 1.4, 4), 0 to 4 nats, z of ln(1+objects) as for scrape, where
// the peers' day counts as three of the caller's. It sees who asks so slowly that no
// hour looks unusual. Riskgate's own, measured in ADR 17; objects are counted by
// baseline.Daily.
func slowScrape(f *models.Features) models.Evidence {
	_, days, _ := f.Counts(models.ObjectCounts)
	y := f.Get(models.DayObjects)
	if y == 0 {
		return baseline.Say(0)
	}
	o := own{f.Get(models.DayMean), f.Get(models.DayVar), days}
	mean, variance := o.blended(peersOf(f).daily, baseline.DayVariance, baseline.DayStrength)
	z := distance(y, mean, variance)
	e := learning(baseline.Say(baseline.Hinge(z, 3, 1.4, 4)), days)
	e.Facts = amountFacts(models.FactObjectsToday, y, z)
	return e
}

// learning is the state of evidence that leans on few samples of the caller's own
// and says nothing.
func learning(e models.Evidence, samples float64) models.Evidence {
	if e.State == models.Clean && samples < leastSamples {
		e.State = models.Learning
	}
	return e
}

// amountFacts are shown from where the amount is unusual at all.
func amountFacts(code models.FactCode, y, z float64) [models.MaxFacts]models.Fact {
	var facts baseline.Facts
	facts.Add(z > 2, code, y)
	facts.Add(z > 2, models.FactSigma, z)
	return facts.List()
}

// What is assumed of the surprise of callers, in nats.
const (
	pathMean     = 2.5
	pathVariance = 0.5
)

// path compares how surprising the caller's order of endpoints is, lately, with
// how it is usually: hinge(z; 3, 0.6, 3), 0 to 3 nats, z = (y - mu)/sqrt(v + 0.04), where
// y moves by a tenth with each request towards -ln p(endpoint given the one before), a
// logarithm already. It is silent until five hours were learned. A Markov chain with
// back-off; what teaches it is measured in ADR 12, the rest is riskgate's own.
func path(f *models.Features) models.Evidence {
	hours, _, _ := f.Counts(models.StepCounts)
	if hours < leastSamples {
		return baseline.Silent(models.Learning)
	}
	mean, variance := own{f.Get(models.PathMean), f.Get(models.PathVar), hours}.blended(pathMean, pathVariance, baseline.PriorStrength)
	y := f.Get(models.PathNats)
	z := (y - mean) / math.Sqrt(variance+baseline.NoiseVariance)
	e := baseline.Say(baseline.Hinge(z, 3, 0.6, 3))
	e.Facts = amountFacts(models.FactSurprise, y, z)
	return e
}
