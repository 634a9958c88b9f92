package stepup

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Want is what a route, a policy or the score asks of a caller. A zero member
// stands for what the configuration says.
type Want struct {
	ACR    string
	MaxAge time.Duration
}

// Challenge is what to answer a caller with.
type Challenge struct {
	ACR    string        // acr_values, space-separated; "" if none is asked for
	MaxAge time.Duration // max_age
	Field  string        // of WWW-Authenticate
}

// demand is a Want made ready: its challenge, and the one for a caller whose
// last authentication is so recent that the issuer would not ask again.
type demand struct {
	want       Want // whole
	usual, now Challenge
}

func (c *Config) demand(w Want) *demand {
	if w.ACR == "" && len(c.ACRLevels) > 0 {
		w.ACR = c.ACRLevels[len(c.ACRLevels)-1]
	}
	if w.MaxAge == 0 {
		w.MaxAge = c.MaxAge
	}
	acr := c.acceptable(w.ACR)
	return &demand{want: w, usual: c.challenge(acr, w.MaxAge), now: c.challenge(acr, 0)}
}

// acceptable returns acr and the levels above it.
func (c *Config) acceptable(acr string) string {
	if i := slices.Index(c.ACRLevels, acr); i >= 0 {
		return strings.Join(c.ACRLevels[i:], " ")
	}
	return acr
}

func (c *Config) challenge(acr string, maxAge time.Duration) Challenge {
	var b strings.Builder
	b.WriteString("Bearer ")
	if c.Realm != "" {
		fmt.Fprintf(&b, `realm="%s", `, c.Realm)
	}
	b.WriteString(`error="insufficient_user_authentication", error_description="Stronger authentication is required"`)
	if acr != "" {
		fmt.Fprintf(&b, `, acr_values="%s"`, acr)
	}
	fmt.Fprintf(&b, `, max_age="%d"`, int64(maxAge/time.Second))
	return Challenge{ACR: acr, MaxAge: maxAge, Field: b.String()}
}

// above reports whether an authentication context class is at or above another:
// equal, or as high among the levels.
func (c *Config) above(have, want string) bool {
	if have == want || want == "" {
		return true
	}
	w := slices.Index(c.ACRLevels, want)
	return w >= 0 && slices.Index(c.ACRLevels, have) > w
}
