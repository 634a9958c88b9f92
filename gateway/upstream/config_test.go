package upstream

import (
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// TestValidate gives every mistake with its path and wish.
func TestValidate(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"{targets: ['http://127.0.0.1:1', 'https://api.example']}", ""},
		{"{targets: ['http://127.0.0.1:1'], health: {path: /healthz, interval: 1s}, retries: -1}", ""},
		{"{}", "pools.web.targets: none, want at least one target"},
		{"{targets: ['ftp://h']}", `pools.web.targets[0]: "ftp://h", want the scheme http or https`},
		{"{targets: ['h:80']}", `pools.web.targets[0]: "h:80", want http:// or https:// and a host`},
		{"{targets: ['http://']}", `pools.web.targets[0]: "http://", want http:// or https:// and a host`},
		{"{targets: ['http://h:70000']}", `pools.web.targets[0]: "http://h:70000", want a port from 1 to 65535`},
		{"{targets: ['http://user:secret@h']}", `pools.web.targets[0]: …@h, want no user name or password`},
		{"{targets: ['http://h/api']}", `pools.web.targets[0]: "http://h/api", want no path, query or fragment`},
		{"{targets: ['http://h', 'http://h']}", `pools.web.targets[1]: http://h, want each target once`},
		{"{targets: ['http://h'], ca: a.pem}", "pools.web.ca: a.pem, want an https target, or no ca"},
		{"{targets: ['http://h'], server_name: s}", "pools.web.server_name: s, want an https target, or no server_name"},
		{"{targets: ['http://h'], host: 'a@b'}", `pools.web.host: "a@b", want a host name with an optional port`},
		{"{targets: ['http://h'], host: a, preserve_host: true}", "pools.web.preserve_host: true, want host or preserve_host, not both"},
		{"{targets: ['http://h'], connect_timeout: -1s}", "pools.web.connect_timeout: -1s, want a duration up to 1h"},
		{"{targets: ['http://h'], max_connections: -1}", "pools.web.max_connections: -1, want 1 to 65536"},
		{"{targets: ['http://h'], retries: 9}", "pools.web.retries: 9, want -1 to 5"},
		{"{targets: ['http://h'], health: {path: healthz}}", `pools.web.health.path: "healthz", want a path that starts with /`},
		{"{targets: ['http://h'], health: {path: /, interval: 2h}}", "pools.web.health.interval: 2h0m0s, want a duration up to 1h"},
		{"{targets: ['http://h'], health: {path: /, status: [99]}}", "pools.web.health.status[0]: 99, want 200 to 599"},
	} {
		config := DefaultConfig()
		if err := yaml.Unmarshal([]byte("pools: {web: "+c.text+"}"), &config); err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		p := config.Validate()
		got := ""
		if len(p) > 0 {
			got = p[0].String()
		}
		if got != c.want || len(p) > 1 {
			t.Errorf("%s:\n got %v\nwant %s", c.text, p, c.want)
		}
	}
}

func TestDefaults(t *testing.T) {
	c := PoolConfig{ResponseTimeout: time.Second, Retries: -1}.withDefaults()
	d := DefaultPool()
	if c.ResponseTimeout != time.Second || c.Retries != -1 || c.IdleTimeout != d.IdleTimeout || c.Health.Interval != d.Health.Interval {
		t.Errorf("withDefaults = %+v", c)
	}
}
