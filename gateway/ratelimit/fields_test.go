package ratelimit

import (
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/riskgate/riskgate/models"
)

func TestFields(t *testing.T) {
	c := DefaultConfig()
	l := New(c, epoch)
	r := l.Spend(subject(1), 1, epoch)
	refusal := Result{RetryAfter: 1200 * time.Millisecond, Reset: 1100 * time.Millisecond}
	for _, f := range []struct{ got, want string }{
		{string(l.AppendPolicy(nil, BySubject)), `"subject";q=40;w=2`},
		{string(l.AppendPolicy(nil, ByAddress)), `"address";q=50;w=1`},
		{string(r.AppendLimit(nil)), `"subject";r=39;t=1`},
		{string(refusal.AppendLimit([]byte("x: "))), `x: "address";r=0;t=2`},
		{string(refusal.AppendRetryAfter(nil)), "2"},
		{string(Result{}.AppendRetryAfter(nil)), "1"},
	} {
		if f.got != f.want {
			t.Errorf("%s, want %s", f.got, f.want)
		}
	}
	c.Subject, c.Burst = models.RatePerSecond(1000.0/3600), 40
	if got, want := string(New(c, epoch).AppendPolicy(nil, BySubject)), `"subject";q=40;w=144`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestRetryAfterIsNotBeforeReset: the draft lets Retry-After win, so it must not
// be the earlier.
func TestRetryAfterIsNotBeforeReset(t *testing.T) {
	l := New(DefaultConfig(), epoch)
	spread := map[time.Duration]bool{}
	for range 200 {
		r := l.Spend(subject(1), MinRefill, epoch)
		if !r.Allowed && (r.RetryAfter < r.Reset || seconds(r.RetryAfter) < seconds(r.Reset)) {
			t.Fatalf("%+v", r)
		}
		spread[r.RetryAfter] = true
	}
	if len(spread) < 100 {
		t.Errorf("200 refusals share %d times to come again", len(spread))
	}
}

func TestScopes(t *testing.T) {
	if ByAddress.Denial() != models.AddressRate || BySubject.Denial() != models.SubjectRate {
		t.Error("a scope gives the wrong denial")
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"{}", ""},
		{"{address: 600/m, subject: 1000/h, burst: 1, delay: 1s, max_keys: 1024}", ""},
		{"{address: 2000000/s}", "address: 2000000/s, want 1/h to 1000000/s"},
		{"{subject: 0.5/h}", "subject: 0.0001388888888888889/s, want 1/h to 1000000/s"},
		{"{burst: 0}", "burst: 0, want 1 to 100000"},
		{"{delay: 1m}", "delay: 1m0s, want 0s to 10s"},
		{"{max_keys: 10}", "max_keys: 10, want 1024 to 67108864"},
	} {
		config := DefaultConfig()
		if err := yaml.Unmarshal([]byte(c.text), &config); err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		got := ""
		if p := config.Validate(); len(p) == 1 {
			got = p[0].String()
		} else if len(p) > 1 {
			got = "several"
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
	}
}
