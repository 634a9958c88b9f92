// Package verdict applies verdicts of analysts: who is genuine, who is not, and since
// when.
package verdict

import "github.com/riskgate/riskgate/models"

// Config is the section verdict of riskgate.yaml.
type Config struct {
	// File holds verdicts of analysts, one JSON object on a line, as riskctl verdict
	// writes them. At most 65536. A change of it is in force within seconds. Default
	// none.
	File string `yaml:"file" path:"true"`
}

// DefaultConfig returns the configuration of an empty section: no verdicts.
func DefaultConfig() Config { return Config{} }

// Validate reports every mistake that shows without opening the file: there is
// none to make.
func (c Config) Validate() models.Problems { return nil }
