package authn

import "github.com/riskgate/riskgate/models"

// Methods is a set of ways to prove who is calling.
type Methods uint8

// The ways, as a route lists them.
const (
	JWT    Methods = 1 << iota // a bearer token
	APIKey                     // an API key
	None                       // no credential is needed
)

// ParseMethod returns the method with that name: jwt, api_key or none.
func ParseMethod(name string) (Methods, bool) {
	switch name {
	case "jwt":
		return JWT, true
	case "api_key":
		return APIKey, true
	case "none":
		return None, true
	}
	return 0, false
}

// Challenge returns the WWW-Authenticate value (RFC 9110, RFC 6750) that goes
// with a refusal on a route that accepts those methods. It allocates nothing.
func Challenge(d models.Denial, accept Methods) string {
	if accept&JWT == 0 {
		return `ApiKey realm="riskgate"`
	}
	switch d {
	case models.MalformedCredential, models.ManyCredentials:
		return `Bearer realm="riskgate", error="invalid_request"`
	case models.TokenExpired:
		return `Bearer realm="riskgate", error="invalid_token", error_description="The access token expired"`
	case models.TokenNotYetValid:
		return `Bearer realm="riskgate", error="invalid_token", error_description="The access token is not valid yet"`
	case models.TokenMalformed, models.TokenAlgorithm, models.TokenSignature, models.TokenUnknownKey,
		models.TokenIssuer, models.TokenAudience, models.TokenClaims:
		return `Bearer realm="riskgate", error="invalid_token"`
	}
	return `Bearer realm="riskgate"`
}
