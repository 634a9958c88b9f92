package trial

import (
	"strings"

	"github.com/riskgate/riskgate/bench/eval/measure"
)

// Row is how well one model told one kind of attack from honest logins. Rates and
// shares are in [0, 1].
type Row struct {
	World    string `json:"world"`
	Attacker string `json:"attacker"`
	Model    string `json:"model"`
	Seed     uint64 `json:"seed"`
	Honest   int    `json:"n_legit"`  // logins of the test
	Attacks  int    `json:"n_attack"` // of this kind

	AUC float64 `json:"auc"`
	// TPR1 and TPR01 are the shares of attacks at or above thresholds by which 1 %
	// and 0.1 % of the honest logins before the test were stepped up.
	TPR1  float64 `json:"tpr_at_1pct"`
	TPR01 float64 `json:"tpr_at_01pct"`
	// For90 and For99 are the shares of honest logins stepped up where the
	// threshold is set, with hindsight, to catch so many percent of the attacks.
	For90 float64 `json:"stepups_for_tpr90"`
	CI1   Range   `json:"ci95_tpr_at_1pct"` // by victim, honest logins fixed
	For99 float64 `json:"stepups_for_tpr99"`
	CIAUC Range   `json:"ci95_auc"`
	// Precision is the area under precision and recall at one attack in 10,000
	// logins.
	Precision float64 `json:"pr_auc"`
	// Realized1 and Realized01 are the shares of honest logins of the test that
	// reached the thresholds of TPR1 and TPR01.
	Realized1  float64 `json:"realized_at_1pct"`
	Realized01 float64 `json:"realized_at_01pct"`
	// Rate30 and TPR30 are of the default threshold, score 30; of riskgate only.
	Rate30 float64 `json:"rate_at_score_30,omitempty"`
	TPR30  float64 `json:"tpr_at_score_30,omitempty"`
	// Strata is the same by verified logins before: "0", "1_to_4", "5_or_more". Of
	// whole models only.
	Strata map[string]Stratum `json:"strata,omitempty"`
}

// Range is an interval, low and high.
type Range [2]float64

// Stratum is Row for the logins of users with so much history. The thresholds are
// those of all.
type Stratum struct {
	Honest  int     `json:"n_legit"`
	Attacks int     `json:"n_attack"`
	AUC     float64 `json:"auc"`
	TPR1    float64 `json:"tpr_at_1pct"`
	CI1     Range   `json:"ci95_tpr_at_1pct"`
	Rate1   float64 `json:"realized_at_1pct"`
}

// naturalBase is how many logins are attacks, where precision is meant.
const naturalBase = 1e-4

// Report is what a trial found.
type Report struct {
	Rows    []Row
	Models  []Summary
	Figures Figures
	Events  Counts
}

// Counts says how large the trial was.
type Counts struct{ Validation, Honest, Attacks, Users int }

// report judges every name against every kind of attack.
func report(c *Config, b *book, scorers []*scorer) *Report {
	r := &Report{Events: Counts{Honest: len(b.honest.users), Attacks: len(b.attacks.kinds), Users: len(b.past)}}
	for _, s := range scorers {
		for i := range s.series {
			j := newJudge(c, b, &s.series[i])
			r.Events.Validation = len(s.series[i].validation)
			for k := range b.kinds {
				r.Rows = append(r.Rows, j.row(uint8(k)))
			}
			if i == 0 {
				sum := j.summary(s)
				r.Models = append(r.Models, sum)
				j.draw(&r.Figures, &sum)
			}
		}
	}
	return r
}

// judge holds one name's scores against the book.
type judge struct {
	config     *Config
	book       *book
	series     *series
	honest     measure.Scores
	strata     [numStrata]measure.Scores
	at1, at01  float32 // thresholds
	realized   [2]float64
	validation measure.Scores
}

func newJudge(c *Config, b *book, s *series) *judge {
	j := &judge{config: c, book: b, series: s,
		honest: measure.NewScores(s.honest, nil), validation: measure.NewScores(s.validation, nil)}
	j.at1, j.at01 = j.validation.Threshold(0.01), j.validation.Threshold(0.001)
	j.realized = [2]float64{j.honest.Share(j.at1), j.honest.Share(j.at01)}
	var by [numStrata][]float32
	for i, st := range b.honest.strata {
		by[st] = append(by[st], s.honest[i])
	}
	for st := range by {
		j.strata[st] = measure.NewScores(by[st], nil)
	}
	return j
}

// attempts are attacks of one kind.
type attempts struct {
	scores  []float32
	victims []uint32
}

// attacks returns those of a kind, and of a stratum unless it is numStrata.
func (j *judge) attacks(kind, stratum uint8) (a attempts) {
	for i, k := range j.book.attacks.kinds {
		if k == kind && (stratum == numStrata || j.book.attacks.strata[i] == stratum) {
			a.scores = append(a.scores, j.series.attacks[i])
			a.victims = append(a.victims, j.book.attacks.victims[i])
		}
	}
	return a
}

// interval returns the 95 % interval of the mean of a value over attacks, drawn
// again by victim.
func (j *judge) interval(a attempts, value func(score float32) float64) Range {
	rounds := j.config.Rounds
	if rounds == 0 {
		rounds = 1000
	}
	clusters := measure.Clusters(a.victims, func(i int) float64 { return value(a.scores[i]) })
	i := measure.Bootstrap(clusters, rounds, j.config.World.Seed)
	return Range{i.Low, i.High}
}

// reaches returns 1 for a score at or above the threshold.
func reaches(threshold float32) func(float32) float64 {
	return func(score float32) float64 {
		if score >= threshold {
			return 1
		}
		return 0
	}
}

func (j *judge) row(kind uint8) Row {
	a := j.attacks(kind, numStrata)
	scores := measure.NewScores(a.scores, nil)
	r := Row{
		World: string(j.config.World.World), Attacker: j.book.kinds[kind].String(), Model: j.series.name,
		Seed: j.config.World.Seed, Honest: j.honest.Len(), Attacks: scores.Len(),
		AUC: measure.AUC(scores, j.honest), CIAUC: j.interval(a, j.honest.Below),
		TPR1: scores.Share(j.at1), CI1: j.interval(a, reaches(j.at1)), TPR01: scores.Share(j.at01),
		For90: measure.RateFor(scores, j.honest, 0.90), For99: measure.RateFor(scores, j.honest, 0.99),
		Precision: measure.AveragePrecision(scores, j.honest, naturalBase),
		Realized1: j.realized[0], Realized01: j.realized[1],
	}
	if _, _, less := ablated(r.Model); !less {
		r.Strata = j.byHistory(kind)
	}
	if strings.HasPrefix(r.Model, WithToken) {
		r.Rate30, r.TPR30 = j.honest.Share(stepUpOdds), scores.Share(stepUpOdds)
	}
	return r
}

func (j *judge) byHistory(kind uint8) map[string]Stratum {
	all := map[string]Stratum{}
	for st, honest := range j.strata {
		a := j.attacks(kind, uint8(st))
		if len(a.scores) == 0 || honest.Len() == 0 {
			continue
		}
		scores := measure.NewScores(a.scores, nil)
		all[stratumNames[st]] = Stratum{
			Honest: honest.Len(), Attacks: scores.Len(), AUC: measure.AUC(scores, honest),
			TPR1: scores.Share(j.at1), CI1: j.interval(a, reaches(j.at1)), Rate1: honest.Share(j.at1),
		}
	}
	return all
}
