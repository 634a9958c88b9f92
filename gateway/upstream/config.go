package upstream

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riskgate/riskgate/models"
)

// Config is the section "upstream".
type Config struct {
	// Pools are the groups of targets that routes name. Default none.
	Pools map[string]PoolConfig `yaml:"pools"`
}

// PoolConfig describes targets that serve the same. A zero duration or number
// takes its default.
type PoolConfig struct {
	// Targets are base addresses: http or https, host and optional port, and
	// nothing else: "https://127.0.0.1:9001". At least one.
	Targets []string `yaml:"targets"`
	// CA is a PEM file of the authorities that may sign the certificates of
	// https targets. Default: those of the system.
	CA string `yaml:"ca"`
	// ServerName is the name asked for and verified in TLS. Default: the host of
	// the target.
	ServerName string `yaml:"server_name"`
	// Host is the Host field sent. Default: that of the target.
	Host string `yaml:"host"`
	// PreserveHost sends the Host field of the client instead. Default false.
	PreserveHost bool `yaml:"preserve_host"`
	// Health asks every target whether it can serve. Default off.
	Health HealthConfig `yaml:"health"`
	// ConnectTimeout bounds making a connection, TLS handshake included. Default 3s.
	ConnectTimeout time.Duration `yaml:"connect_timeout"`
	// ResponseTimeout bounds the time from the end of the request to the end of
	// the response header. Default 30s.
	ResponseTimeout time.Duration `yaml:"response_timeout"`
	// IdleTimeout bounds silence inside a body, in either direction. Default 60s.
	IdleTimeout time.Duration `yaml:"idle_timeout"`
	// KeepAlive is how long an unused connection is kept. Default 30s.
	KeepAlive time.Duration `yaml:"keep_alive"`
	// MaxConnections bounds the requests running on one target, and so its
	// connections. More are refused at once, never queued. Default 512.
	MaxConnections int `yaml:"max_connections"`
	// Retries is how often a request that never reached its target is tried
	// again, on another target if there is one: GET, HEAD, OPTIONS, PUT and
	// DELETE without a streamed body. Where it was written whole and a kept
	// connection ends without an answer, nobody knows, and only GET, HEAD and
	// OPTIONS are tried again. -1: never. Default 1.
	Retries int `yaml:"retries"`
	// MaxBody bounds a streamed request body. Default 1GiB.
	MaxBody models.Size `yaml:"max_body"`
}

// HealthConfig describes the active check of each target.
type HealthConfig struct {
	// Path is asked for with GET. Default empty: no checks, targets count as up.
	Path string `yaml:"path"`
	// Interval is the time between checks, up to a tenth earlier. Default 5s.
	Interval time.Duration `yaml:"interval"`
	// Timeout bounds one check. Default 2s.
	Timeout time.Duration `yaml:"timeout"`
	// Healthy is how many passed checks in a row bring a target back. Default 2.
	Healthy int `yaml:"healthy"`
	// Unhealthy is how many failed checks in a row take it out. Default 3.
	Unhealthy int `yaml:"unhealthy"`
	// Status lists the answers that pass. Default: every 2xx.
	Status []int `yaml:"status"`
}

// DefaultConfig returns a section without pools.
func DefaultConfig() Config { return Config{} }

// DefaultPool returns the defaults of a pool.
func DefaultPool() PoolConfig {
	return PoolConfig{
		Health: HealthConfig{
			Interval: 5 * time.Second, Timeout: 2 * time.Second, Healthy: 2, Unhealthy: 3,
		},
		ConnectTimeout: 3 * time.Second, ResponseTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, KeepAlive: 30 * time.Second,
		MaxConnections: 512, Retries: 1, MaxBody: 1 << 30,
	}
}

// withDefaults replaces every zero value by its default.
func (c PoolConfig) withDefaults() PoolConfig {
	d := DefaultPool()
	orElse(&c.ConnectTimeout, d.ConnectTimeout)
	orElse(&c.ResponseTimeout, d.ResponseTimeout)
	orElse(&c.IdleTimeout, d.IdleTimeout)
	orElse(&c.KeepAlive, d.KeepAlive)
	orElse(&c.MaxConnections, d.MaxConnections)
	orElse(&c.Retries, d.Retries)
	orElse(&c.MaxBody, d.MaxBody)
	orElse(&c.Health.Interval, d.Health.Interval)
	orElse(&c.Health.Timeout, d.Health.Timeout)
	orElse(&c.Health.Healthy, d.Health.Healthy)
	orElse(&c.Health.Unhealthy, d.Health.Unhealthy)
	return c
}

