package ratelimit

import (
	"time"

	"github.com/riskgate/riskgate/models"
)

// Config is the section "ratelimit".
type Config struct {
	// Address is how many requests per second one address (IPv4) or /64 (IPv6)
	// may send in the long run, at most 1000000/s: the time
	// between two is rounded up to whole microseconds. Default 50/s.
	Address models.RatePerSecond `yaml:"address"`
	// Subject is the same for one subject at low risk; risk divides it by up to
	// 64. Default 20/s.
	Subject models.RatePerSecond `yaml:"subject"`
	// Burst is how many requests may come at once after a pause. Default 40.
	Burst int `yaml:"burst"`
	// Delay is how long a request of a subject over its rate may be held back
	// instead of refused. Default 0: refuse at once.
	Delay time.Duration `yaml:"delay"`
	// MaxKeys is how many addresses, and as many subjects, are told apart at
	// once, at 8 bytes each; rounded up to a power of two. Changing it needs a
	// restart. Default 262144.
	MaxKeys int `yaml:"max_keys"`
}

const (
	maxRate   = 1_000_000 // requests per second; buckets count in microseconds
	minRate   = 1.0 / 3600
	maxBurst  = 100_000
	leastKeys = 1 << 10
	mostKeys  = 1 << 26
)

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{Address: 50, Subject: 20, Burst: 40, MaxKeys: 1 << 18}
}

// Validate returns every mistake of the section.
func (c Config) Validate() models.Problems {
	var p models.Problems
	validateRate(&p, "address", c.Address)
	validateRate(&p, "subject", c.Subject)
	if c.Burst < 1 || c.Burst > maxBurst {
		p.Add("burst", c.Burst, "want 1 to 100000")
	}
	if c.Delay < 0 || c.Delay > 10*time.Second {
		p.Add("delay", c.Delay, "want 0s to 10s")
	}
	if c.MaxKeys < leastKeys || c.MaxKeys > mostKeys {
		p.Add("max_keys", c.MaxKeys, "want 1024 to 67108864")
	}
	return p
}

func validateRate(p *models.Problems, path string, r models.RatePerSecond) {
	if !(r >= minRate && r <= maxRate) {
		p.Add(path, r, "want 1/h to 1000000/s")
	}
}
