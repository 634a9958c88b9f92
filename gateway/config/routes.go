package config

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/models"
)

// Route says what is done with requests of one kind.
type Route struct {
	// ID names the route in events, metrics and policies: letters, digits and
	// ". _ -", up to 64. Required.
	ID string `yaml:"id"`
	// Match says which requests are meant.
	Match Match `yaml:"match"`
	// Pool of section upstream that they are forwarded to. Required.
	Pool string `yaml:"pool"`
	// Authn lists the ways a caller may prove who it is: jwt, api_key, none. None
	// lets anonymous callers in. Default jwt and api_key, none on login routes.
	Authn []string `yaml:"authn"`
	// Class selects the thresholds: normal, sensitive, admin or login. Default
	// normal.
	Class models.Class `yaml:"class"`
	// Login says how logins are recognized. Required on routes of class login,
	// and only there.
	Login *Login `yaml:"login"`
	// Activity says what a request does to the account of its caller once it is
	// answered with 2xx or 3xx (not 304 or 308), in the terms of OCSF: logoff ends the
	// session of its token, so that a step-up is asked of whoever shows a token of it later;
	// password_change puts what was learned in the week before on probation again.
	// Both are of people with a token; of others the route is one like any other.
	// Default none.
	Activity models.Activity `yaml:"activity"`
	// MaxBody bounds the body of a request. Default 0B: what the listener allows.
	MaxBody models.Size `yaml:"max_body"`
	// Audit says what happens to a request whose event cannot be recorded:
	// best_effort forwards it, required refuses it. Default best_effort.
	Audit Audit `yaml:"audit"`
	// Limited says whether requests spend the subject's rate, and so can be
	// throttled. Default true.
	Limited bool `yaml:"limited"`
	// ACR asks every caller for this authentication context class; one of
	// stepup.acr_levels. Default none.
	ACR string `yaml:"acr"`
	// MaxAge asks every caller to have authenticated at most so long ago. Default
	// 0s: any age.
	MaxAge time.Duration `yaml:"max_age"`
}

// Match selects requests by method, host and path. Every part that is given must
// match.
type Match struct {
	// Methods such as GET. Default every method.
	Methods []string `yaml:"methods"`
	// Host in lower case, without port. Default every host.
	Host string `yaml:"host"`
	// Path is a template: /v1/orders/{id}, where {id} is one segment; a last
	// segment {rest...} is everything below. Required.
	Path string `yaml:"path"`
}

// Login says how a login route tells who logged in and whether it worked.
type Login struct {
	// User says where the user name stands: json:/pointer, form:field or
	// header:Name. Default none: failures are counted by source only.
	User string `yaml:"user"`
	// Failed lists the statuses of a failed login. Default 401 and 403.
	Failed []int `yaml:"failed"`
	// OK lists the statuses of a login that worked. Default 200, 204 and 302.
	OK []int `yaml:"ok"`
}

// DefaultRoute returns the defaults of a route.
func DefaultRoute() Route { return Route{Limited: true} }

// DefaultLogin returns the defaults of a login section.
func DefaultLogin() Login { return Login{Failed: []int{401, 403}, OK: []int{200, 204, 302}} }

// Accepts returns the ways a caller may prove who it is.
func (r *Route) Accepts() authn.Methods {
	if len(r.Authn) == 0 {
		if r.Class == models.Login {
			return authn.None
		}
		return authn.JWT | authn.APIKey
	}
	var accept authn.Methods
	for _, name := range r.Authn {
		m, _ := authn.ParseMethod(name)
		accept |= m
	}
	return accept
}

// Audit says what happens to a request whose event cannot be recorded. The zero
// value forwards it.
type Audit bool

// The audit modes.
const (
	BestEffort    Audit = false
	AuditRequired Audit = true
)

// String returns the name used in the file.
func (a Audit) String() string {
	if a {
		return "required"
	}
	return "best_effort"
}

// MarshalText writes the same as String.
func (a Audit) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads best_effort or required.
func (a *Audit) UnmarshalText(text []byte) error {
	if !slices.Contains(a.Values(), string(text)) {
		return errWant(a.Values())
	}
	*a = string(text) == "required"
	return nil
}

// Values returns the names UnmarshalText reads.
func (Audit) Values() []string { return []string{"best_effort", "required"} }

func validateRoutes(routes []Route) models.Problems {
	var ps models.Problems
	if len(routes) == 0 {
		ps.Add("", "none", "want at least one") // it would answer everything with 404
	}
	ids := map[string]int{}
	for i := range routes {
		at := "[" + strconv.Itoa(i) + "]"
		ps.Under(at, routes[i].validate())
		id := routes[i].ID
		if first, twice := ids[id]; twice && id != "" {
			ps.Add(at+".id", id, "want a name of its own, routes["+strconv.Itoa(first)+"] has it")
		} else {
			ids[id] = i
		}
	}
	overlaps(&ps, routes)
	return ps
}

func (r *Route) validate() models.Problems {
	var ps models.Problems
	if !named(r.ID) {
		ps.Add("id", quotedOrNothing(r.ID), "want up to 64 letters, digits and . _ -")
	}
	ps.Under("match", r.Match.validate())
	for i, name := range r.Authn {
		at := "authn[" + strconv.Itoa(i) + "]"
		if _, ok := authn.ParseMethod(name); !ok {
			ps.Add(at, quotedOrNothing(name), "want one of jwt, api_key, none")
		} else if slices.Index(r.Authn, name) != i {
			ps.Add(at, name, "want each once")
		}
	}
	switch {
	case r.Class == models.Login && r.Login == nil:
		ps.Add("class", r.Class, "want a login section beside it")
	case r.Class != models.Login && r.Login != nil:
		ps.Add("login", "on a route of class "+r.Class.String(), "want class: login beside it")
	case r.Login != nil:
		ps.Under("login", r.Login.validate())
	}
	r.validateLimits(&ps)
	return ps
}

func (r *Route) validateLimits(ps *models.Problems) {
	if r.MaxAge < 0 || r.MaxAge > 24*time.Hour {
		ps.Add("max_age", r.MaxAge, "want a duration from 0s to 24h")
	}
	if !stepup.Quotable(r.ACR) || strings.Contains(r.ACR, " ") {
		ps.Add("acr", strconv.Quote(r.ACR), "want printable ASCII without space, quote or backslash")
	}
	if asks := r.ACR != "" || r.MaxAge > 0; asks && r.Accepts()&authn.JWT == 0 {
		ps.Add("acr", "on a route without jwt", "want jwt in authn: nobody else can authenticate again")
	}
	if r.Activity != models.NoActivity && r.Accepts()&authn.JWT == 0 {
		ps.Add("activity", r.Activity.String()+" on a route without jwt", "want jwt in authn: nobody else has a session or a password")
	}
}

func named(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("._-", c) >= 0) {
			return false
		}
	}
	return true
}

func quotedOrNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return strconv.Quote(s)
}
