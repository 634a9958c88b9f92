package models

import (
	"net/netip"
	"time"
)

// MaxFields bounds the header fields of a request; more are refused.
const MaxFields = 64

// Span is a range of Request.Raw.
type Span struct{ From, To uint32 }

// Field is one header field as it stood on the wire.
type Field struct{ Name, Value Span }

// Fault is a set of structural oddities that are not refused but are evidence.
type Fault uint16

// The structural faults.
const (
	DoubleSlash       Fault = 1 << iota // "//" in the path
	DotSegment                          // "." or ".." segment in the path
	NonASCIIPath                        // bytes >= 0x80 in path or query
	ControlInQuery                      // an encoded control character in the query
	BodyOnGet                           // GET, HEAD or DELETE with a body
	UnderscoreField                     // a field name with "_" was dropped
	RepeatedParameter                   // one query parameter more than once
	UpgradeStripped                     // Upgrade or HTTP2-Settings was removed
)

// Front says how a request came to be decided about. The zero value is Direct.
type Front uint8

// The fronts.
const (
	Direct      Front = iota // over a connection of its own, and the gateway answers it
	AuthRequest              // asked about by a proxy that understands 2xx, 401 and 403 only: nginx
	ForwardAuth              // asked about by a proxy that passes any other answer on: Traefik, Caddy
)

// TLSFacts are what the handshake told. The zero value means clear text.
type TLSFacts struct {
	Version    uint16 // as crypto/tls numbers them; 0: no TLS
	JA4        string // 36 bytes, "" without TLS
	ServerName string
	ALPN       string
}

// RoundTrips are how long the other end of the connection takes to answer,
// measured once per connection. They are zero where that is not the client: behind
// a trusted proxy.
type RoundTrips struct {
	// TCP is the least round-trip time that the kernel has seen (TCP_INFO, Linux
	// only), in whole microseconds. Zero: unknown.
	TCP time.Duration
	// TLS is the time from the gateway's ServerHello flight to the client's Finished,
	// what the client computes between them included. Zero: unknown, or no TLS.
	TLS time.Duration
}

// Request is the view of one request that every stage reads. It aliases the
// connection's buffer: it is valid while the request is decided, and whatever
// must live longer is copied.
type Request struct {
	Time   time.Time  // wall clock, read once
	Peer   netip.Addr // other end of the connection
	Client netip.Addr // true client address; Peer unless a trusted proxy says otherwise
	TLS    TLSFacts   // of the connection that ends here
	RTT    RoundTrips // of the same
	Secure bool       // the client spoke TLS, here or at a trusted proxy

	Method []byte
	Host   []byte // lower case, without userinfo, as the client sent it
	Path   []byte // canonical: decoded, no dot segments, one slash; what is routed, authorized and forwarded
	Query  []byte // without "?", raw
	Target []byte // origin-form that is forwarded: Path percent-encoded again, "?" and Query
	Agent  []byte // User-Agent, nil if absent
	Body   []byte // nil unless the route buffers bodies

	Raw         []byte // header block as received, without the request line
	Fields      [MaxFields]Field
	NumFields   int
	HeaderOrder uint32 // hash of the field names in order, credentials and per-request fields left out
	BodyLength  int64  // -1: chunked
	Faults      Fault
	Minor       uint8 // HTTP/1.Minor

	// Front is not Direct for a request that a trusted proxy holds and asks about:
	// Method, Host, Path, Query and Target are those of the original.
	Front Front

	// ConnID numbers the connection within the process, for caches that live as
	// long as it. Zero: none.
	ConnID uint64
}

// Reset empties r for the next request and keeps nothing of the last.
func (r *Request) Reset() {
	fields := r.Fields
	*r = Request{}
	r.Fields = fields
}

// Name returns the name of field i as received.
func (r *Request) Name(i int) []byte {
	s := r.Fields[i].Name
	return r.Raw[s.From:s.To]
}

// Value returns the value of field i without surrounding white space.
func (r *Request) Value(i int) []byte {
	s := r.Fields[i].Value
	return r.Raw[s.From:s.To]
}

// Header returns the value of the first field called name, which must be lower
// case, and whether there is one.
func (r *Request) Header(name string) ([]byte, bool) {
	for i := 0; i < r.NumFields; i++ {
		if EqualFold(r.Name(i), name) {
			return r.Value(i), true
		}
	}
	return nil, false
}

// CountHeader returns how many fields are called name, which must be lower case.
func (r *Request) CountHeader(name string) int {
	n := 0
	for i := 0; i < r.NumFields; i++ {
		if EqualFold(r.Name(i), name) {
			n++
		}
	}
	return n
}

// EqualFold reports whether b equals the lower-case ASCII name, ignoring the case
// of ASCII letters only. It allocates nothing.
func EqualFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
