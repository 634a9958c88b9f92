package authn

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/riskgate/riskgate/gateway/jose"
)

// claims are the claims of a token that we read, as they stand.
type claims struct {
	issuer, subject  string
	sid              string
	clientID, azp    string
	acr              string
	audience, scopes []string
	scp              []string
	expires          time.Time // the dates are zero if absent
	notBefore        time.Time
	issuedAt         time.Time
	authTime         time.Time
	bound            bool                       // cnf: of use only with a proof that we cannot check
	rest             map[string]json.RawMessage // where roles are found
}

const (
	maxClaim = 512 // bytes of a text claim
	maxList  = 128 // members of a list claim
)

// readClaims reads a payload. It returns false if that is no object, names a
// claim twice, or has a claim of the wrong type.
func readClaims(payload []byte) (c claims, ok bool) {
	ok = true
	c.rest = map[string]json.RawMessage{}
	err := jose.Object(payload, func(name string, v json.RawMessage) {
		ok = c.read(name, v) && ok
	})
	return c, ok && err == nil
}

func (c *claims) read(name string, v json.RawMessage) bool {
	switch name {
	case "iss":
		return text(v, &c.issuer)
	case "sub":
		return text(v, &c.subject)
	case "sid":
		return text(v, &c.sid)
	case "client_id":
		return text(v, &c.clientID)
	case "azp":
		return text(v, &c.azp)
	case "acr":
		return text(v, &c.acr)
	case "aud":
		return list(v, &c.audience, false)
	case "scope":
		return list(v, &c.scopes, true)
	case "scp":
		return list(v, &c.scp, true)
	case "exp":
		return date(v, &c.expires)
	case "nbf":
		return date(v, &c.notBefore)
	case "iat":
		return date(v, &c.issuedAt)
	case "auth_time":
		return date(v, &c.authTime)
	case "cnf":
		c.bound = true
		return true
	}
	c.rest[name] = v
	return true
}

// text reads a string without control characters.
func text(v json.RawMessage, into *string) bool {
	if len(v) == 0 || v[0] != '"' || json.Unmarshal(v, into) != nil || len(*into) > maxClaim {
		return false
	}
	return !strings.ContainsFunc(*into, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// list reads an array of strings or one string, which is split at spaces if
// words is set.
func list(v json.RawMessage, into *[]string, words bool) bool {
	if len(v) > 0 && v[0] == '"' {
		var one string
		if !text(v, &one) {
			return false
		}
		if *into = []string{one}; words {
			*into = strings.Fields(one)
		}
		return len(*into) <= maxList
	}
	var raw []json.RawMessage
	if len(v) == 0 || v[0] != '[' || json.Unmarshal(v, &raw) != nil || len(raw) > maxList {
		return false
	}
	all := make([]string, len(raw))
	for i := range raw {
		if !text(raw[i], &all[i]) {
			return false
		}
	}
	*into = all
	return true
}

const lastDate = 253402300799 // 9999-12-31T23:59:59Z

// date reads a NumericDate (RFC 7519): seconds since 1970, whole or not.
func date(v json.RawMessage, into *time.Time) bool {
	var f float64
	if len(v) == 0 || v[0] == 'n' || json.Unmarshal(v, &f) != nil || f < 0 || f > lastDate {
		return false
	}
	whole, part := math.Modf(f)
	*into = time.Unix(int64(whole), int64(part*1e9)).UTC()
	return true
}

// client returns the client the token was issued to, "" if it does not say.
func (c *claims) client() string {
	if c.clientID != "" {
		return c.clientID
	}
	return c.azp
}

// session names what a logoff ends: the session at the issuer, which refreshed
// tokens share. Without one it is what began with one authentication at a client,
// and without that what was issued to the client at one time.
func (c *claims) session() string {
	switch {
	case c.sid != "":
		return "sid " + c.sid
	case !c.authTime.IsZero():
		return "auth_time " + strconv.FormatInt(c.authTime.Unix(), 10) + " " + c.client()
	case !c.issuedAt.IsZero():
		return "iat " + strconv.FormatInt(c.issuedAt.Unix(), 10) + " " + c.client()
	}
	return "exp " + strconv.FormatInt(c.expires.Unix(), 10) + " " + c.client()
}

// roles returns the strings at a claim. A dot in path leads into an object,
// unless there is a claim of the whole name.
func (c *claims) roles(path string) ([]string, bool) {
	if v, ok := c.rest[path]; ok {
		var all []string
		ok := list(v, &all, false)
		return all, ok
	}
	head, tail, nested := strings.Cut(path, ".")
	v, ok := c.rest[head]
	if !ok || !nested {
		return nil, true
	}
	inner := claims{rest: map[string]json.RawMessage{}}
	if jose.Object(v, func(name string, v json.RawMessage) { inner.rest[name] = v }) != nil {
		return nil, false
	}
	return inner.roles(tail)
}
