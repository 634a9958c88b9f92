package config

import "testing"

// Two parts of one address collide, unless the system chooses their ports.
func TestAddressesCollide(t *testing.T) {
	parsed, err := Parse("x", []byte(oneRoute), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	f := func(listener, admin string, want int) {
		t.Helper()
		c := *parsed
		c.Listener.Address, c.Admin.Address = listener, admin
		if p := c.Validate(); len(p) != want {
			t.Errorf("%s and %s: %v, want %d mistakes", listener, admin, p, want)
		}
	}
	f("127.0.0.1:8080", "127.0.0.1:9090", 0)
	f("127.0.0.1:8080", "127.0.0.1:8080", 1)
	f("127.0.0.1:0", "127.0.0.1:0", 0)
}
