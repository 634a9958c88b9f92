package baseline

import (
	"time"

	"github.com/riskgate/riskgate/models"
)

// Config bounds the memory of subjects and says where it is kept.
type Config struct {
	Store StoreConfig `yaml:"store"`

	// Known bounds the profiles of established subjects held in memory, with all
	// that is spent on finding them. Default 256MiB.
	Known models.Size `yaml:"known"`

	// Probation is the memory of subjects that are not established yet. It is
	// taken at start and never grows. Default 64MiB.
	Probation models.Size `yaml:"probation"`

	// Flush is how often changed profiles are written to the store, which is the
	// most that a killed process loses. Default 5s.
	Flush time.Duration `yaml:"flush"`
}

// StoreConfig says where profiles survive a restart.
type StoreConfig struct {
	// Path is the directory of the encrypted store. Empty: nothing survives a
	// restart, and what leaves the memory is lost. Default empty.
	Path string `yaml:"path"`

	// KeyFile holds the cluster key, 32 bytes in hex, base64 or raw. Only its
	// owner may read it. Needed with Path.
	KeyFile string `yaml:"key_file"`

	// Cache bounds the blocks and indexes of the store held in memory. Beside it
	// the store takes up to about 50MiB for writing. Default 32MiB.
	Cache models.Size `yaml:"cache"`

	// ReadTimeout is how long a request waits for the profile of a subject that
	// is stored but not in memory; then it is scored without one. Default 1ms.
	ReadTimeout time.Duration `yaml:"read_timeout"`
}

const (
	minKnown     = models.Size(1 << 20)
	minProbation = models.Size(4 << 20)
	minCache     = models.Size(1 << 20)
	maxMemory    = models.Size(16 << 30)
)

// DefaultConfig returns the defaults: no store.
func DefaultConfig() Config {
	return Config{
		Store:     StoreConfig{Cache: 32 << 20, ReadTimeout: time.Millisecond},
		Known:     256 << 20,
		Probation: 64 << 20,
		Flush:     5 * time.Second,
	}
}

// Validate returns every mistake.
func (c Config) Validate() models.Problems {
	var p models.Problems
	p.Under("store", c.Store.validate())
	wantSize(&p, "known", c.Known, minKnown)
	wantSize(&p, "probation", c.Probation, minProbation)
	wantDuration(&p, "flush", c.Flush, 10*time.Millisecond, time.Minute)
	return p
}

func (c StoreConfig) validate() models.Problems {
	var p models.Problems
	if c.Path != "" && c.KeyFile == "" {
		p.Add("key_file", `""`, "want the file of the cluster key, because path is set")
	}
	wantSize(&p, "cache", c.Cache, minCache)
	wantDuration(&p, "read_timeout", c.ReadTimeout, 100*time.Microsecond, time.Second)
	return p
}

func wantSize(p *models.Problems, path string, v, low models.Size) {
	if v < low || v > maxMemory {
		p.Add(path, v, "want "+low.String()+" to "+maxMemory.String())
	}
}

func wantDuration(p *models.Problems, path string, v, low, high time.Duration) {
	if v < low || v > high {
		p.Add(path, v, "want "+low.String()+" to "+high.String())
	}
}
