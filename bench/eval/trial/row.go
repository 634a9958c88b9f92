package trial

import (
	"strings"

	"github.com/riskgate/riskgate/bench/eval/measure"
)

// Row is how well one model told one kind of attack from honest logins. Rates and
// shares are in [0, 1]. Intervals are of 95 %, attacks drawn again by victim, honest
// logins fixed.
type Row struct {
	World    string `json:"world"`
	Attacker string `json:"attacker"`
	Model    string `json:"model"`
	Seed     uint64 `json:"seed"`
	Merit
	// Rate30 and TPR30 are of the default threshold, score 30; of riskgate only.
	Rate30 float64 `json:"rate_at_score_30,omitempty"`
	TPR30  float64 `json:"tpr_at_score_30,omitempty"`
	// Strata is the same by verified logins before: "0", "1_to_4", "5_or_more". The
	// thresholds are those of all. Of whole models only.
	Strata map[string]Merit `json:"strata,omitempty"`
}

// Merit says how well a model tells attacks of one kind from honest logins.
type Merit struct {
	Honest  int     `json:"n_legit"`  // logins of the test
	Attacks int     `json:"n_attack"` // of this kind
	AUC     float64 `json:"auc"`
	// TPR1 and TPR01 are the shares of attacks at or above thresholds by which 1 %
	// and 0.1 % of the honest logins before the test were stepped up.
	TPR1  float64 `json:"tpr_at_1pct"`
	TPR01 float64 `json:"tpr_at_01pct"`
	// For90 and For99 are the shares of honest logins stepped up where the
	// threshold is set, with hindsight, to catch so many percent of the attacks.
	For90 float64 `json:"stepups_for_tpr90"`
	CI1   Range   `json:"ci95_tpr_at_1pct"`
	For99 float64 `json:"stepups_for_tpr99"`
	CIAUC Range   `json:"ci95_auc"`
	// Precision is the area under precision and recall at one attack in 10,000
	// logins.
	Precision float64 `json:"pr_auc"`
	// Realized1 and Realized01 are the shares of honest logins of the test that
	// reached the thresholds of TPR1 and TPR01.
	Realized1  float64 `json:"realized_at_1pct"`
	Realized01 float64 `json:"realized_at_01pct"`
	// The other intervals are of whole models only.
	CI01        Range `json:"ci95_tpr_at_01pct,omitzero"`
	CI90        Range `json:"ci95_stepups_for_tpr90,omitzero"`
	CI99        Range `json:"ci95_stepups_for_tpr99,omitzero"`
	CIPrecision Range `json:"ci95_pr_auc,omitzero"`
}

// Range is an interval, low and high.
type Range [2]float64

func rangeOf(i measure.Interval) Range { return Range{i.Low, i.High} }

func (j *judge) row(kind uint8) Row {
	r := Row{World: string(j.config.World.World), Attacker: j.book.kinds[kind].String(), Model: j.series.name, Seed: j.config.World.Seed}
	_, _, less := ablated(r.Model)
	a := j.attacks(kind, numStrata)
	r.Merit = j.merit(a, j.honest, !less)
	if strings.HasPrefix(r.Model, WithToken) {
		r.Rate30, r.TPR30 = j.honest.Share(stepUpOdds), measure.NewScores(a.scores, nil).Share(stepUpOdds)
	}
	if !less {
		r.Strata = j.byHistory(kind)
	}
	return r
}

func (j *judge) byHistory(kind uint8) map[string]Merit {
	all := map[string]Merit{}
	for st, honest := range j.strata {
		if a := j.attacks(kind, uint8(st)); len(a.scores) > 0 && honest.Len() > 0 {
			all[stratumNames[st]] = j.merit(a, honest, true)
		}
	}
	return all
}

// merit holds attacks against honest logins. It sorts the attacks.
func (j *judge) merit(a attempts, honest measure.Scores, whole bool) Merit {
	scores := measure.NewScores(a.scores, nil)
	m := Merit{
		Honest: honest.Len(), Attacks: scores.Len(),
		AUC: measure.AUC(scores, honest), CIAUC: j.interval(a, honest.Below),
		TPR1: scores.Share(j.at1), CI1: j.interval(a, reaches(j.at1)), TPR01: scores.Share(j.at01),
		For90: measure.RateFor(scores, honest, 0.90), For99: measure.RateFor(scores, honest, 0.99),
		Precision: measure.AveragePrecision(scores, honest, naturalBase),
		Realized1: honest.Share(j.at1), Realized01: honest.Share(j.at01),
	}
	if !whole {
		return m
	}
	m.CI01 = j.interval(a, reaches(j.at01))
	ranked := measure.Rank(a.scores, a.victims, honest)
	redrawn := measure.Redraw(a.victims, j.rounds(), j.config.World.Seed, 3, func(weights, out []float64) {
		out[0], out[1], out[2] = ranked.RateFor(weights, 0.90), ranked.RateFor(weights, 0.99), ranked.Precision(weights, naturalBase)
	})
	m.CI90, m.CI99, m.CIPrecision = rangeOf(redrawn[0]), rangeOf(redrawn[1]), rangeOf(redrawn[2])
	return m
}
