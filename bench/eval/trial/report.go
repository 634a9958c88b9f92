package trial

import (
	"github.com/riskgate/riskgate/bench/eval/measure"
)

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
	wholes := map[string]*judge{}
	for _, s := range scorers {
		for i := range s.series {
			j := newJudge(c, b, &s.series[i])
			r.Events.Validation = len(s.series[i].validation)
			for k := range b.kinds {
				r.Rows = append(r.Rows, j.row(uint8(k)))
			}
			if i > 0 {
				continue
			}
			wholes[j.series.name] = j
			if _, _, less := ablated(j.series.name); !less {
				sum := j.summary(s)
				r.Models = append(r.Models, sum)
				j.draw(&r.Figures, &sum)
			}
		}
	}
	for i := range r.Models {
		m := &r.Models[i]
		if without := wholes[m.Model+unramped]; without != nil {
			m.Ramp = wholes[m.Model].ramp(without)
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
	validation measure.Scores
}

func newJudge(c *Config, b *book, s *series) *judge {
	j := &judge{config: c, book: b, series: s,
		honest: measure.NewScores(s.honest, nil), validation: measure.NewScores(s.validation, nil)}
	j.at1, j.at01 = j.validation.Threshold(0.01), j.validation.Threshold(0.001)
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
	clusters := measure.Clusters(a.victims, func(i int) float64 { return value(a.scores[i]) })
	return rangeOf(measure.Bootstrap(clusters, j.rounds(), j.config.World.Seed))
}

func (j *judge) rounds() int {
	if j.config.Rounds == 0 {
		return 1000
	}
	return j.config.Rounds
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
