package models

// Denial names why a request was refused. It is a value, never an error: under
// attack the refusal is the hot path. The name is fixed, because it is also the
// metric label and the event detail. The zero value means: not refused.
type Denial string

// The denials, by the stage that gives them.
const (
	// listener: framing. Status 400 unless said otherwise; the connection closes.
	MalformedRequest   Denial = "malformed_request"
	AmbiguousFraming   Denial = "ambiguous_framing"    // Content-Length with Transfer-Encoding, or a coding other than chunked
	FoldedHeader       Denial = "folded_header"        // obs-fold
	BadFieldName       Denial = "bad_field_name"       // white space or a character that is no token in a field name
	BadAuthority       Denial = "bad_authority"        // userinfo, or Host unlike the target's authority
	UnsupportedVersion Denial = "unsupported_version"  // 505
	BadTarget          Denial = "bad_target"           // no origin form or absolute form with http(s)
	EncodedPath        Denial = "encoded_path"         // %2f, %5c, %00 or encoded dots
	TooManyFields      Denial = "too_many_fields"      // 431
	HeaderTooLarge     Denial = "header_too_large"     // 431
	BodyTooLarge       Denial = "body_too_large"       // 413
	BodyTimeout        Denial = "body_timeout"         // 408
	UnknownExpectation Denial = "unknown_expectation"  // 417
	MethodNotSupported Denial = "method_not_supported" // 501: CONNECT, TRACE
	TooManyConnections Denial = "too_many_connections" // counted, closed without an answer

	// pipeline
	NoRoute     Denial = "no_route"     // 404
	Draining    Denial = "draining"     // 503
	AuditFailed Denial = "audit_failed" // 503: the route says audit: required

	// ratelimit. Status 429.
	AddressRate Denial = "address_rate"
	SubjectRate Denial = "subject_rate"

	// authn. Status 401.
	NoCredentials       Denial = "no_credentials"
	MalformedCredential Denial = "malformed_credential"
	ManyCredentials     Denial = "many_credentials" // more than one kind at once
	UnknownKey          Denial = "unknown_key"
	KeyExpired          Denial = "key_expired"
	KeyNetwork          Denial = "key_network" // used outside the key's networks
	TokenMalformed      Denial = "token_malformed"
	TokenAlgorithm      Denial = "token_algorithm"
	TokenSignature      Denial = "token_signature"
	TokenUnknownKey     Denial = "token_unknown_key"
	TokenIssuer         Denial = "token_issuer"
	TokenAudience       Denial = "token_audience"
	TokenExpired        Denial = "token_expired"
	TokenNotYetValid    Denial = "token_not_yet_valid"
	TokenClaims         Denial = "token_claims" // a required claim is missing or has the wrong type
	KeysUnavailable     Denial = "keys_unavailable"

	// authz and risk. Status 403; step-up 401.
	PolicyDenied     Denial = "policy_denied"
	RiskDenied       Denial = "risk_denied"
	StepUpRequired   Denial = "step_up_required"
	StepUpExhausted  Denial = "step_up_exhausted"  // too many unanswered challenges
	StepUpImpossible Denial = "step_up_impossible" // the caller cannot perform one

	// upstream. Status 502, 503 or 504.
	UpstreamUnavailable Denial = "upstream_unavailable"
	UpstreamRefused     Denial = "upstream_refused"
	UpstreamTimeout     Denial = "upstream_timeout"
	UpstreamProtocol    Denial = "upstream_protocol"
	UpstreamTLS         Denial = "upstream_tls"
)

// denialStatus lists every denial once, with its HTTP status.
var denialStatus = []struct {
	denial Denial
	status int
}{
	{MalformedRequest, 400}, {AmbiguousFraming, 400}, {FoldedHeader, 400}, {BadFieldName, 400},
	{BadAuthority, 400}, {UnsupportedVersion, 505}, {BadTarget, 400}, {EncodedPath, 400},
	{TooManyFields, 431}, {HeaderTooLarge, 431}, {BodyTooLarge, 413}, {BodyTimeout, 408},
	{UnknownExpectation, 417}, {MethodNotSupported, 501}, {TooManyConnections, 503},
	{NoRoute, 404}, {Draining, 503}, {AuditFailed, 503},
	{AddressRate, 429}, {SubjectRate, 429},
	{NoCredentials, 401}, {MalformedCredential, 401}, {ManyCredentials, 401}, {UnknownKey, 401},
	{KeyExpired, 401}, {KeyNetwork, 401}, {TokenMalformed, 401}, {TokenAlgorithm, 401},
	{TokenSignature, 401}, {TokenUnknownKey, 401}, {TokenIssuer, 401}, {TokenAudience, 401},
	{TokenExpired, 401}, {TokenNotYetValid, 401}, {TokenClaims, 401}, {KeysUnavailable, 401},
	{PolicyDenied, 403}, {RiskDenied, 403}, {StepUpRequired, 401}, {StepUpExhausted, 403},
	{StepUpImpossible, 403},
	{UpstreamUnavailable, 503}, {UpstreamRefused, 502}, {UpstreamTimeout, 504},
	{UpstreamProtocol, 502}, {UpstreamTLS, 502},
}

// Status returns the HTTP status that answers the denial, 0 for the zero value.
func (d Denial) Status() int {
	for i := range denialStatus {
		if denialStatus[i].denial == d {
			return denialStatus[i].status
		}
	}
	return 0
}

// Denials returns every denial, in the order of the stages that give them.
func Denials() []Denial {
	all := make([]Denial, len(denialStatus))
	for i := range denialStatus {
		all[i] = denialStatus[i].denial
	}
	return all
}
