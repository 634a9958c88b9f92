package trial

import (
	"math"

	"github.com/riskgate/riskgate/bench/eval/measure"
)

// Drift is what becomes of a calibration when people change their habits:
// traffic.Config.Drift. Attacks of all kinds and honest logins weigh the same.
type Drift struct {
	World string `json:"world"`
	Model string `json:"model"`
	Seed  uint64 `json:"seed"`
	Day   int    `json:"day"` // from 0, from which habits are others
	// Fit is slope per nat and intercept on labels of the first days with attacks,
	// Refit the same on labels after the drift.
	Fit   [2]float64 `json:"fit"`
	Refit [2]float64 `json:"refit"`
	// Next is of Fit on the days after its labels, Drifted of Fit on the last days,
	// Refitted of Refit on the same.
	Next     measure.Calibration `json:"next"`
	Drifted  measure.Calibration `json:"drifted"`
	Refitted measure.Calibration `json:"refitted"`
	// Rates are the shares of honest logins at or above the threshold that stepped
	// up 1 % of those before the attacks: in the days of Next and of Drifted.
	Rates [2]float64 `json:"realized_at_1pct"`
}

// The shares of a world's days: labels, next, drift, labels again, the last.
const (
	fittedUntil  = 0.775
	driftFrom    = 0.85
	refitUntil   = 0.925
	leastOfDrift = 20 // attacks in a period, else nothing is said
)

// RunDrift lets riskgate score a world whose people change their habits, and
// reports what becomes of its calibration.
func RunDrift(c Config) ([]Drift, error) {
	c.Ablate = false
	c.World.Drift = int(math.Round(driftFrom * float64(c.World.Days)))
	models, end, err := c.ours()
	if err != nil {
		return nil, err
	}
	defer end()
	book, scorers := c.score(models)
	var all []Drift
	for _, s := range scorers {
		if d, enough := newJudge(&c, book, &s.series[0]).drift(); enough {
			all = append(all, d)
		}
	}
	return all, nil
}

// drift reports false where a period has too few attacks.
func (j *judge) drift() (d Drift, enough bool) {
	known, next := j.outcomes(testFrom, fittedUntil), j.outcomes(fittedUntil, driftFrom)
	again, last := j.outcomes(driftFrom, refitUntil), j.outcomes(refitUntil, 1)
	for _, period := range [][]measure.Outcome{known, next, again, last} {
		if attacksOf(period) < leastOfDrift || !both(period) {
			return d, false
		}
	}
	before, after := fit(known, &j.config.Risk), fit(again, &j.config.Risk)
	d = Drift{
		World: string(j.config.World.World), Model: j.series.name, Seed: j.config.World.Seed, Day: j.config.World.Drift,
		Fit: before.perNat, Refit: after.perNat,
		Next: before.judged(next), Drifted: before.judged(last), Refitted: after.judged(last),
		Rates: [2]float64{j.rate(fittedUntil, driftFrom), j.rate(refitUntil, 1)},
	}
	d.Next.Bins, d.Drifted.Bins, d.Refitted.Bins = nil, nil, nil
	return d, true
}

func attacksOf(all []measure.Outcome) (n int) {
	for i := range all {
		if all[i].Attack {
			n++
		}
	}
	return n
}

// rate returns the share of a period's honest logins at the 1 % threshold.
func (j *judge) rate(from, until float64) float64 {
	var scores []float32
	for i, at := range j.book.honest.times {
		if j.within(at, from, until) {
			scores = append(scores, j.series.honest[i])
		}
	}
	return measure.NewScores(scores, nil).Share(j.at1)
}
