package listener

import (
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/riskgate/riskgate/models"
)

// Config is the section "listener".
type Config struct {
	// Address is where clients connect, host:port. Default 127.0.0.1:8080.
	// A change needs a restart.
	Address string `yaml:"address"`
	// TrustedProxies are the networks whose word about the client's address and
	// scheme is believed. Default none.
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies"`
	// ClientHeader is the one field in which trusted proxies tell the client's
	// address: x-forwarded-for or forwarded. The other one is never read,
	// because a proxy passes on what it does not set. Default x-forwarded-for.
	ClientHeader string `yaml:"client_header"`
	// ForwardAuth is the path under which trusted proxies ask whether to let a
	// request through that they hold and forward themselves, as nginx, Traefik and
	// Caddy do. From anybody else it is a path like others. Default none.
	ForwardAuth string `yaml:"forward_auth"`
	// TLS makes this the end of TLS. Default: clear text. Turning it on or off
	// needs a restart, new certificates do not.
	TLS TLS `yaml:"tls"`

	// MaxHeader bounds request line and header fields together. Default 16KiB.
	// A reload can lower it, not raise it above the value at start.
	MaxHeader models.Size `yaml:"max_header"`
	// MaxBody bounds a request body, chunked or not. Default 4MiB.
	MaxBody models.Size `yaml:"max_body"`

	// HeaderTimeout bounds the time from the first byte of a request to the end
	// of its header, and the TLS handshake. Default 10s.
	HeaderTimeout time.Duration `yaml:"header_timeout"`
	// ReadTimeout bounds the wait for the next bytes of a body. Default 10s.
	ReadTimeout time.Duration `yaml:"read_timeout"`
	// MinBodyRate is what a body must bring per second on average once
	// ReadTimeout has passed; 0B turns it off, and also lets a trailer drip.
	// Default 1KiB.
	MinBodyRate models.Size `yaml:"min_body_rate"`
	// WriteTimeout bounds each write to the client, not the whole answer, so
	// that streams may last. Default 30s.
	WriteTimeout time.Duration `yaml:"write_timeout"`
	// IdleTimeout bounds the wait for the next request of a connection.
	// Default 60s.
	IdleTimeout time.Duration `yaml:"idle_timeout"`

	// ConnectionsPerAddress bounds the open connections of one IPv4 address or
	// IPv6 /64; trusted proxies are not bounded. Default 256.
	ConnectionsPerAddress int `yaml:"connections_per_address"`
	// MaxConnections bounds all open connections, of which each holds about
	// MaxHeader and 8KiB of memory. Default 16384.
	MaxConnections int `yaml:"max_connections"`
	// Drain is how long requests under way get to end when the gateway stops.
	// Default 30s.
	Drain time.Duration `yaml:"drain"`
}

// TLS names the certificate shown to clients. The zero value is clear text.
type TLS struct {
	Cert string `yaml:"cert"` // PEM file, leaf first, then the chain
	Key  string `yaml:"key"`  // PEM file
}

// Enabled reports whether TLS ends here.
func (t TLS) Enabled() bool { return t.Cert != "" || t.Key != "" }

// The fields that ClientHeader may name.
const (
	headerXForwardedFor = "x-forwarded-for"
	headerForwarded     = "forwarded"
)

// Bounds of sizes that buffers are made of.
const (
	minHeader = 1 << 10
	maxHeader = 1 << 20
)

// DefaultConfig returns the defaults told at each field.
func DefaultConfig() Config {
	return Config{
		Address:      "127.0.0.1:8080",
		ClientHeader: headerXForwardedFor,
		MaxHeader:    16 << 10, MaxBody: 4 << 20,
		HeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, MinBodyRate: 1 << 10,
		WriteTimeout: 30 * time.Second, IdleTimeout: 60 * time.Second,
		ConnectionsPerAddress: 256, MaxConnections: 16384,
		Drain: 30 * time.Second,
	}
}

// Validate returns every mistake; it opens no file.
func (c Config) Validate() models.Problems {
	var p models.Problems
	c.checkAddress(&p)
	c.checkProxies(&p)
	c.checkForwardAuth(&p)
	if c.TLS.Enabled() && (c.TLS.Cert == "" || c.TLS.Key == "") {
		p.Add("tls", "only one of cert and key", "want both, or neither for clear text")
	}
	if c.MaxHeader < minHeader || c.MaxHeader > maxHeader {
		p.Add("max_header", c.MaxHeader, "want 1KiB to 1MiB")
	}
	if c.MaxBody < 0 {
		p.Add("max_body", int64(c.MaxBody), "want 0B or more")
	}
	if c.MinBodyRate < 0 {
		p.Add("min_body_rate", int64(c.MinBodyRate), "want 0B or more")
	}
	c.checkTimes(&p)
	if c.ConnectionsPerAddress < 1 {
		p.Add("connections_per_address", c.ConnectionsPerAddress, "want 1 or more")
	}
	if c.MaxConnections < 1 || c.MaxConnections > maxWorkers {
		p.Add("max_connections", c.MaxConnections, "want 1 to "+strconv.Itoa(maxWorkers))
	}
	return p
}

func (c Config) checkAddress(p *models.Problems) {
	_, port, err := net.SplitHostPort(c.Address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		p.Add("address", strconv.Quote(c.Address), "want host:port, like 127.0.0.1:8080")
	}
}

func (c Config) checkProxies(p *models.Problems) {
	for i, proxy := range c.TrustedProxies {
		path := "trusted_proxies[" + strconv.Itoa(i) + "]"
		switch {
		case !proxy.IsValid():
			p.Add(path, proxy, "want a network, like 10.0.0.0/8")
		case proxy.Bits() == 0:
			p.Add(path, proxy, "want a smaller network: this lets every caller choose its own address")
		case proxy.Addr().Is4In6():
			p.Add(path, proxy, "want the IPv4 form of this network")
		}
	}
	if c.ClientHeader != headerXForwardedFor && c.ClientHeader != headerForwarded {
		p.Add("client_header", strconv.Quote(c.ClientHeader), "want x-forwarded-for or forwarded")
	}
}

func (c Config) checkForwardAuth(p *models.Problems) {
	if c.ForwardAuth == "" {
		return
	}
	canonical, faults, denial := canonicalPath(nil, []byte(c.ForwardAuth))
	plain := denial == "" && faults == 0 && c.ForwardAuth == string(canonical) && string(appendPath(nil, canonical)) == c.ForwardAuth
	if c.ForwardAuth[0] != '/' || !plain {
		p.Add("forward_auth", strconv.Quote(c.ForwardAuth), "want a plain path, like /.riskgate/auth")
	}
	if len(c.TrustedProxies) == 0 {
		p.Add("forward_auth", strconv.Quote(c.ForwardAuth), "want trusted_proxies beside it: only they may ask")
	}
}

func (c Config) checkTimes(p *models.Problems) {
	for _, t := range []struct {
		path string
		d    time.Duration
	}{
		{"header_timeout", c.HeaderTimeout}, {"read_timeout", c.ReadTimeout},
		{"write_timeout", c.WriteTimeout}, {"idle_timeout", c.IdleTimeout}, {"drain", c.Drain},
	} {
		if t.d <= 0 || t.d > 24*time.Hour {
			p.Add(t.path, t.d, "want more than 0s and at most 24h")
		}
	}
}
