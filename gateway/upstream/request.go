package upstream

import (
	"bytes"
	"io"

	"github.com/riskgate/riskgate/models"
)

// Request is an outbound request, written out but for its Host field, which the
// target decides. The body is set first, then Prepare fills in the rest. The zero
// value has no body; Reset before each request keeps its memory. It owns every
// byte but those of the body.
type Request struct {
	line   []byte // request line, in HTTP/1.1 whatever the client speaks
	host   []byte // Host field of the client
	fields []byte // the other fields, and the empty line
	lines  int    // how many lines fields ought to have
	again  bool   // the method may be repeated (RFC 9110 section 9.2.2)
	safe   bool   // the method changes nothing (RFC 9110 section 9.2.1)
	head   bool   // the method is HEAD
	old    bool   // the client speaks HTTP/1.0

	body   []byte    // at hand, unless there is a stream
	stream io.Reader // nil: none
	length int64     // of the body; -1 chunked, -2 none and no Content-Length either
}

// Reset forgets the request.
func (r *Request) Reset() {
	*r = Request{line: r.line[:0], host: r.host[:0], fields: r.fields[:0]}
}

// SetBody sets a body that is at hand. It is not copied.
func (r *Request) SetBody(body []byte) { r.body = body }

// SetBodyStream sets a body that is read as it is sent: n bytes, or as many as
// come if n is negative.
func (r *Request) SetBodyStream(body io.Reader, n int64) {
	r.stream, r.length = body, max(n, -1)
}

// start begins a new header. The body stays.
func (r *Request) start(view *models.Request) {
	r.line = append(append(r.line[:0], view.Method...), ' ')
	r.line = append(append(r.line, view.Target...), " HTTP/1.1\r\n"...)
	r.host = append(r.host[:0], view.Host...)
	r.fields, r.lines = r.fields[:0], 0
	r.again, r.safe, r.head = idempotent(view.Method), safe(view.Method), string(view.Method) == "HEAD"
	r.old = view.Minor == 0
	if r.stream == nil {
		r.length = int64(len(r.body))
		if r.length == 0 && view.BodyLength == 0 && bodiless(view.Method) {
			r.length = -2
		}
	}
}

// AddBytesV appends a field.
func (r *Request) AddBytesV(name string, value []byte) {
	r.fields = append(append(r.fields, name...), ':', ' ')
	r.fields = append(append(r.fields, value...), '\r', '\n')
	r.lines++
}

// add appends a field with the name as the client spelled it.
func (r *Request) add(name, value []byte) {
	r.fields = append(append(r.fields, name...), ':', ' ')
	r.fields = append(append(r.fields, value...), '\r', '\n')
	r.lines++
}

// finish ends the header. It reports whether there are exactly as many lines as
// were written: no value may hold the end of one.
func (r *Request) finish() bool {
	sound := r.lines == ends(r.fields) && ends(r.line) == 1 && ends(r.host) == 0
	r.fields = append(r.fields, '\r', '\n')
	return sound
}

var cr, lf = []byte{'\r'}, []byte{'\n'}

// ends returns how many lines end in b; -1 if there is CR or LF beside that.
func ends(b []byte) int {
	n := bytes.Count(b, lf)
	if bytes.Count(b, cr) != n {
		return -1
	}
	return n
}

// AppendHead appends the header, with the client's Host field if host is "".
func (r *Request) AppendHead(dst []byte, host string) []byte {
	dst = append(append(dst, r.line...), "Host: "...)
	if host != "" {
		dst = append(dst, host...)
	} else {
		dst = append(dst, r.host...)
	}
	return append(append(dst, '\r', '\n'), r.fields...)
}
