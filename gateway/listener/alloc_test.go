//go:build !race

package listener

import (
	"bufio"
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
)

func TestReadAllocates(t *testing.T) {
	lists := testSettings(t, nil)
	pairs := testSettings(t, func(c *Config) { c.ClientHeader = headerForwarded })
	for _, f := range []struct {
		what, raw string
		set       *settings
		want      models.Denial
	}{
		{"a browser behind a proxy", browser, lists, ""},
		{"IPv6 everywhere", "GET /a?b=c HTTP/1.1\r\nHost: [2001:db8::1]:443\r\nForwarded: for=\"[2001:db8::9]:80\";proto=https, for=10.1.1.1\r\n\r\n", pairs, ""},
		{"an absolute target", "GET http://x/a HTTP/1.1\r\nHost: x\r\n\r\n", lists, ""},
		{"garbage for an address", "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.2.3\r\n\r\n", lists, ""},
		{"two framings", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", lists, models.AmbiguousFraming},
		{"an encoded slash", "GET /a%2fb HTTP/1.1\r\nHost: x\r\n\r\n", lists, models.EncodedPath},
	} {
		var h fasthttp.RequestHeader
		if err := h.Read(bufio.NewReader(strings.NewReader(f.raw))); err != nil {
			t.Fatal(err)
		}
		c, v := &conn{peer: netip.MustParseAddr("10.0.0.1")}, new(visit)
		var denial models.Denial
		n := testing.AllocsPerRun(200, func() { denial = v.read(f.set, c, &h, instant) })
		if denial != f.want {
			t.Errorf("%s: denial %q, want %q", f.what, denial, f.want)
		}
		if n != 0 && !strings.HasPrefix(f.what, "garbage") || n > 1 { // netip makes an error for garbage
			t.Errorf("%s allocates %v times per request, want 0", f.what, n)
		}
	}
}

// repeat gives the same request again and again.
type repeat struct {
	request []byte
	left    int
	rest    bytes.Reader
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.rest.Len() == 0 && r.left > 0 {
		r.left--
		r.rest.Reset(r.request)
	}
	return r.rest.Read(p)
}

// drainer is a handler that reads the body and answers nothing.
type drainer struct{ p [64]byte }

func (d *drainer) Serve(ctx *fasthttp.RequestCtx, _ *models.Request, _ models.Denial) {
	for err := error(nil); err == nil; {
		_, err = BodyOf(ctx).Read(d.p[:])
	}
}

func TestServingAllocates(t *testing.T) {
	l := start(t, new(drainer), nil)
	for _, raw := range []string{
		browser,
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	} {
		const requests = 1000
		per := testing.AllocsPerRun(5, func() {
			m := &memory{Reader: &repeat{request: []byte(raw), left: requests}}
			m.sent.Grow(requests * 200)
			l.server.ServeConn(l.gate.admit(m))
		}) / requests
		if per > 0.1 {
			t.Errorf("%.20q allocates %v times per request, want 0", raw, per)
		}
	}
}
