package traffic

import (
	"github.com/riskgate/riskgate/models"
)

// The header fields that browsers and programs send beside their agent.
var (
	browserFields = [][2]string{
		{"Accept", "text/html,application/json;q=0.9,*/*;q=0.8"},
		{"Accept-Language", "de-DE,de;q=0.9,en;q=0.7"},
		{"Accept-Encoding", "gzip, deflate, br"},
		{"Sec-Fetch-Site", "same-origin"},
	}
	programFields = [][2]string{{"Accept", "*/*"}, {"Accept-Encoding", "gzip"}}
)

const host = "api.example"

// View fills r as the listener would have: the handshake's facts, the header
// fields of the caller's kind, the cookies unless "", and the canonical path.
// Credentials are left out, they are in the event. What r held before is reused.
func (e *Event) View(r *models.Request, cookies string) {
	raw := r.Raw[:0]
	r.Reset()
	r.Time, r.Peer, r.Client = e.Time, e.Address, e.Address
	r.Secure, r.Minor = true, 1
	r.TLS = models.TLSFacts{Version: 0x0304, JA4: e.JA4, ServerName: host, ALPN: "http/1.1"}
	r.Method, r.Host = []byte(e.Method), []byte(host)
	path := []byte(e.Path)
	r.Path, r.Target = path, path
	r.HeaderOrder = e.HeaderOrder
	r.Raw = raw
	addField(r, "Host", host)
	if e.Agent != "" {
		addField(r, "User-Agent", e.Agent)
		r.Agent = r.Value(r.NumFields - 1)
	}
	fields := browserFields
	if e.Subject.Kind == models.Client {
		fields = programFields
	}
	for _, f := range fields {
		addField(r, f[0], f[1])
	}
	if cookies != "" {
		addField(r, "Cookie", cookies)
	}
}

// addField appends a line to the header block. Spans stay good when the block
// moves; slices of it made before do not change either.
func addField(r *models.Request, name, value string) {
	from := uint32(len(r.Raw))
	r.Raw = append(append(append(append(r.Raw, name...), ": "...), value...), "\r\n"...)
	mid := from + uint32(len(name))
	r.Fields[r.NumFields] = models.Field{
		Name:  models.Span{From: from, To: mid},
		Value: models.Span{From: mid + 2, To: mid + 2 + uint32(len(value))},
	}
	r.NumFields++
}
