// Package authz decides with Cedar policies what a caller may do.
package authz

import (
	"fmt"
	"strings"

	"github.com/riskgate/riskgate/models"
)

// Config is the authz section.
type Config struct {
	// Policies is a file of Cedar policies, or a folder whose *.cedar files are
	// read in order of name. Default none: everything is permitted. Once there
	// are policies, what none permits is denied.
	Policies string `yaml:"policies"`
	// Mode is enforce or shadow: in shadow, decisions are only recorded. Default
	// enforce.
	Mode string `yaml:"mode"`
	// Remember bounds the remembered decisions, about 300 bytes each. Default
	// 16384.
	Remember int `yaml:"remember"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config { return Config{Mode: models.Enforce.String(), Remember: 16384} }

// Validate reports every mistake, by path relative to the section. It does not
// read the policies: New does.
func (c Config) Validate() models.Problems {
	var p models.Problems
	if _, ok := models.ParseMode(c.Mode); !ok {
		p.Add("mode", c.Mode, "want enforce or shadow")
	}
	if c.Remember < 256 || c.Remember > 1<<24 {
		p.Add("remember", c.Remember, "want 256 to 16777216")
	}
	return p
}

// PolicyProblem is one mistake in a policy.
type PolicyProblem struct {
	File         string
	Line, Column int // from 1
	Message      string
}

// String returns file:line:col: message.
func (p PolicyProblem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// PolicyError lists every mistake of the policies.
type PolicyError []PolicyProblem

// Error returns one line per mistake.
func (e PolicyError) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}
