package trial

import (
	"math/rand/v2"

	"github.com/riskgate/riskgate/bench/eval/measure"
	"github.com/riskgate/riskgate/bench/eval/rival"
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
)

// series is the scores of one name, in the order of the events.
type series struct {
	name                               string
	validation, honest, attacks, first []float32
}

// scorer lets one model score the events and writes down what it says.
type scorer struct {
	model    rival.Model
	series   []series
	out      []float32
	testing  bool
	alarm    float64 // threshold at 1 % of the validation, for fidelity
	fidelity measure.Fidelity
	random   *rand.Rand
}

func newScorer(m rival.Model, seed uint64) *scorer {
	s := &scorer{model: m, out: make([]float32, len(m.Names())), random: rand.New(rand.NewPCG(seed, 0x66696465))}
	for _, name := range m.Names() {
		s.series = append(s.series, series{name: name})
	}
	return s
}

// take scores one event. Attacks are never learned: each is judged as if it were
// the first in its world.
func (s *scorer) take(e *traffic.Event, m mark) {
	s.model.Score(e, s.out)
	if m.counts {
		if m.part == toTest && !s.testing {
			s.testing = true
			s.alarm = float64(measure.NewScores(s.series[0].validation, nil).Threshold(0.01))
		}
		for i := range s.series {
			s.series[i].add(s.out[i], m)
		}
		if o, ours := s.model.(*rival.Ours); ours && s.testing && float64(s.out[0]) >= s.alarm {
			s.explain(o)
		}
	}
	if m.honest {
		s.model.Learn(e)
	}
}

func (s *series) add(score float32, m mark) {
	if !m.honest {
		s.attacks = append(s.attacks, score)
		return
	}
	if m.number > 0 {
		s.first = append(s.first, score)
	}
	switch m.part {
	case toValidate:
		s.validation = append(s.validation, score)
	case toTest:
		s.honest = append(s.honest, score)
	}
}

// explain takes the reasons of an alarm away and looks whether it vanishes.
func (s *scorer) explain(o *rival.Ours) {
	var contributions [models.NumGroups]float64
	for g := range models.NumGroups {
		contributions[g] = o.LogOdds(g)
	}
	var shown []int
	for _, g := range o.Assessment().Top() {
		shown = append(shown, int(g))
	}
	s.fidelity.Add(contributions[:], shown, s.alarm-o.Base(), s.random)
}
