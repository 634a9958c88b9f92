package signals

import (
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/signals/geo"
)

// Config says what is known about addresses and what is remembered of subjects.
type Config struct {
	Geo      geo.Config      `yaml:"geo"`
	Baseline baseline.Config `yaml:"baseline"`

	// Agents is how many user agent strings are remembered, 16 bytes each.
	// Default 16384.
	Agents int `yaml:"agents"`

	// PersonalNovelty compares something new with how often this caller shows something
	// new, and not only with how often everybody does. Default true.
	PersonalNovelty bool `yaml:"personal_novelty"`

	// Save is how often what is normal for everybody is written to the store.
	// Default 1m.
	Save time.Duration `yaml:"save"`
}

// DefaultConfig returns the defaults: no databases, no store.
func DefaultConfig() Config {
	return Config{
		Geo:      geo.DefaultConfig(),
		Baseline: baseline.DefaultConfig(),
		Agents:   1 << 14,
		Save:     time.Minute,

		PersonalNovelty: true,
	}
}

// Validate returns every mistake that shows without opening a file.
func (c *Config) Validate() (p models.Problems) {
	p.Under("geo", c.Geo.Validate())
	p.Under("baseline", c.Baseline.Validate())
	if c.Agents < 1024 || c.Agents > 1<<20 {
		p.Add("agents", c.Agents, "want 1024 to 1048576")
	}
	if c.Save < time.Second || c.Save > time.Hour {
		p.Add("save", c.Save, "want 1s to 1h")
	}
	return p
}
