// Package behavior compares how much and what a caller asks for with its own
// past.
package behavior

import (
	"math"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

// Evaluate computes the evidence of this family: Rate, Enumeration, Scrape,
// SlowScrape, Path and RecentBehavior. RecentBehavior is all that earlier requests left behind; risk
// counts what exceeds the behavior of this one.
func Evaluate(f *models.Features, out *models.EvidenceSet) {
	out[models.Rate] = rate(f)
	out[models.Enumeration] = enumeration(f)
	out[models.RecentBehavior] = recent(f)
	out[models.Scrape], out[models.SlowScrape], out[models.Path] = models.Evidence{}, models.Evidence{}, models.Evidence{}
	if f.Has(models.SecondModel) {
		out[models.Scrape] = scrape(f)
		out[models.SlowScrape] = slowScrape(f)
		out[models.Path] = path(f)
	}
}

// recent is the actor risk E_u, 0 to 4 nats by default: the most that behavior and session
// said of earlier requests, halved every 15 minutes, E <- max(E*2^(-dt/15min), B). What
// exceeds the behavior of this request is shown and counted. Riskgate's own.
func recent(f *models.Features) models.Evidence {
	actor := f.Get(models.ActorNats)
	e := baseline.Say(actor)
	e.Facts[0] = models.Fact{Code: models.FactActor, Value: float32(actor)}
	if actor == 0 {
		e.Facts[0] = models.Fact{}
	}
	return e
}

// peers is what is assumed of a caller about whom nothing is known: the mean of
// ln(1+quantity) in the busiest part of an hour, and of the objects of a day.
type peers struct{ minute, hour, objects, bytes, daily float64 }

var (
	// 20/min, 200/h, 20 objects/h, 20 MB/h, 60 objects a day
	people = peers{minute: 3.0, hour: 5.3, objects: 3.0, bytes: 16.8, daily: 4.1}
	// 60/min, 1000/h, 100 objects/h, 100 MB/h, 1000 objects a day
	machines = peers{minute: 4.1, hour: 6.9, objects: 4.6, bytes: 18.4, daily: 6.9}
)

func peersOf(f *models.Features) peers {
	if f.Has(models.IsMachine) {
		return machines
	}
	return people
}

// own is an average of the subject with the samples behind it.
type own struct{ mean, variance, samples float64 }

// sigma returns how far ln(1+y) lies above the own average, blended with that of
// the peers, in standard deviations.
func (o own) sigma(y, peer float64) float64 {
	mean, variance := o.blended(peer, baseline.PriorVariance, baseline.PriorStrength)
	return distance(y, mean, variance)
}

// distance returns how far ln(1+y) lies above a mean, in standard deviations.
func distance(y, mean, variance float64) float64 {
	return (models.Ln(1+y) - mean) / math.Sqrt(variance+baseline.NoiseVariance)
}

// blended returns mean and variance with those of the peers, which count as so
// many samples.
func (o own) blended(peer, peerVariance, strength float64) (mean, variance float64) {
	k := o.samples + strength
	mean = (float64(o.samples*o.mean) + float64(strength*peer)) / k
	variance = (float64(o.samples*o.variance) + float64(strength*peerVariance)) / k
	return mean, variance
}

const leastSamples = 5 // hours before the own average is called history

// rate compares decayed requests per minute and per hour y (half-lives of a minute
// and an hour) with the caller's busiest moments, remembered for 30 and for 180 days:
// hinge(z; 3, 0.7, 4) nats, z = (ln(1+y) - mu)/sqrt(v + 0.04), of the larger, 0
// to 4. That is the log ratio of a flat density of attackers to a Laplace tail of the
// caller's own. Averages move by three standard deviations a sample at most. Riskgate's
// own; that a busy hour of usual days is usual is measured in ADR 17.
func rate(f *models.Features) models.Evidence {
	n := f.Get(models.RateSamples)
	z := rateSigma(f, 0)
	if z > rateStart { // most requests need no more
		z = rateSigma(f, usualBusy(f))
	}
	e := learning(baseline.Say(baseline.Hinge(z, rateStart, 0.7, 4)), n)
	var facts baseline.Facts
	facts.Add(true, models.FactPerMinute, f.Get(models.RateMinute))
	facts.Add(true, models.FactPerHour, f.Get(models.RateHour))
	facts.Add(true, models.FactSigma, z)
	e.Facts = facts.List()
	return e
}

const rateStart = 3 // standard deviations that mean nothing

// rateSigma returns the larger of both distances, where so many requests are usual
// in the busiest hour of usual days.
func rateSigma(f *models.Features, busiest float64) float64 {
	p := peersOf(f)
	minute := twoMemories(f, models.RateMinute, models.RateMinuteMean, models.RateMinuteAnchor, models.RateMinuteVar, p.minute, busiest/60)
	hour := twoMemories(f, models.RateHour, models.RateHourMean, models.RateHourAnchor, models.RateHourVar, p.hour, busiest)
	return max(minute, hour)
}

// twoMemories returns the larger of two distances: who raises his rate slowly is
// measured against what was usual half a year ago.
func twoMemories(f *models.Features, y, mean, anchor, variance models.Feature, peer, busiest float64) float64 {
	o := own{min(f.Get(mean), f.Get(anchor)), f.Get(variance), f.Get(models.RateSamples)}
	if busiest > 0 {
		o.mean = max(o.mean, models.Ln(1+busiest))
	}
	return o.sigma(f.Get(y), peer)
}
