package listener

import (
	"net/netip"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestDefaultsAreValid(t *testing.T) {
	if problems := DefaultConfig().Validate(); len(problems) > 0 {
		t.Error(problems)
	}
}

func TestEveryMistakeIsTold(t *testing.T) {
	for _, f := range []struct {
		want   string
		change func(*Config)
	}{
		{`address: "x", want host:port, like 127.0.0.1:8080`, func(c *Config) { c.Address = "x" }},
		{`address: "x:http", want host:port, like 127.0.0.1:8080`, func(c *Config) { c.Address = "x:http" }},
		{"trusted_proxies[0]: 0.0.0.0/0, want a smaller network: this lets every caller choose its own address",
			func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")} }},
		{"trusted_proxies[0]: ::ffff:10.0.0.0/104, want the IPv4 form of this network",
			func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/104")} }},
		{"trusted_proxies[0]: invalid Prefix, want a network, like 10.0.0.0/8",
			func(c *Config) { c.TrustedProxies = make([]netip.Prefix, 1) }},
		{`client_header: "x-real-ip", want x-forwarded-for or forwarded`, func(c *Config) { c.ClientHeader = "x-real-ip" }},
		{"tls: only one of cert and key, want both, or neither for clear text", func(c *Config) { c.TLS.Cert = "c.pem" }},
		{"max_header: 512B, want 1KiB to 1MiB", func(c *Config) { c.MaxHeader = 512 }},
		{"max_body: -1, want 0B or more", func(c *Config) { c.MaxBody = -1 }},
		{"min_body_rate: -1, want 0B or more", func(c *Config) { c.MinBodyRate = -1 }},
		{"header_timeout: 0s, want more than 0s and at most 24h", func(c *Config) { c.HeaderTimeout = 0 }},
		{"drain: 25h0m0s, want more than 0s and at most 24h", func(c *Config) { c.Drain = 25 * time.Hour }},
		{"connections_per_address: 0, want 1 or more", func(c *Config) { c.ConnectionsPerAddress = 0 }},
		{"max_connections: 0, want 1 to 1048576", func(c *Config) { c.MaxConnections = 0 }},
	} {
		cfg := DefaultConfig()
		f.change(&cfg)
		if got := cfg.Validate(); len(got) != 1 || got[0].String() != f.want {
			t.Errorf("got %v, want %s", got, f.want)
		}
		if _, err := New(cfg, nil, time.Now, zerolog.Nop()); err == nil || err.Error() != "listener."+f.want {
			t.Errorf("New: got %v, want %s", err, f.want)
		}
	}
}

// The framing rules, what is read ahead of a body, and how a connection is left
// after a refusal were tried on this version. Before moving it: read the change
// log, then run the raw-socket tests.
func TestFasthttpIsTheVersionThatWasTried(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`github\.com/valyala/fasthttp (v\S+)`).FindSubmatch(mod)
	if found == nil || string(found[1]) != "v1.74.0" {
		t.Errorf("go.mod requires fasthttp %s, want v1.74.0", found)
	}
	if replaced := regexp.MustCompile(`replace\s[^\n]*fasthttp|fasthttp[^\n]*=>`).Find(mod); replaced != nil {
		t.Errorf("go.mod replaces fasthttp: %s", replaced)
	}
}
