// Package timing compares the hour of a request, and the rhythm of requests, with
// what is usual for the subject.
package timing

import (
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

const (
	attackerShare = 0.5 // of attackers keep the hours of the world, the others any
	priorLooks    = 6.0 // that the world's hours count in the subject's table
	leastLooks    = 20.0
	lowest        = -0.7
	highest       = 3.0
)

// Evaluate computes the evidence of this family: Time, which speaks from 20 looks
// on, and Rhythm.
func Evaluate(f *models.Features, out *models.EvidenceSet) {
	out[models.Rhythm] = models.Evidence{}
	if f.Has(models.SecondModel) {
		out[models.Rhythm] = rhythm(f)
	}
	switch {
	case !f.Has(models.IsLook):
		out[models.Time] = baseline.Held(f, models.HeldTime)
	case f.Has(models.BaselineMissing):
		out[models.Time] = baseline.Silent(models.Unavailable)
	case f.Get(models.TimeTotal) < leastLooks:
		out[models.Time] = baseline.Silent(models.Learning)
	default:
		out[models.Time] = hour(f)
	}
}

// hour compares the hour of the day, UTC, with the caller's own: where p is its share
// in the caller's table, smoothed by (1/4, 1/2, 1/4) and as if six looks had come at
// everybody's hours g, ln((0.5*g + 0.5/24)/p) nats, cut to -0.7..3: half of the attackers
// keep the world's hours, the others any. Riskgate's own.
func hour(f *models.Features) models.Evidence {
	world := f.Get(models.TimeGlobal)
	own := (f.Get(models.TimeOwn) + float64(priorLooks*world)) / (f.Get(models.TimeTotal) + priorLooks)
	attacker := float64(attackerShare*world) + (1-attackerShare)/24
	lambda := highest
	if own > 0 {
		lambda = min(highest, max(lowest, models.Ln(attacker/own)))
	}
	e := baseline.SayLook(f, lambda)
	var facts baseline.Facts
	facts.Add(true, models.FactHour, f.Get(models.TimeHour))
	facts.Add(true, models.FactHourShare, own)
	e.Facts = facts.List()
	return e
}