func orElse[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// Validate returns every mistake of the section.
func (c Config) Validate() models.Problems {
	var p models.Problems
	for _, name := range sortedNames(c.Pools) {
		p.Under("pools."+name, c.Pools[name].validate())
	}
	return p
}

func sortedNames(pools map[string]PoolConfig) []string {
	names := make([]string, 0, len(pools))
	for name := range pools {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (c PoolConfig) validate() models.Problems {
	var p models.Problems
	if len(c.Targets) == 0 {
		p.Add("targets", "none", "want at least one target")
	}
	seen := map[string]bool{}
	https := false
	for i, t := range c.Targets {
		path := "targets[" + strconv.Itoa(i) + "]"
		if wish := checkTarget(t); wish != "" {
			p.Add(path, withoutUserinfo(t), wish)
		}
		if seen[t] {
			p.Add(path, t, "want each target once")
		}
		seen[t] = true
		https = https || strings.HasPrefix(t, "https:")
	}
	if c.CA != "" && !https {
		p.Add("ca", c.CA, "want an https target, or no ca")
	}
	if c.ServerName != "" && !https {
		p.Add("server_name", c.ServerName, "want an https target, or no server_name")
	}
	c.validateHost(&p)
	c.validateLimits(&p)
	p.Under("health", c.Health.validate())
	return p
}

func (c PoolConfig) validateHost(p *models.Problems) {
	if c.Host != "" && c.PreserveHost {
		p.Add("preserve_host", true, "want host or preserve_host, not both")
	}
	if !validHost(c.Host) {
		p.Add("host", strconv.Quote(c.Host), "want a host name with an optional port")
	}
}

// validHost reports whether s may stand in a Host field.
func validHost(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`@/?#\"<>{}|^`+"`", r)
	})
}

func (c PoolConfig) validateLimits(p *models.Problems) {
	for _, d := range []struct {
		path string
		v    time.Duration
	}{
		{"connect_timeout", c.ConnectTimeout}, {"response_timeout", c.ResponseTimeout},
		{"idle_timeout", c.IdleTimeout}, {"keep_alive", c.KeepAlive},
	} {
		if d.v < 0 || d.v > time.Hour {
			p.Add(d.path, d.v, "want a duration up to 1h")
		}
	}
	if c.MaxConnections < 0 || c.MaxConnections > 1<<16 {
		p.Add("max_connections", c.MaxConnections, "want 1 to 65536")
	}
	if c.Retries < -1 || c.Retries > 5 {
		p.Add("retries", c.Retries, "want -1 to 5")
	}
}

func (c HealthConfig) validate() models.Problems {
	var p models.Problems
	if c.Path != "" && (c.Path[0] != '/' || strings.ContainsAny(c.Path, " \t\r\n")) {
		p.Add("path", strconv.Quote(c.Path), "want a path that starts with /")
	}
	if c.Interval < 0 || c.Interval > time.Hour {
		p.Add("interval", c.Interval, "want a duration up to 1h")
	}
	if c.Timeout < 0 || c.Timeout > time.Minute {
		p.Add("timeout", c.Timeout, "want a duration up to 1m")
	}
	if c.Healthy < 0 || c.Healthy > 100 {
		p.Add("healthy", c.Healthy, "want 1 to 100")
	}
	if c.Unhealthy < 0 || c.Unhealthy > 100 {
		p.Add("unhealthy", c.Unhealthy, "want 1 to 100")
	}
	for i, s := range c.Status {
		if s < 200 || s > 599 {
			p.Add("status["+strconv.Itoa(i)+"]", s, "want 200 to 599")
		}
	}
	return p
}

// checkTarget returns what is wished for, "" if the target is well formed.
func checkTarget(target string) string {
	u, err := url.Parse(target)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || !validHost(u.Host):
		return "want http:// or https:// and a host"
	case u.Scheme != "http" && u.Scheme != "https":
		return "want the scheme http or https"
	case u.User != nil:
		return "want no user name or password"
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return "want no path, query or fragment"
	case !validPort(u.Port()):
		return "want a port from 1 to 65535"
	}
	return ""
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.Atoi(port)
	return err == nil && n > 0 && n < 1<<16
}

// withoutUserinfo keeps a password out of the report of a mistake.
func withoutUserinfo(target string) string {
	if i := strings.LastIndexByte(target, '@'); i >= 0 {
		return "…" + target[i:]
	}
	return strconv.Quote(target)
}
