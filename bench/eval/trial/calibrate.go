package trial

import (
	"math"
	"slices"
	"time"

	"github.com/riskgate/riskgate/bench/eval/measure"
	"github.com/riskgate/riskgate/risk"
)

const (
	// The bounds of the slope per nat, section 4.8 of the risk model.
	leastSlope, mostSlope = 0.3, 1.2
	reliabilityBins       = 15
)

// platt turns log-odds into those that fit labels.
type platt struct {
	slope, intercept float64
	perNat           [2]float64 // the same of nats, as the risk section has them
}

// fit returns the regression of the labels, its slope within bounds.
func fit(known []measure.Outcome, r *risk.Config) platt {
	slope, intercept := measure.Logistic(known)
	// In nats: log-odds are slope * nats + intercept already.
	perNat := slope * r.Slope
	if bounded := min(max(perNat, leastSlope), mostSlope); bounded != perNat {
		perNat, slope = bounded, bounded/r.Slope
		intercept = measure.Intercept(known, slope)
	}
	return platt{slope, intercept, [2]float64{perNat, slope*r.Intercept + intercept}}
}

// judged returns how well the outcomes are forecast after fitting.
func (p platt) judged(outcomes []measure.Outcome) measure.Calibration {
	fitted := slices.Clone(outcomes)
	for i := range fitted {
		fitted[i].LogOdds = p.slope*fitted[i].LogOdds + p.intercept
	}
	return measure.Calibrate(fitted, reliabilityBins)
}

// asItIs changes nothing.
var asItIs = platt{slope: 1}

// calibrate fits slope and intercept to the labels of the first third and holds
// them against the rest.
func (j *judge) calibrate(sum *Summary) {
	known := j.outcomes(testFrom, labelsUntil)
	later := j.outcomes(labelsUntil, 1)
	if !both(known) || !both(later) {
		return
	}
	p := fit(known, &j.config.Risk)
	before, after := asItIs.judged(later), p.judged(later)
	sum.Before, sum.After, sum.Fit = &before, &after, &p.perNat
}

// outcomes returns what is known of a period, from and until shares of the world:
// attacks of all kinds and honest logins, weighing the same together.
func (j *judge) outcomes(from, until float64) (all []measure.Outcome) {
	for i, at := range j.book.honest.times {
		if j.within(at, from, until) {
			all = append(all, measure.Outcome{LogOdds: finite(j.series.honest[i])})
		}
	}
	for i, at := range j.book.attacks.times {
		if j.within(at, from, until) {
			all = append(all, measure.Outcome{LogOdds: finite(j.series.attacks[i]), Attack: true})
		}
	}
	measure.Balance(all)
	return all
}

// within reports whether a time, in Unix seconds, is in a period; until 1 there is
// no end.
func (j *judge) within(at int64, from, until float64) bool {
	t := time.Unix(at, 0)
	return !t.Before(j.config.at(from)) && (until >= 1 || t.Before(j.config.at(until)))
}

// both reports whether there are attacks and honest logins.
func both(all []measure.Outcome) bool {
	isAttack := func(o measure.Outcome) bool { return o.Attack }
	isHonest := func(o measure.Outcome) bool { return !o.Attack }
	return slices.ContainsFunc(all, isAttack) && slices.ContainsFunc(all, isHonest)
}

func finite(s float32) float64 { return min(max(float64(s), -math.MaxFloat32), math.MaxFloat32) }
