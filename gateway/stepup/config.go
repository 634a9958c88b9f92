// Package stepup asks for stronger authentication (RFC 9470) and verifies that
// it was given.
package stepup

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riskgate/riskgate/models"
)

// Config is the stepup section.
type Config struct {
	// ACRLevels are the authentication context classes, weakest first. The last
	// one is asked for where nothing else says which. Default none: then only a
	// recent authentication is asked for.
	ACRLevels []string `yaml:"acr_levels"`
	// MaxAge is how long ago the caller may have authenticated. Default 5m.
	MaxAge time.Duration `yaml:"max_age"`
	// Challenges is how many may stay unanswered in a row before the caller is
	// refused. Default 3.
	Challenges int `yaml:"challenges"`
	// Together is how long after a challenge further ones count as the same one:
	// a page sends several requests at once. Default 1s.
	Together time.Duration `yaml:"together"`
	// Forget is how long after the last challenge unanswered ones are forgiven.
	// Default 15m.
	Forget time.Duration `yaml:"forget"`
	// Leeway for the clock of the issuer, on auth_time. Default 30s.
	Leeway time.Duration `yaml:"leeway"`
	// Credit is the half-life of the credit for a passed challenge. Default 30m.
	Credit time.Duration `yaml:"credit"`
	// Entries bounds the table of challenges and credits, 64 bytes each.
	// Default 16384.
	Entries int `yaml:"entries"`
	// Realm is named in challenges. Default riskgate.
	Realm string `yaml:"realm"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		MaxAge: 5 * time.Minute, Challenges: 3, Together: time.Second, Forget: 15 * time.Minute,
		Leeway: 30 * time.Second, Credit: 30 * time.Minute, Entries: 16384, Realm: "riskgate",
	}
}

// Validate reports every mistake, by path relative to the section.
func (c Config) Validate() models.Problems {
	var p models.Problems
	for i, l := range c.ACRLevels {
		if !Quotable(l) || l == "" || strings.Contains(l, " ") {
			p.Add("acr_levels["+strconv.Itoa(i)+"]", strconv.Quote(l), "want printable ASCII without space, quote or backslash")
		}
		if slices.Index(c.ACRLevels, l) != i {
			p.Add("acr_levels["+strconv.Itoa(i)+"]", l, "want each level once")
		}
	}
	between(&p, "max_age", c.MaxAge, time.Second, 24*time.Hour)
	between(&p, "together", c.Together, 0, time.Minute)
	between(&p, "forget", c.Forget, time.Minute, 24*time.Hour)
	between(&p, "leeway", c.Leeway, 0, 5*time.Minute)
	between(&p, "credit", c.Credit, time.Minute, 24*time.Hour)
	if c.Challenges < 1 || c.Challenges > 100 {
		p.Add("challenges", c.Challenges, "want 1 to 100")
	}
	if c.Entries < 256 || c.Entries > 1<<24 {
		p.Add("entries", c.Entries, "want 256 to 16777216")
	}
	if !Quotable(c.Realm) {
		p.Add("realm", strconv.Quote(c.Realm), "want printable ASCII without quote or backslash")
	}
	return p
}

func between(p *models.Problems, path string, d, from, to time.Duration) {
	if d < from || d > to {
		p.Add(path, d, "want "+from.String()+" to "+to.String())
	}
}

// Quotable reports whether s can stand between the quotes of a challenge.
func Quotable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return true
}
