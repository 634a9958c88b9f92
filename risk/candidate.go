package risk

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/riskgate/riskgate/models"
)

// MaxCandidates bounds how many sections are tried at once.
const MaxCandidates = 4

// Candidate is a risk section that is tried beside the one in force. What it
// leaves out is as in that one.
type Candidate struct {
	// Name tells candidates apart, in metrics too: up to 32 lower-case letters,
	// digits, hyphens and underscores.
	Name string `yaml:"name"`
	// Slope turns nats into log-odds. Default that of the section.
	Slope float64 `yaml:"slope"`
	// Intercept is the log-odds of a request without any evidence. Default that of
	// the section.
	Intercept float64 `yaml:"intercept"`
	// Classes holds the thresholds by class of route. Default those of the section.
	Classes Classes `yaml:"classes"`
	// Weights multiply the evidence of each group. Default those of the section.
	Weights Weights `yaml:"weights"`
	// Caps bound what related groups add together. Default those of the section.
	Caps Caps `yaml:"caps"`
}

// Candidate returns a candidate without a name that is as c.
func (c *Config) Candidate() Candidate {
	return Candidate{Slope: c.Slope, Intercept: c.Intercept, Classes: c.Classes, Weights: c.Weights, Caps: c.Caps}
}

// Config returns the whole section that the candidate stands for, in enforce mode.
func (c *Candidate) Config() Config {
	return Config{Slope: c.Slope, Intercept: c.Intercept, Classes: c.Classes, Weights: c.Weights, Caps: c.Caps}
}

var candidateName = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)

// validateCandidates reports what is wrong with candidates. A mistake that a
// candidate has from the section itself is not reported twice.
func (c *Config) validateCandidates(ps *models.Problems) {
	if n := len(c.Candidates); n > MaxCandidates {
		ps.Add("candidates", n, "want at most "+strconv.Itoa(MaxCandidates))
	}
	own, names := slices.Clone(*ps), map[string]bool{}
	for i := range c.Candidates {
		path := "candidates[" + strconv.Itoa(i) + "]"
		name := c.Candidates[i].Name
		switch {
		case !candidateName.MatchString(name):
			ps.Add(path+".name", strconv.Quote(name), "want 1 to 32 of a-z, 0-9, - and _")
		case names[name]:
			ps.Add(path+".name", name, "want each name once")
		}
		names[name] = true
		section := c.Candidates[i].Config()
		wrong := slices.DeleteFunc(section.Validate(), func(p models.Problem) bool { return slices.Contains(own, p) })
		ps.Under(path, wrong)
	}
}
