package behavior

import (
	"math"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

const (
	enumerationCap = 6.0

	freshShare    = 0.9 // of requests for an object not asked for before
	freshRequests = 15
)

// enumeration is evidence of broken object level authorization being tried (OWASP
// API1:2023): min(6, amount + sequence + refusals), 0 to 6 nats, of the objects of the
// hour: how many distinct ones, hardly one twice, in a row, and refused. They are
// counted by linear counting (Whang et al., ACM TODS 1990) in 256 bits. The formulas
// are riskgate's own and measured in ADR 17.
func enumeration(f *models.Features) models.Evidence {
	distinct, n := f.Get(models.ObjectsDistinct), f.Get(models.ObjectsRequests)
	run, refused := f.Get(models.ObjectsRun), f.Get(models.ObjectsRefused)
	if n == 0 {
		return baseline.Say(0)
	}
	var lambda float64
	if f.Has(models.SecondModel) {
		lambda = amount(f, distinct, n) + sequence(f, run) + refusals(f, refused, distinct)
	} else {
		lambda = first(f, distinct, n, run, refused)
	}
	e := baseline.Say(min(enumerationCap, lambda))
	var facts baseline.Facts
	facts.Add(true, models.FactObjects, distinct)
	facts.Add(run > baseline.RunStart, models.FactRun, run)
	usual := 0.05 // as the first model had it
	if f.Has(models.SecondModel) {
		usual = baseline.RefusedUsual
	}
	facts.Add(refused > usual, models.FactFailShare, refused)
	e.Facts = facts.List()
	return e
}

// first is what events of the first model were judged by.
func first(f *models.Features, distinct, n, run, refused float64) float64 {
	o := own{f.Get(models.ObjectsMean), f.Get(models.ObjectsVar), f.Get(models.RateSamples)}
	lambda := baseline.Hinge(o.sigma(distinct, peersOf(f).objects), 3, 0.7, 3)
	lambda += baseline.Hinge(run, baseline.RunStart, 0.3, 2)
	if n >= 30 && distinct > float64(freshShare*n) {
		lambda++
	}
	const usual, variance = 0.05, 0.0025 // share of 403 and 404
	z := (refused - usual) / math.Sqrt(usual*(1-usual)/n+variance)
	return lambda + baseline.Hinge(z, 3, 0.7, 2)
}

// amount is u*(hinge(z; 3, 0.7, 3) + 1 if hardly one is asked for twice), 0 to 4 nats,
// with z of ln(1+distinct objects) as for rate, and u from 0 to 1 as unusual as so many
// are (ADR 16).
func amount(f *models.Features, distinct, n float64) float64 {
	hours, _, _ := f.Counts(models.ObjectCounts)
	o := own{f.Get(models.ObjectsMean), f.Get(models.ObjectsVar), hours}
	lambda := baseline.Hinge(o.sigma(distinct, peersOf(f).objects), 3, 0.7, 3)
	if n >= freshRequests && distinct > float64(freshShare*n) {
		lambda++
	}
	if lambda == 0 {
		return 0
	}
	return float64(lambda * unusual(f, distinct))
}

const (
	runNats = 0.3 // for each id of a row beyond baseline.RunStart
	runCap  = 4.0
)

// sequence is hinge(run; 5, 0.3, 4), 0 to 4 nats, as far as so long a row is unusual:
// fully at e times the longest that is usual.
func sequence(f *models.Features, run float64) float64 {
	lambda := baseline.Hinge(run, baseline.RunStart, runNats, runCap)
	if lambda == 0 {
		return 0
	}
	usual := max(f.Get(models.ObjectsRunTop), models.Ln(1+baseline.RunStart))
	return float64(lambda * clip(models.Ln(1+run)-usual))
}

func clip(x float64) float64 { return min(1, max(0, x)) }

// knownHours and knownDays are how many with objects show what is usual for a
// caller.
const (
	knownHours = 3
	knownDays  = 3
)

// usualBurst returns what a usual day holds beyond 24 of the caller's usual busy
// hours: an export that reads everything once every night is lost in the mean of
// the hours. 0 until it is known.
func usualBurst(f *models.Features) float64 {
	_, days, _ := f.Counts(models.ObjectCounts)
	if days < knownDays {
		return 0
	}
	busy := models.Exp(min(32, f.Get(models.ObjectsMean)))
	return max(0, models.Exp(min(32, f.Get(models.DayMean)))-float64(24*busy))
}

// usualBusy returns how many objects the caller asks for in his usual busy hour, 0
// until it is known.
func usualBusy(f *models.Features) float64 {
	hours, _, _ := f.Counts(models.ObjectCounts)
	if !f.Has(models.SecondModel) || hours < knownHours {
		return 0
	}
	return max(models.Exp(min(32, f.Get(models.ObjectsMean)))-1, usualBurst(f))
}

// unusual is how far, from 0 to 1, the number of objects goes beyond that: fully at
// e times as many.
func unusual(f *models.Features, distinct float64) float64 {
	hours, _, _ := f.Counts(models.ObjectCounts)
	if hours < knownHours {
		return 1
	}
	return clip(models.Ln(1+distinct) - models.Ln(1+usualBusy(f)))
}
