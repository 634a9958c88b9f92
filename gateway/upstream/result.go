package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/riskgate/riskgate/models"
)

// Result is what became of a forwarded request. The zero value means that the
// response is the upstream's.
type Result struct {
	// Denial is empty if there is a response, else why there is none: one of the
	// upstream denials, or BodyTooLarge, BodyTimeout or MalformedRequest where the
	// body of the client was at fault.
	Denial models.Denial
	// ProxyError is the error type of RFC 9209, empty without Denial and where
	// the client was at fault.
	ProxyError string
	// Target is the base address tried last, "" if none was.
	Target string
	// Attempts counts the targets tried.
	Attempts int
	// Body is set if the response body is streamed.
	Body *Body
}

// failure is an error with its names. Sent says that the upstream may have seen
// the request.
type failure struct {
	denial models.Denial
	proxy  string // RFC 9209 section 2.3
	stale  bool   // a kept connection ended before the first byte of a response
	err    error
}

func (f *failure) Error() string { return string(f.denial) + ": " + f.proxy + ": " + f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

// dialFailure names an error of dialTarget.
func dialFailure(err error) *failure {
	f := &failure{denial: models.UpstreamUnavailable, proxy: "destination_unavailable", err: err}
	var handshake *handshakeError
	var dns *net.DNSError
	switch {
	case isTimeout(err):
		f.denial, f.proxy = models.UpstreamTimeout, "connection_timeout"
	case errors.As(err, &handshake):
		f.denial, f.proxy = models.UpstreamTLS, tlsError(err)
	case errors.As(err, &dns):
		f.proxy = "dns_error"
	case errors.Is(err, syscall.ECONNREFUSED):
		f.denial, f.proxy = models.UpstreamRefused, "connection_refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		f.proxy = "destination_ip_unroutable"
	}
	return f
}

func tlsError(err error) string {
	var verification *tls.CertificateVerificationError
	var invalid x509.CertificateInvalidError
	var op *net.OpError
	switch {
	case errors.As(err, &verification), errors.As(err, &invalid):
		return "tls_certificate_error"
	case errors.As(err, &op) && op.Op == "remote error": // how crypto/tls reports an alert
		return "tls_alert_received"
	}
	return "tls_protocol_error"
}

// writeFailure names an error of writing the request.
func writeFailure(err error) *failure {
	if isTimeout(err) {
		return &failure{denial: models.UpstreamTimeout, proxy: "connection_write_timeout", err: err}
	}
	return &failure{denial: models.UpstreamRefused, proxy: "connection_terminated", err: err}
}

// readFailure names an error of reading the response header, of which begun
// says whether anything had come.
func readFailure(err error, begun bool) *failure {
	var f *failure
	switch {
	case errors.As(err, &f):
		return f
	case isTimeout(err):
		return &failure{denial: models.UpstreamTimeout, proxy: "http_response_timeout", err: err}
	case begun:
		return &failure{denial: models.UpstreamProtocol, proxy: "http_response_incomplete", err: err}
	}
	return &failure{denial: models.UpstreamRefused, proxy: "connection_terminated", err: err}
}

// clientFailure names an error of reading the request body.
func clientFailure(err error) *failure {
	if isTimeout(err) {
		return &failure{denial: models.BodyTimeout, err: err}
	}
	return &failure{denial: models.MalformedRequest, err: err}
}

func protocolFailure(proxy, text string) *failure {
	return &failure{denial: models.UpstreamProtocol, proxy: proxy, err: errors.New(text)}
}

func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	var t interface{ Timeout() bool }
	return !errors.Is(err, io.EOF) && errors.As(err, &t) && t.Timeout()
}
