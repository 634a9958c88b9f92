package timing

import (
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

const (
	rhythmHours = 5 // that must have been learned

	rhythmStart = 1.0
	rhythmSlope = 1.0
	rhythmCap   = 1.5
)

// rhythm compares how evenly the last requests of a person followed each other
// with how evenly they usually do: hinge(|ln sigma - ln own sigma|; 1, 1, 1.5), 0 to 1.5
// nats, sigma the spread of ln(1 + seconds between them). Only a change counts: regular
// by itself are honest programs too. It is silent for machines, and until 30 requests
// of this stretch and five hours of at least as many are known. Riskgate's own.
func rhythm(f *models.Features) models.Evidence {
	_, samples, hours := f.Counts(models.StepCounts)
	switch {
	case f.Flags&(models.IsMachine|models.IsAnonymous) != 0:
		return baseline.Silent(models.Unavailable)
	case f.Has(models.BaselineMissing):
		return baseline.Silent(models.Unavailable)
	case samples < baseline.RhythmSamples, hours < rhythmHours:
		return baseline.Silent(models.Learning)
	}
	d := f.Get(models.RhythmNow) - f.Get(models.RhythmOwn)
	e := baseline.Say(baseline.Hinge(max(d, -d), rhythmStart, rhythmSlope, rhythmCap))
	if e.Lambda > 0 {
		e.Facts[0] = models.Fact{Code: models.FactRhythm, Value: float32(models.Exp(min(20, max(-20, d))))}
	}
	return e
}
