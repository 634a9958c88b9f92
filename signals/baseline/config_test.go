package baseline

import (
	"testing"
	"time"
)

func TestDefaultConfigIsValid(t *testing.T) {
	c := DefaultConfig()
	if p := c.Validate(); len(p) != 0 {
		t.Errorf("got %v", p)
	}
	c.Store.Path, c.Store.KeyFile = "var/state", "key"
	if p := c.Validate(); len(p) != 0 {
		t.Errorf("with a store: got %v", p)
	}
}

func TestConfigMistakes(t *testing.T) {
	for _, tc := range []struct {
		change func(*Config)
		want   string
	}{
		{func(c *Config) { c.Store.Path = "var" }, `store.key_file: "", want the file of the cluster key, because path is set`},
		{func(c *Config) { c.Store.Cache = 10 }, "store.cache: 10B, want 1MiB to 16GiB"},
		{func(c *Config) { c.Store.ReadTimeout = 0 }, "store.read_timeout: 0s, want 100µs to 1s"},
		{func(c *Config) { c.Known = 1 << 10 }, "known: 1KiB, want 1MiB to 16GiB"},
		{func(c *Config) { c.Probation = 1 << 20 }, "probation: 1MiB, want 4MiB to 16GiB"},
		{func(c *Config) { c.Probation = 1 << 41 }, "probation: 2048GiB, want 4MiB to 16GiB"},
		{func(c *Config) { c.Flush = time.Hour }, "flush: 1h0m0s, want 10ms to 1m0s"},
	} {
		c := DefaultConfig()
		tc.change(&c)
		if p := c.Validate(); len(p) != 1 || p[0].String() != tc.want {
			t.Errorf("got %v, want [%s]", p, tc.want)
		}
	}
	if p := (Config{}).Validate(); len(p) != 5 {
		t.Errorf("the empty configuration: got %v, want every mistake", p)
	}
}
