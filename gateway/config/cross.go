package config

import (
	"maps"
	"net"
	"slices"
	"strconv"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming"
)

const minMemory = models.Size(64 << 20)

// crossCheck reports what is wrong between sections.
func (c *Config) crossCheck(ps *models.Problems) {
	for i := range c.Routes {
		var part models.Problems
		c.checkRoute(&part, &c.Routes[i])
		ps.Under("routes["+strconv.Itoa(i)+"]", part)
	}
	if c.Listener.Address == c.Admin.Address && !anyPort(c.Admin.Address) {
		path, other := "admin.address", "listener.address"
		if _, written := c.where[path]; !written {
			path, other = other, path
		}
		ps.Add(path, c.Admin.Address, "want an address of its own, "+other+" is the same")
	}
	if need := c.bounded(); c.Memory < max(minMemory, need) {
		ps.Add("memory", c.Memory, "want at least "+max(minMemory, need).String()+", what caches, profiles and ring may take")
	}
}

// anyPort reports whether address leaves the port to the system, which never
// gives the same one twice.
func anyPort(address string) bool {
	_, port, _ := net.SplitHostPort(address)
	return port == "0"
}

// bounded adds up what the sections may take of the memory.
func (c *Config) bounded() models.Size {
	b := &c.Signals.Baseline
	profiles := b.Known + b.Probation + b.Store.Cache
	buckets := models.Size(2 * 8 * c.RateLimit.MaxKeys)
	return profiles + buckets + c.Authn.JWT.Cache + c.Streaming.Ring.Bytes
}

func (c *Config) checkRoute(ps *models.Problems, r *Route) {
	c.checkPool(ps, r.Pool)
	c.checkAuthn(ps, r)
	if r.ACR != "" && !slices.Contains(c.StepUp.ACRLevels, r.ACR) {
		ps.Add("acr", r.ACR, "want one of stepup.acr_levels")
	}
	if r.Activity != models.NoActivity && len(c.Authn.JWT.Issuers) == 0 && r.Accepts()&authn.JWT != 0 {
		ps.Add("activity", r.Activity, "want an issuer in authn.jwt.issuers: nobody else has a session or a password")
	}
	if r.Audit == AuditRequired && c.Streaming.Sink == streaming.SinkDiscard {
		ps.Add("audit", r.Audit, "want best_effort, or a streaming.sink that keeps events")
	}
	if r.MaxBody > c.Listener.MaxBody {
		ps.Add("max_body", r.MaxBody, "want at most listener.max_body, "+c.Listener.MaxBody.String())
	}
}

func (c *Config) checkPool(ps *models.Problems, pool string) {
	if _, ok := c.Upstream.Pools[pool]; ok {
		return
	}
	wish := "want a pool, upstream.pools has none"
	if len(c.Upstream.Pools) > 0 {
		wish = "want " + oneOf(slices.Sorted(maps.Keys(c.Upstream.Pools)))
	}
	ps.Add("pool", quotedOrNothing(pool), wish)
}

// checkAuthn reports a way of authentication that nobody could succeed in.
func (c *Config) checkAuthn(ps *models.Problems, r *Route) {
	jwt, keys := len(c.Authn.JWT.Issuers) > 0, c.Authn.APIKeys.File != ""
	for i, name := range r.Authn {
		at := "authn[" + strconv.Itoa(i) + "]"
		switch m, _ := authn.ParseMethod(name); {
		case m == authn.JWT && !jwt:
			ps.Add(at, name, "want an issuer in authn.jwt.issuers")
		case m == authn.APIKey && !keys:
			ps.Add(at, name, "want a file in authn.api_keys.file")
		}
	}
	if len(r.Authn) == 0 && r.Class != models.Login && !jwt && !keys {
		ps.Add("authn", "nothing", "want authn.jwt.issuers or authn.api_keys.file, or authn: [none]")
	}
}
