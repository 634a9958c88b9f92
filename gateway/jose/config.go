// Package jose verifies signed tokens against cached key sets.
package jose

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/riskgate/riskgate/models"
)

// Config says where an issuer publishes its keys and how far they are trusted.
// A zero duration or size stands for its default.
type Config struct {
	// URL of the key set (RFC 7517). It must be https, except on a loopback
	// address. Either URL or File is set.
	URL string `yaml:"jwks_url"`
	// File holds the key set instead; it is read again at every refresh.
	File string `yaml:"jwks_file"`
	// Algorithms that tokens of the issuer may be signed with. Required.
	Algorithms []string `yaml:"algorithms"`
	// Timeout bounds one fetch, from dial to last byte. Default 5s.
	Timeout time.Duration `yaml:"timeout"`
	// MaxBytes bounds the key set. Default 256KiB.
	MaxBytes models.Size `yaml:"max_bytes"`
	// Refresh is the time between background fetches. Default 10m.
	Refresh time.Duration `yaml:"refresh"`
	// MinInterval is the least time between two fetches, whatever tokens ask
	// for. Default 10s.
	MinInterval time.Duration `yaml:"min_interval"`
	// MaxStale is how long keys outlive the last good fetch. Default 24h.
	MaxStale time.Duration `yaml:"max_stale"`
}

// DefaultConfig returns the defaults; the source and the algorithms have none.
func DefaultConfig() Config {
	return Config{
		Timeout: 5 * time.Second, MaxBytes: 256 << 10, Refresh: 10 * time.Minute,
		MinInterval: 10 * time.Second, MaxStale: 24 * time.Hour,
	}
}

// WithDefaults returns c with its zero durations and sizes replaced.
func (c Config) WithDefaults() Config {
	d := DefaultConfig()
	orDefault(&c.Timeout, d.Timeout)
	orDefault(&c.MaxBytes, d.MaxBytes)
	orDefault(&c.Refresh, d.Refresh)
	orDefault(&c.MinInterval, d.MinInterval)
	orDefault(&c.MaxStale, d.MaxStale)
	return c
}

func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// Validate reports every mistake, by path relative to the section.
func (c Config) Validate() models.Problems {
	var p models.Problems
	c.validateSource(&p)
	c.validateAlgorithms(&p)
	c = c.WithDefaults()
	between(&p, "timeout", c.Timeout, 100*time.Millisecond, time.Minute)
	between(&p, "min_interval", c.MinInterval, time.Second, time.Hour)
	between(&p, "refresh", c.Refresh, c.MinInterval, 24*time.Hour)
	between(&p, "max_stale", c.MaxStale, c.Refresh, 30*24*time.Hour)
	if c.MaxBytes < 1<<10 || c.MaxBytes > 16<<20 {
		p.Add("max_bytes", c.MaxBytes, "want 1KiB to 16MiB")
	}
	return p
}

func between(p *models.Problems, path string, d, from, to time.Duration) {
	if d < from || d > to {
		p.Add(path, d, "want "+from.String()+" to "+to.String())
	}
}

func (c Config) validateSource(p *models.Problems) {
	switch {
	case c.URL == "" && c.File == "":
		p.Add("jwks_url", "nothing", "want jwks_url or jwks_file")
	case c.URL != "" && c.File != "":
		p.Add("jwks_file", c.File, "want jwks_url or jwks_file, not both")
	case c.URL != "" && !trustedURL(c.URL):
		p.Add("jwks_url", c.URL, "want an https URL (http only on a loopback address)")
	}
}

// trustedURL reports whether what is fetched from raw cannot be changed on the
// way.
func trustedURL(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && loopback(u.Host)
}

func loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

func (c Config) validateAlgorithms(p *models.Problems) {
	if len(c.Algorithms) == 0 {
		p.Add("algorithms", "nothing", "want at least one, like ES256 or RS256")
	}
	for _, a := range c.Algorithms {
		alg, ok := algorithms[a]
		switch {
		case !ok:
			p.Add("algorithms", a, "want one of "+algorithmNames())
		case alg.kty == "oct" && c.URL != "":
			p.Add("algorithms", a, "want a shared secret from jwks_file, never from a URL")
		}
	}
	symmetric := slices.ContainsFunc(c.Algorithms, func(a string) bool { return algorithms[a].kty == "oct" })
	public := slices.ContainsFunc(c.Algorithms, func(a string) bool { return algorithms[a].kty != "oct" })
	if symmetric && public {
		p.Add("algorithms", c.Algorithms, "want either HMAC or public key algorithms, not both")
	}
}
