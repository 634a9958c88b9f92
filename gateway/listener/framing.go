package listener

import (
	"bytes"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
)

// The rules of framing. The header block is read once more as it stood on the
// wire, because fasthttp unfolds, merges and drops before a handler sees it.
//
//	request line           HTTP/1.0 or HTTP/1.1, else 505. May follow empty lines and end in a
//	                       bare LF (RFC 9112, 2.2): it is written anew for the upstream
//	header lines           end in CRLF; a bare LF or CR is refused
//	obs-fold               refused
//	field name             a token, no white space before the colon, else refused; one with "_"
//	                       is dropped, for "X_User" reads as "X-User" behind CGI
//	number of fields       at most 64, dropped ones included
//	Content-Length         once, digits, no sign, list or leading zero ("010")
//	Transfer-Encoding      once, exactly "chunked" in any case, HTTP/1.1 only, never beside
//	                       Content-Length; "identity" is refused
//	chunks                 CRLF only; white space after a size ("5 ") and extensions are read over,
//	                       trailers are read and dropped: the upstream gets chunks of our making
//	Host                   exactly once, HTTP/1.0 too; a name or address with an optional port
//	                       from 1; no userinfo, and equal to the authority of an absolute target
//	target                 origin form or absolute form with http(s); no "#", no "*"
//	path                   see canonicalPath: "//" and dot segments resolved and noted, %2f %5c,
//	                       encoded dots and controls refused; what is routed is what is forwarded
//	method                 CONNECT and TRACE are not offered, in any case
//	Expect                 100-continue is answered once all of this holds and the length is
//	                       allowed; any other expectation is 417
//	Upgrade, HTTP2-Settings  noted; never to be forwarded
//	Connection             "close" is obeyed in any case and list; what else it nominates is for
//	                       the upstream to strip
//	GET with a body        noted
//
// Whatever is refused closes its connection, and nothing after it is handled.

// visit is what one request needs beside its connection. Visits are pooled.
type visit struct {
	view  models.Request
	set   *settings
	proxy bool   // the peer is a trusted proxy
	host  []byte // behind view.Host
	path  []byte // behind view.Path
	spare []byte // behind view.Target
	auth  []byte // authority of an absolute target, lower case
	close bool   // the client asks for the end of the connection

	hostField, length, coding         []byte
	hosts, lengths, codings, expected int
	unknownExpectation                bool
}

// read fills the view from a parsed request and returns why it is refused, "" if
// it is not.
func (v *visit) read(set *settings, c *conn, h *fasthttp.RequestHeader, now time.Time) models.Denial {
	v.begin(set, c, now)
	r := &v.view
	r.Method = h.Method()
	r.Raw = h.RawHeaders()
	denial := v.readLine(h.Protocol())
	for _, next := range [...]models.Denial{v.readFields(), v.checkFraming(), v.readTarget(h.RequestURI())} {
		if denial == "" {
			denial = next
		}
	}
	if len(r.Raw)+len(h.RequestURI()) > int(set.MaxHeader) && denial == "" {
		denial = models.HeaderTooLarge
	}
	v.findClient()
	return denial
}

// begin forgets the last request and notes what the connection knows.
func (v *visit) begin(set *settings, c *conn, now time.Time) {
	v.set, v.close = set, false
	v.hostField, v.length, v.coding = nil, nil, nil
	v.hosts, v.lengths, v.codings, v.expected, v.unknownExpectation = 0, 0, 0, 0, false
	r := &v.view
	r.Reset()
	r.Time, r.ConnID = now, c.id
	r.Peer, r.Client = c.peer, c.peer
	r.TLS, r.Secure = c.tlsFacts(), c.secure != nil
	if v.proxy = set.trusts(c.peer); !v.proxy {
		r.RTT = c.roundTrips()
	}
}

// readLine judges version and method.
func (v *visit) readLine(protocol []byte) models.Denial {
	switch string(protocol) {
	case "HTTP/1.1":
		v.view.Minor = 1
	case "HTTP/1.0":
	default:
		return models.UnsupportedVersion
	}
	if models.EqualFold(v.view.Method, "connect") || models.EqualFold(v.view.Method, "trace") {
		return models.MethodNotSupported
	}
	return ""
}

