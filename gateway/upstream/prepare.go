package upstream

import (
	"bytes"
	"net/netip"
	"strconv"

	"github.com/riskgate/riskgate/models"
)

// Headers is what the gateway tells the upstream about a request. An empty
// field is not sent. The zero value tells nothing; Reset before each request
// keeps its buffer.
type Headers struct {
	Subject   []byte // X-Riskgate-Subject; bytes that are no visible ASCII are percent-encoded
	Kind      []byte // X-Riskgate-Kind: user or client
	Issuer    []byte // X-Riskgate-Issuer, encoded alike; a subject is one only beside its issuer
	Score     []byte // X-Riskgate-Score
	Level     []byte // X-Riskgate-Level
	Action    []byte // X-Riskgate-Action
	RequestID []byte // X-Request-Id
	TraceID   []byte // 32 lower-case hex digits; of the client's traceparent if that was valid
	SpanID    []byte // 16 lower-case hex digits, new for this hop
	Sampled   bool   // the gateway's own decision, never the client's

	scratch []byte
}

// Reset empties h and keeps its buffer.
func (h *Headers) Reset() { *h = Headers{scratch: h.scratch[:0]} }

// Prepare writes the header of the outbound request: method, target and fields
// anew from the view. The URI that fasthttp parsed is never consulted, so that
// nothing in it (a user name, say) reaches the upstream. Fields keep their order
// and spelling; ours come after them, and the client's Authorization last.
// It refuses a request of which a value could be read as another line.
func Prepare(out *Request, view *models.Request, h *Headers) models.Denial {
	out.start(view)
	addClientFields(out, view)
	addLength(out, h)
	h.AddTo(out)
	h.addTrace(out, view)
	h.addForwarded(out, view)
	if v, ok := view.Header("authorization"); ok {
		out.AddBytesV("Authorization", v)
	}
	if !out.finish() {
		return models.MalformedRequest
	}
	return ""
}

// bodiless reports whether a request without a body goes without Content-Length.
func bodiless(method []byte) bool {
	switch string(method) {
	case "POST", "PUT", "PATCH":
		return false
	}
	return true
}

func addLength(out *Request, h *Headers) {
	switch {
	case out.length >= 0:
		h.scratch = strconv.AppendInt(h.scratch[:0], out.length, 10)
		out.AddBytesV("Content-Length", h.scratch)
	case out.length == -1:
		out.AddBytesV("Transfer-Encoding", chunked)
	}
}

var chunked = []byte("chunked")

// addClientFields copies what the client may say to the upstream.
func addClientFields(out *Request, view *models.Request) {
	var hop nominees
	for i := range view.NumFields {
		if models.EqualFold(view.Name(i), "connection") {
			hop.add(view.Value(i))
		}
	}
	for i := range view.NumFields {
		name := view.Name(i)
		if f := fateOf(name); f == keep || f == forward && !hop.has(name) {
			out.add(name, view.Value(i))
		}
	}
}

// Adder is the header of a request or an answer.
type Adder interface {
	AddBytesV(name string, value []byte)
}

// AddTo adds what the gateway tells about a request, without its trace.
func (h *Headers) AddTo(out Adder) {
	if len(h.Subject) > 0 {
		h.scratch = appendVisible(h.scratch[:0], h.Subject)
		out.AddBytesV("X-Riskgate-Subject", h.scratch)
	}
	addUnlessEmpty(out, "X-Riskgate-Kind", h.Kind)
	if len(h.Issuer) > 0 {
		h.scratch = appendVisible(h.scratch[:0], h.Issuer)
		out.AddBytesV("X-Riskgate-Issuer", h.scratch)
	}
	addUnlessEmpty(out, "X-Riskgate-Score", h.Score)
	addUnlessEmpty(out, "X-Riskgate-Level", h.Level)
	addUnlessEmpty(out, "X-Riskgate-Action", h.Action)
	addUnlessEmpty(out, "X-Request-Id", h.RequestID)
}

func addUnlessEmpty(out Adder, name string, value []byte) {
	if len(value) > 0 {
		out.AddBytesV(name, value)
	}
}

// appendVisible appends s with '%' and all but visible ASCII percent-encoded, so
// that no subject can start a new field.
func appendVisible(dst, s []byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range s {
		if c > ' ' && c < 0x7f && c != '%' {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

var clear, secure = []byte("http"), []byte("https")

// addForwarded tells the upstream who the client is: the true client alone, not
// the chain that it may have invented.
func (h *Headers) addForwarded(out *Request, view *models.Request) {
	proto := clear
	if view.Secure {
		proto = secure
	}
	client := view.Client.Unmap().WithZone("")
	b := append(h.scratch[:0], "for="...)
	b = appendNode(b, client)
	b = append(append(b, ";proto="...), proto...)
	if quotable(view.Host) {
		b = append(append(append(b, `;host="`...), view.Host...), '"')
	}
	out.AddBytesV("Forwarded", b)
	if client.IsValid() {
		b = client.AppendTo(b[:0])
		out.AddBytesV("X-Forwarded-For", b)
	}
	out.AddBytesV("X-Forwarded-Proto", proto)
	addUnlessEmpty(out, "X-Forwarded-Host", view.Host)
	h.scratch = b
}

// appendNode appends a node of RFC 7239: IPv6 in brackets and quotes.
func appendNode(b []byte, addr netip.Addr) []byte {
	switch {
	case !addr.IsValid():
		return append(b, "unknown"...)
	case addr.Is6():
		return append(addr.AppendTo(append(b, `"[`...)), `]"`...)
	}
	return addr.AppendTo(b)
}

func quotable(host []byte) bool {
	return len(host) > 0 && bytes.IndexByte(host, '"') < 0 && bytes.IndexByte(host, '\\') < 0
}
