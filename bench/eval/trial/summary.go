package trial

import (
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
	// Early is by attacker and as published for the data set (Pump Up): at the
	// thresholds that catch 99.9, 99.5, 99 and 98 % of his attacks, with hindsight,
	// the median over users of the share of their first 12 logins that were stepped
	// up.
	Early map[string][4]float64 `json:"reauthentication_at_12"`
	// Reauthentication is by attacker: at the threshold that catches 99 % of his
	// attacks, with hindsight, the mean share of a user's first n logins that were
	// stepped up, n from 1 to 40.
	Reauthentication map[string][]float64 `json:"reauthentication"`
	// The rest is of riskgate only. Default is the threshold at score 30.
	Default  *Fixed            `json:"at_score_30,omitempty"`
	Ramp     *Ramp             `json:"ramp,omitempty"`
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
)

func (j *judge) summary(s *scorer) Summary {
	months := testDays * float64(j.config.World.Days) / monthDays
	sum := Summary{
		World: string(j.config.World.World), Model: j.series.name, Seed: j.config.World.Seed,
		Burden:    measure.BurdenOf(j.book.honest.users, j.series.honest, j.at1, months),
		Realized1: j.honest.Share(j.at1), Reauthentication: map[string][]float64{}, Early: map[string][4]float64{},
	}
	for k, kind := range j.book.kinds {
		attacks := measure.NewScores(j.attacks(uint8(k), numStrata).scores, nil)
		_, mean := measure.Reauthentication(j.book.early.users, j.book.early.numbers, j.series.first, attacks.Reaching(0.99), maxNumber)
		sum.Reauthentication[kind.String()] = mean
		sum.Early[kind.String()] = j.early(attacks)
	}
	if _, ours := s.model.(*rival.Ours); ours {
		sum.Fidelity = &s.fidelity
		sum.Default = j.fixed()
		j.calibrate(&sum)
	}
	return sum
}

// published are the shares caught for which the data set's authors drew how often
// people authenticate again, after so many logins.
var published = [4]float64{0.999, 0.995, 0.99, 0.98}

const publishedLogins = 12

func (j *judge) early(attacks measure.Scores) (at [4]float64) {
	for i, caught := range published {
		median, _ := measure.Reauthentication(j.book.early.users, j.book.early.numbers, j.series.first, attacks.Reaching(caught), publishedLogins)
		at[i] = median[publishedLogins-1]
	}
	return at
}

func (j *judge) fixed() *Fixed {
	f := &Fixed{Rate: j.honest.Share(stepUpOdds), TPR: map[string]float64{}}
	for k, kind := range j.book.kinds {
		f.TPR[kind.String()] = measure.NewScores(j.attacks(uint8(k), numStrata).scores, nil).Share(stepUpOdds)
	}
	return f
}
