package trial

import (
	"math"
	"slices"

	"github.com/riskgate/riskgate/bench/eval/measure"
	"github.com/riskgate/riskgate/bench/eval/rival"
)

// Summary is what one model does to honest people, and how far its scores are
// probabilities.
type Summary struct {
	World string `json:"world"`
	Model string `json:"model"`
	Seed  uint64 `json:"seed"`
	// Burden is of the threshold at 1 % of the logins before the test.
	Burden    measure.Burden `json:"stepups_per_user_month"`
	Realized1 float64        `json:"realized_at_1pct"`
	// Reauthentication is by attacker: at the threshold that catches 99 % of his
	// attacks, with hindsight, the mean share of a user's first n logins that were
	// stepped up, n from 1 to 40.
	Reauthentication map[string][]float64 `json:"reauthentication"`
	// The rest is of riskgate only. Default is the threshold at score 30.
	Default  *Fixed            `json:"at_score_30,omitempty"`
	Fidelity *measure.Fidelity `json:"fidelity,omitempty"`
	// Before is the calibration of the score as it is, After of the score fitted
	// to the labels of the first third of the test, both on the other two thirds,
	// attacks of all kinds and honest logins weighing the same.
	Before *measure.Calibration `json:"calibration_before,omitempty"`
	After  *measure.Calibration `json:"calibration_after,omitempty"`
	Fit    *[2]float64          `json:"fit,omitempty"` // slope per nat, intercept
}

// Fixed is what the threshold of the default configuration does.
type Fixed struct {
	Rate float64            `json:"rate"` // of honest logins
	TPR  map[string]float64 `json:"tpr"`  // by attacker
}

const (
	testDays   = 1 - testFrom // share of the world
	monthDays  = 30
	stepUpOdds = -0.8472978603872037 // ln(30/70): the log-odds of score 30
	// The bounds of the slope per nat, section 4.8 of the risk model.
	leastSlope, mostSlope = 0.3, 1.2
	reliabilityBins       = 15
)

func (j *judge) summary(s *scorer) Summary {
	months := testDays * float64(j.config.World.Days) / monthDays
	sum := Summary{
		World: string(j.config.World.World), Model: j.series.name, Seed: j.config.World.Seed,
		Burden:    measure.BurdenOf(j.book.honest.users, j.series.honest, j.at1, months),
		Realized1: j.realized[0], Reauthentication: map[string][]float64{},
	}
	for k, kind := range j.book.kinds {
		t := measure.NewScores(j.attacks(uint8(k), numStrata).scores, nil).Reaching(0.99)
		_, mean := measure.Reauthentication(j.book.early.users, j.book.early.numbers, j.series.first, t, maxNumber)
		sum.Reauthentication[kind.String()] = mean
	}
	if _, ours := s.model.(*rival.Ours); ours {
		sum.Fidelity = &s.fidelity
		sum.Default = j.fixed()
		j.calibrate(&sum)
	}
	return sum
}

func (j *judge) fixed() *Fixed {
	f := &Fixed{Rate: j.honest.Share(stepUpOdds), TPR: map[string]float64{}}
	for k, kind := range j.book.kinds {
		f.TPR[kind.String()] = measure.NewScores(j.attacks(uint8(k), numStrata).scores, nil).Share(stepUpOdds)
	}
	return f
}

// calibrate fits slope and intercept to the labels of the first third and holds
// them against the rest.
func (j *judge) calibrate(sum *Summary) {
	labels := j.book.labeled
	known := outcomes(j.series.honest[:labels.honest], j.series.attacks[:labels.attacks])
	later := outcomes(j.series.honest[labels.honest:], j.series.attacks[labels.attacks:])
	if len(known) == 0 || len(later) == 0 || labels.attacks == 0 || labels.attacks == len(j.series.attacks) {
		return
	}
	measure.Balance(known)
	measure.Balance(later)
	before := measure.Calibrate(slices.Clone(later), reliabilityBins)
	slope, intercept := measure.Logistic(known)
	// In nats: log-odds are slope * nats + intercept already.
	r := &j.config.Risk
	perNat := slope * r.Slope
	if bounded := min(max(perNat, leastSlope), mostSlope); bounded != perNat {
		perNat, slope = bounded, bounded/r.Slope
		intercept = measure.Intercept(known, slope)
	}
	for i := range later {
		later[i].LogOdds = slope*later[i].LogOdds + intercept
	}
	after := measure.Calibrate(later, reliabilityBins)
	sum.Before, sum.After = &before, &after
	sum.Fit = &[2]float64{perNat, slope*r.Intercept + intercept}
}

func outcomes(honest, attacks []float32) []measure.Outcome {
	all := make([]measure.Outcome, 0, len(honest)+len(attacks))
	for _, s := range honest {
		all = append(all, measure.Outcome{LogOdds: finite(s)})
	}
	for _, s := range attacks {
		all = append(all, measure.Outcome{LogOdds: finite(s), Attack: true})
	}
	return all
}

func finite(s float32) float64 { return min(max(float64(s), -math.MaxFloat32), math.MaxFloat32) }
