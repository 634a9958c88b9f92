package risk

import "github.com/riskgate/riskgate/models"

// Learning is what the gateway may change of this section by what sessions turned
// out to be. The zero value changes nothing.
type Learning struct {
	// Weights moves the weights of the groups, each within 0.25, or less where it is
	// configured lower, and 2, and drawn back to where it is configured, by the outcomes of step-ups that the score asked for
	// and by verdicts. A group of weight 0 stays silent. Default false.
	Weights bool `yaml:"weights" json:"weights"`
	// Calibration moves the slope so that it fits the same outcomes: up to 1.2, and
	// down as far as a quarantine is still denied. The intercept stays: no evidence
	// scores as configured. Default false.
	Calibration bool `yaml:"calibration" json:"calibration"`
	// Explore is the share of sessions, at most 1%, that are asked to step up although
	// their score does not ask for it: without them nothing is learned of low scores.
	// They are established callers who can step up and have not, never in shadow mode,
	// and count in budget.step_up. Default 0%.
	Explore models.Share `yaml:"explore" json:"explore"`
}

// Any reports whether weights or slope may move.
func (l Learning) Any() bool { return l.Weights || l.Calibration }

// Learned is what the weights or the slope of a section were learned from.
type Learned struct {
	Labels  int `json:"labels"`
	Attacks int `json:"attacks"` // of them
}

// mostExplore bounds Learning.Explore.
const mostExplore = 0.01

func (c *Config) validateLearning(ps *models.Problems) {
	switch x, budget := c.Learning.Explore, c.Budget.StepUp; {
	case !(x >= 0 && x <= mostExplore):
		ps.Add("learning.explore", x, "want 0% to 1%")
	case budget > 0 && x >= budget:
		ps.Add("learning.explore", x, "want less than budget.step_up, "+budget.String())
	}
	if l := c.Learned; l.Attacks < 0 || l.Labels < l.Attacks {
		ps.Add("learned.attacks", l.Attacks, "want 0 to as many as there are labels")
	}
}

// With returns c with weights, by group, and a slope that were learned.
func (c Config) With(weights [models.NumGroups]float64, slope float64, from Learned) Config {
	c.Weights, c.Slope, c.Learned = weightsOf(weights), slope, from
	return c
}

// ByGroup returns the weights by group, 0 for those that carry none.
func (c *Config) ByGroup() [models.NumGroups]float64 { return c.Weights.byGroup() }

// Frozen returns c as it acts now, with nothing left in it that moves by itself.
func (c Config) Frozen() Config {
	c.Learning, c.Budget, c.Learned = Learning{}, Budget{}, Learned{}
	return c
}

// Learned reports whether weights or slope of the section were learned.
func (e *Engine) Learned() bool { return e.config.Learned != Learned{} }
