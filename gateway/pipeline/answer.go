package pipeline

import (
	"net/http"
	"strconv"

	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
)

// answer is what a client reads when one denial refuses it: an RFC 9457 problem
// without its request id. It never says the score or the signals.
type answer struct {
	status int
	body   []byte // up to the opening quote of the request id
	proxy  string // Proxy-Status, RFC 9209
	close  bool   // the connection ends: what follows on it cannot be trusted
}

// detail tells the caller what to do. A denial that is not listed says only its
// status.
var detail = map[models.Denial]string{
	models.MalformedRequest:    "The request could not be read.",
	models.AmbiguousFraming:    "The length of the request is stated in more than one way.",
	models.FoldedHeader:        "A header field is folded over several lines.",
	models.BadFieldName:        "A header field has a malformed name.",
	models.BadAuthority:        "The host of the request is malformed or stated twice.",
	models.UnsupportedVersion:  "Only HTTP/1.0 and HTTP/1.1 are spoken here.",
	models.BadTarget:           "The request target is malformed.",
	models.EncodedPath:         "The path holds an encoded separator.",
	models.TooManyFields:       "The request has too many header fields.",
	models.HeaderTooLarge:      "The header of the request is too large.",
	models.BodyTooLarge:        "The body of the request is too large.",
	models.BodyTimeout:         "The request did not arrive in time.",
	models.UnknownExpectation:  "Only the expectation 100-continue is understood.",
	models.MethodNotSupported:  "The method is not supported.",
	models.NoRoute:             "Nothing is served under this method and path.",
	models.Draining:            "This gateway is shutting down. Try again.",
	models.AddressRate:         "Too many requests from this address.",
	models.SubjectRate:         "Too many requests by this caller.",
	models.NoCredentials:       "A credential is required.",
	models.ManyCredentials:     "More than one credential was shown.",
	models.KeysUnavailable:     "The credential cannot be verified at present. Try again.",
	models.PolicyDenied:        "This caller may not do this.",
	models.RiskDenied:          "This request was refused.",
	models.StepUpRequired:      "A stronger authentication is required.",
	models.StepUpExhausted:     "A stronger authentication was required too often.",
	models.StepUpImpossible:    "A stronger authentication is required, which this credential cannot give.",
	models.AuditFailed:         "The request cannot be recorded at present. Try again.",
	models.UpstreamUnavailable: "The service is not available.",
	models.UpstreamRefused:     "The service could not be reached.",
	models.UpstreamTimeout:     "The service did not answer in time.",
	models.UpstreamProtocol:    "The service gave an answer that could not be read.",
	models.UpstreamTLS:         "The service could not prove who it is.",
}

const credentialDetail = "The credential was not accepted."

// quotaExceeded is the problem type of draft-ietf-httpapi-ratelimit-headers.
const quotaExceeded = "https://iana.org/assignments/http-problem-types#quota-exceeded"

// answers holds the answer to every denial. It is built once and never changed.
var answers = func() map[models.Denial]*answer {
	all := map[models.Denial]*answer{}
	for _, d := range models.Denials() {
		all[d] = newAnswer(d)
	}
	return all
}()

func newAnswer(d models.Denial) *answer {
	status := d.Status()
	a := &answer{status: status, proxy: "riskgate; error=" + proxyError(d), close: closes(d)}
	kind, text := "about:blank", detail[d]
	if status == http.StatusTooManyRequests {
		kind = quotaExceeded
	}
	if text == "" {
		text = credentialDetail
	}
	a.body = append(a.body, `{"type":"`+kind+`","title":"`+http.StatusText(status)+`","status":`...)
	a.body = strconv.AppendInt(a.body, int64(status), 10)
	a.body = append(a.body, `,"detail":"`+text+`","request_id":"`...)
	return a
}

// proxyError returns the RFC 9209 error type of a denial. Faults of the upstream
// are named by the stage that met them.
func proxyError(d models.Denial) string {
	switch status := d.Status(); {
	case d == models.UpstreamUnavailable:
		return "destination_unavailable"
	case d == models.UpstreamRefused:
		return "connection_refused"
	case d == models.UpstreamTimeout:
		return "http_response_timeout"
	case d == models.UpstreamProtocol:
		return "http_protocol_error"
	case d == models.UpstreamTLS:
		return "tls_certificate_error"
	case status == 401 || status == 403 || status == 429:
		return "http_request_denied"
	case status >= 500:
		return "proxy_internal_response"
	}
	return "http_request_error"
}

// closes reports whether the connection must end with the answer: after a framing
// refusal nobody knows where the next request starts.
func closes(d models.Denial) bool {
	switch d {
	case models.MalformedRequest, models.AmbiguousFraming, models.FoldedHeader, models.BadFieldName,
		models.BadAuthority, models.UnsupportedVersion, models.BadTarget, models.TooManyFields,
		models.HeaderTooLarge, models.BodyTooLarge, models.BodyTimeout, models.UnknownExpectation,
		models.Draining:
		return true
	}
	return false
}

// write puts the answer to a denial into resp and allocates nothing once resp has
// been used before.
func (a *answer) write(resp *fasthttp.Response, requestID []byte) {
	resp.Reset()
	resp.SetStatusCode(a.status)
	resp.Header.SetContentType("application/problem+json")
	resp.Header.Set("Cache-Control", "no-store")
	resp.Header.Set("Proxy-Status", a.proxy)
	resp.AppendBody(a.body)
	resp.AppendBody(requestID)
	resp.AppendBodyString("\"}\n")
	if a.close {
		resp.SetConnectionClose()
	}
}
