package signals

import (
	"testing"
	"time"
)

func TestConfig(t *testing.T) {
	c := DefaultConfig()
	if p := c.Validate(); len(p) != 0 {
		t.Errorf("the default configuration is refused: %v", p)
	}
	c.Agents, c.Save, c.Geo.Cache = 3, time.Millisecond, 1
	want := []string{
		"geo.cache: 1, want 1024 to 16777216",
		"agents: 3, want 1024 to 1048576",
		"save: 1ms, want 1s to 1h",
	}
	got := c.Validate()
	if len(got) != len(want) {
		t.Fatalf("%v", got)
	}
	for i := range want {
		if got[i].String() != want[i] {
			t.Errorf("%q, want %q", got[i], want[i])
		}
	}
}