// readFields walks the header block once.
func (v *visit) readFields() models.Denial {
	raw, lines, order := v.view.Raw, 0, orderStart
	for at := 0; at < len(raw); {
		n := bytes.IndexByte(raw[at:], '\n')
		if n < 1 || raw[at+n-1] != '\r' {
			return models.MalformedRequest
		}
		line := raw[at : at+n-1]
		if len(line) == 0 {
			v.view.HeaderOrder = order
			return endOfBlock(raw, at+n+1)
		}
		if lines++; lines > models.MaxFields {
			return models.TooManyFields
		}
		var denial models.Denial
		if order, denial = v.readField(line, at, order); denial != "" {
			return denial
		}
		at += n + 1
	}
	return endOfBlock(raw, -1) // no blank line
}

// endOfBlock refuses bytes after the blank line, and a block without one.
func endOfBlock(raw []byte, end int) models.Denial {
	if end != len(raw) && len(raw) > 0 {
		return models.MalformedRequest
	}
	return ""
}

// readField notes one header line that starts at raw[at].
func (v *visit) readField(line []byte, at int, order uint32) (uint32, models.Denial) {
	if line[0] == ' ' || line[0] == '\t' {
		return order, models.FoldedHeader
	}
	var name fieldName
	colon := name.read(line)
	if colon < 0 {
		return order, models.BadFieldName
	}
	if name.underscore {
		v.view.Faults |= models.UnderscoreField
		return order, ""
	}
	from, to := colon+1, len(line)
	for from < to && (line[from] == ' ' || line[from] == '\t') {
		from++
	}
	for to > from && (line[to-1] == ' ' || line[to-1] == '\t') {
		to--
	}
	v.view.Fields[v.view.NumFields] = models.Field{
		Name:  models.Span{From: uint32(at), To: uint32(at + colon)},
		Value: models.Span{From: uint32(at + from), To: uint32(at + to)},
	}
	v.view.NumFields++
	kind := name.kind()
	v.note(kind, line[from:to])
	if kind >= firstUnordered {
		return order, ""
	}
	return (order ^ name.hash) * orderPrime, ""
}

// note remembers the fields that decide about framing.
func (v *visit) note(kind fieldKind, value []byte) {
	switch kind {
	case hostField:
		v.hostField = value
		v.hosts++
	case agentField:
		v.view.Agent = value
	case lengthField:
		v.length = value
		v.lengths++
	case codingField:
		v.coding = value
		v.codings++
	case expectField:
		v.expected++
		v.unknownExpectation = v.unknownExpectation || !models.EqualFold(value, "100-continue")
	case upgradeField:
		v.view.Faults |= models.UpgradeStripped
	case connectionField:
		v.close = v.close || hasToken(value, "close")
	}
}

// checkFraming judges how long the body is.
func (v *visit) checkFraming() models.Denial {
	r := &v.view
	switch {
	case v.codings > 0:
		r.BodyLength = -1
		if v.codings > 1 || v.lengths > 0 || r.Minor == 0 || !models.EqualFold(v.coding, "chunked") {
			return models.AmbiguousFraming
		}
	case v.lengths > 0:
		n, ok := parseLength(v.length)
		if v.lengths > 1 || !ok {
			return models.AmbiguousFraming
		}
		if r.BodyLength = n; n > int64(v.set.MaxBody) {
			return models.BodyTooLarge
		}
	}
	if r.BodyLength != 0 && (string(r.Method) == "GET" || string(r.Method) == "HEAD" || string(r.Method) == "DELETE") {
		r.Faults |= models.BodyOnGet
	}
	if v.expected > 1 || v.unknownExpectation {
		return models.UnknownExpectation
	}
	return ""
}

// parseLength reads a length of up to 18 digits without leading zeros.
func parseLength(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 18 || b[0] == '0' && len(b) > 1 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// hasToken reports whether the comma-separated list holds the lower-case token.
func hasToken(list []byte, token string) bool {
	for len(list) > 0 {
		var element []byte
		element, list = cutLeft(list)
		if models.EqualFold(element, token) {
			return true
		}
	}
	return false
}

// cutLeft splits the first element off a comma-separated list.
func cutLeft(list []byte) (element, rest []byte) {
	if i := bytes.IndexByte(list, ','); i >= 0 {
		return trim(list[:i]), list[i+1:]
	}
	return trim(list), nil
}

func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}
