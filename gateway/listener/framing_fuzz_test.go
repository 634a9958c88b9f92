package listener

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
)

// memory is a connection whose input is known beforehand.
type memory struct {
	io.Reader
	net.Conn
	sent bytes.Buffer
}

func (m *memory) Read(p []byte) (int, error)       { return m.Reader.Read(p) }
func (m *memory) Write(p []byte) (int, error)      { return m.sent.Write(p) }
func (m *memory) Close() error                     { return nil }
func (m *memory) LocalAddr() net.Addr              { return &net.UnixAddr{} }
func (m *memory) RemoteAddr() net.Addr             { return &net.UnixAddr{} }
func (m *memory) SetReadDeadline(time.Time) error  { return nil }
func (m *memory) SetWriteDeadline(time.Time) error { return nil }
func (m *memory) SetDeadline(time.Time) error      { return nil }

// reading is one request as we read it and as we would forward it.
type reading struct {
	method, host, path, query string
	header                    http.Header
	body, forwarded           string
}

// reader is a handler that writes down what it is given.
type reader struct{ read []reading }

func (r *reader) Serve(ctx *fasthttp.RequestCtx, view *models.Request, refusal models.Denial) {
	ctx.SetStatusCode(200)
	if refusal != "" {
		ctx.SetStatusCode(refusal.Status())
		return
	}
	payload, err := BodyOf(ctx).AppendTo(nil)
	if err != nil {
		ctx.SetStatusCode(400)
		return
	}
	one := reading{
		method: string(view.Method), host: string(view.Host), path: string(view.Path), query: string(view.Query),
		header: http.Header{}, body: string(payload), forwarded: string(rewritten(view, payload)),
	}
	for i := range view.NumFields {
		one.header.Add(string(view.Name(i)), string(view.Value(i)))
	}
	r.read = append(r.read, one)
}

// readAll serves raw as one connection and returns the accepted requests.
func readAll(t testing.TB, raw []byte) []reading {
	t.Helper()
	cfg := DefaultConfig()
	r := &reader{}
	l, err := New(cfg, r, time.Now, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	l.server.ServeConn(l.gate.admit(&memory{Reader: bytes.NewReader(raw)})) // its error is the client's
	if s := l.Stats(); s.Panics > 0 || s.Open > 0 {
		t.Fatalf("stats %+v after %q", s, raw)
	}
	return r.read
}

// comparableHeader returns header without what readers treat in ways of their own:
// framing, Host, and names with underscores, which we drop.
func comparableHeader(h http.Header, ours bool) http.Header {
	out := http.Header{}
	for name, values := range h {
		switch name = http.CanonicalHeaderKey(name); name {
		case "Host", "Content-Length", "Transfer-Encoding", "Trailer":
			continue
		case "Cache-Control": // net/http makes it up from Pragma
			if h.Get("Pragma") != "" {
				continue
			}
		}
		if !ours && strings.Contains(name, "_") {
			continue
		}
		out[name] = values
	}
	return out
}

// sameMeaning fails unless net/http reads, where ours was read from, the same
// request.
func sameMeaning(t *testing.T, br *bufio.Reader, ours reading, canonical, stripped bool) {
	t.Helper()
	theirs, err := http.ReadRequest(br)
	if err != nil {
		t.Fatalf("we read %+v where net/http fails: %v", ours, err)
	}
	payload, err := io.ReadAll(theirs.Body)
	if err != nil {
		t.Fatalf("we read %+v where net/http fails in the body: %v", ours, err)
	}
	path := theirs.URL.Path
	if !canonical {
		if path == "" {
			path = "/"
		}
		path = plainPath(path)
	}
	if theirs.Method != ours.method || strings.ToLower(theirs.Host) != ours.host ||
		path != ours.path || theirs.URL.RawQuery != ours.query || string(payload) != ours.body {
		t.Fatalf("we read %+v,\nnet/http %s %s %s %s %q", ours, theirs.Method, theirs.Host, path, theirs.URL.RawQuery, payload)
	}
	mine, other := comparableHeader(ours.header, true), comparableHeader(theirs.Header, false)
	if stripped {
		for name := range mine {
			if strings.Contains(hopByHop, ","+strings.ToLower(name)+",") {
				delete(mine, name)
			}
		}
	}
	if !reflect.DeepEqual(mine, other) {
		t.Fatalf("we read %v, net/http %v", mine, other)
	}
}

func checkAgainstNetHTTP(t *testing.T, raw []byte) {
	t.Helper()
	br := bufio.NewReader(bytes.NewReader(raw))
	for _, ours := range readAll(t, raw) {
		skipEmptyLines(br)
		sameMeaning(t, br, ours, false, false)
		again := bufio.NewReader(strings.NewReader(ours.forwarded))
		sameMeaning(t, again, ours, true, true)
		if rest, _ := io.ReadAll(again); len(rest) > 0 {
			t.Fatalf("%q is left after what we forward", rest)
		}
	}
}

// skipEmptyLines does what RFC 9112, 2.2 allows and net/http does not.
func skipEmptyLines(br *bufio.Reader) {
	for {
		b, err := br.Peek(1)
		if err == nil && b[0] == '\n' {
			br.Discard(1)
			continue
		}
		if b, err = br.Peek(2); err == nil && string(b) == "\r\n" {
			br.Discard(2)
			continue
		}
		return
	}
}

// corpus are requests around the edges of the rules, alone and pipelined.
var corpus = func() (all []string) {
	heads := []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n", browser,
		"POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n1;a=b\r\n!\r\n0\r\nX: y\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0005\r\nhello\r\n000\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
		"GET http://x/a HTTP/1.1\r\nHost: X\r\n\r\n", "GET http://x?a HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /a/../b//c/%2e HTTP/1.1\r\nHost: x:80\r\n\r\n", "GET /%41%20%3f HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
		"GET / HTTP/1.1\nHost: x\r\n\r\n", "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nX_A: 1\r\nX-A: 2\r\nx-a: 3\r\n\r\n",
		"GET //x/y HTTP/1.1\r\nHost: x\r\n\r\n", "GET /x://y HTTP/1.1\r\nHost: x\r\n\r\n", "GET /;a=b/c HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", // broken off
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nCookie: a=1\r\nCookie: b=2\r\nA:\t b \t\r\n\r\n",
	}
	for _, h := range heads {
		all = append(all, h, h+heads[0], h+heads[2], h+heads[3])
	}
	return all
}()

func TestNetHTTPReadsTheSame(t *testing.T) {
	accepted := 0
	for _, raw := range corpus {
		accepted += len(readAll(t, []byte(raw)))
		checkAgainstNetHTTP(t, []byte(raw))
	}
	if accepted < len(corpus) {
		t.Errorf("only %d requests of %d connections were accepted: nothing was compared", accepted, len(corpus))
	}
}

func FuzzFraming(f *testing.F) {
	for _, raw := range corpus {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) { checkAgainstNetHTTP(t, raw) })
}
