package upstream

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/valyala/fasthttp"
)

func TestForwardKeepsConnections(t *testing.T) {
	up := startRaw(t, answering(okAnswer))
	p := testPool(t, nil, up.url())
	for range 20 {
		resp, r := get(t, p)
		if r.Denial != "" || resp.StatusCode() != 200 || string(resp.Body()) != "ok" {
			t.Fatalf("Forward = %+v, %d %q", r, resp.StatusCode(), resp.Body())
		}
	}
	if n := up.accepted(); n != 1 {
		t.Errorf("20 requests took %d connections, want 1", n)
	}
}

// TestForwardResponses compares what reaches the client with what came.
func TestForwardResponses(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		status       int
		body         string
	}{
		{"sized", okAnswer, 200, "ok"},
		{"empty", "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", 201, ""},
		{"no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
		{"not modified with length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, ""},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n", 200, "abcde"},
		{"chunked without trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 200, "abcde"},
		{"chunked and empty", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, ""},
		{"interim", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + okAnswer, 200, "ok"},
		{"no reason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
	} {
		up := startRaw(t, answering(c.answer))
		p := testPool(t, nil, up.url())
		for range 2 { // twice: the connection must stay in step
			resp, r := get(t, p)
			body, err := readBody(resp)
			if r.Denial != "" || err != nil || resp.StatusCode() != c.status || string(body) != c.body {
				t.Errorf("%s: %+v, %d %q, %v", c.name, r, resp.StatusCode(), body, err)
			}
			if resp.Header.Peek("Link") != nil {
				t.Errorf("%s: a field of an interim response was kept", c.name)
			}
		}
		if n := up.accepted(); n != 1 {
			t.Errorf("%s: %d connections, want 1", c.name, n)
		}
	}
}

// readBody reads and closes the body of resp.
func readBody(resp *fasthttp.Response) ([]byte, error) {
	if !resp.IsBodyStream() {
		return resp.Body(), nil
	}
	b, err := io.ReadAll(resp.BodyStream())
	_ = resp.CloseBodyStream()
	return b, err
}

func TestForwardReadsToTheEndOfTheConnection(t *testing.T) {
	up := startRaw(t, func(_ int, c net.Conn, br *bufio.Reader) {
		_, _ = readRequestHead(br)
		_, _ = io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\nto the end")
	})
	resp, r := get(t, testPool(t, nil, up.url()))
	if body, err := readBody(resp); r.Denial != "" || err != nil || string(body) != "to the end" {
		t.Errorf("%+v, %q, %v", r, body, err)
	}
	if resp.ConnectionClose() {
		t.Error("the upstream's end of connection became the client's")
	}
}

func TestForwardHead(t *testing.T) {
	up := startRaw(t, answering("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n"))
	p := testPool(t, nil, up.url())
	for range 2 {
		resp := new(fasthttp.Response)
		r := p.Forward(prepared("HEAD", "/", "", nil), resp)
		var wire bytes.Buffer
		w := bufio.NewWriter(&wire)
		if err := resp.Write(w); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		if r.Denial != "" || !strings.Contains(wire.String(), "Content-Length: 5000000\r\n") {
			t.Errorf("%+v, %q", r, wire.String())
		}
	}
}

// TestForwardRefusesAmbiguousResponses: two readers could see different bodies.
func TestForwardRefusesAmbiguousResponses(t *testing.T) {
	for name, answer := range map[string]string{
		"length and chunked":    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"two lengths":           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
		"the same length twice": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
		"list of lengths":       "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab",
		"signed length":         "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab",
		"huge length":           "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nab",
		"gzip, chunked":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"chunked in 1.0":        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"folded":                "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nab",
		"space before colon":    "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nab",
		"bare LF":               "HTTP/1.1 200 OK\nContent-Length: 2\n\n\r\n\r\nab",
		"control":               "HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 2\r\n\r\nab",
		"no version":            "ICY 200 OK\r\nContent-Length: 2\r\n\r\nab",
		"status":                "HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nab",
		"switching":             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
	} {
		up := startRaw(t, answering(answer))
		resp, r := get(t, testPool(t, nil, up.url()))
		if r.Denial != models.UpstreamProtocol || r.ProxyError == "" {
			t.Errorf("%s: %+v, want %s", name, r, models.UpstreamProtocol)
		}
		if resp.Header.ContentLength() != 0 || resp.Header.Peek("X") != nil || len(resp.Body()) != 0 {
			t.Errorf("%s: the response was passed on: %s", name, resp)
		}
	}
}

func TestForwardNamesFailures(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	hangs := startRaw(t, func(_ int, _ net.Conn, br *bufio.Reader) { _, _ = io.Copy(io.Discard, br) })
	end := func(_ int, _ net.Conn, br *bufio.Reader) { _, _ = readRequestHead(br) }
	short := func(_ int, c net.Conn, br *bufio.Reader) {
		_, _ = readRequestHead(br)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
	}
	long := answering("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", maxHead) + "\r\n\r\n")
	for _, c := range []struct {
		url    string
		denial models.Denial
		proxy  string
	}{
		{"http://" + closed.Addr().String(), models.UpstreamRefused, "connection_refused"},
		{"http://name.invalid", models.UpstreamUnavailable, "dns_error"},
		{hangs.url(), models.UpstreamTimeout, "http_response_timeout"},
		{startRaw(t, end).url(), models.UpstreamRefused, "connection_terminated"},
		{startRaw(t, short).url(), models.UpstreamProtocol, "http_response_incomplete"},
		{startRaw(t, long).url(), models.UpstreamProtocol, "http_response_header_section_size"},
	} {
		u, p := testUpstreams(t, func(c *PoolConfig) {
			c.Retries = -1
			if hangs.url() == c.Targets[0] {
				c.ResponseTimeout = 50 * time.Millisecond
			}
		}, c.url)
		_, r := get(t, p)
		if r.Denial != c.denial || r.ProxyError != c.proxy || r.Target != c.url || r.Attempts != 1 {
			t.Errorf("%s: %+v, want %s %s", c.url, r, c.denial, c.proxy)
		}
		s := u.Stats()[0]
		if s.Pending != 0 || s.Idle != 0 || s.Requests != 1 {
			t.Errorf("%s: %+v", c.url, s)
		}
		for _, e := range s.Errors {
			if want := map[bool]uint64{true: 1}[e.Reason == c.denial]; e.Count != want {
				t.Errorf("%s: %d errors %s, want %d", c.url, e.Count, e.Reason, want)
			}
		}
	}
}

// TestForwardRetries: only what cannot have been acted on, and may be repeated.
func TestForwardRetries(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	dead := "http://" + closed.Addr().String()
	for _, c := range []struct {
		method string
		again  bool
	}{{"GET", true}, {"HEAD", true}, {"PUT", true}, {"DELETE", true}, {"OPTIONS", true}, {"POST", false}, {"PATCH", false}} {
		p := testPool(t, nil, dead)
		r := p.Forward(prepared(c.method, "/", "", nil), new(fasthttp.Response))
		if want := map[bool]int{true: 2, false: 1}[c.again]; r.Attempts != want {
			t.Errorf("%s to a dead target: %d attempts, want %d", c.method, r.Attempts, want)
		}
	}
	p := testPool(t, nil, dead)
	r := p.Forward(streamed("PUT", strings.NewReader(strings.Repeat("a", 100_000)), 100_000), new(fasthttp.Response))
	if r.Attempts != 1 {
		t.Errorf("a streamed PUT to a dead target: %d attempts, want 1", r.Attempts)
	}
	up := startRaw(t, answering(okAnswer))
	both := testPool(t, nil, dead, up.url())
	for range 50 {
		if _, r := get(t, both); r.Denial != "" || r.Target != up.url() {
			t.Fatalf("one of two targets is dead: %+v", r)
		}
	}
}

// TestForwardRetriesStaleConnections: the server takes the second request of its
// first connection and closes it unanswered. It may have acted on it, so that only
// what changes nothing is sent again.
func TestForwardRetriesStaleConnections(t *testing.T) {
	for _, c := range []struct {
		method string
		denial models.Denial
		seen   int
	}{
		{"GET", "", 2}, {"HEAD", "", 2}, {"OPTIONS", "", 2},
		{"PUT", models.UpstreamRefused, 1}, {"DELETE", models.UpstreamRefused, 1}, {"POST", models.UpstreamRefused, 1},
	} {
		up := startRaw(t, func(n int, conn net.Conn, br *bufio.Reader) {
			for i := 0; ; i++ {
				if _, err := readRequestHead(br); err != nil || n == 1 && i == 1 {
					return
				}
				_, _ = io.WriteString(conn, okAnswer)
			}
		})
		p := testPool(t, nil, up.url())
		if _, r := get(t, p); r.Denial != "" {
			t.Fatal(r)
		}
		r := p.Forward(prepared(c.method, "/", "", nil), new(fasthttp.Response))
		if r.Denial != c.denial || up.accepted() != c.seen {
			t.Errorf("%s: %+v after %d connections, want %q after %d", c.method, r, up.accepted(), c.denial, c.seen)
		}
	}
}

// TestForwardRetriesWhatWasNotWritten: the write fails on a connection that had
// been kept, so that the server has not got the whole request.
func TestForwardRetriesWhatWasNotWritten(t *testing.T) {
	for _, c := range []struct {
		method string
		body   int
		denial models.Denial
		seen   int
	}{
		{"GET", 0, "", 2}, {"PUT", 10, "", 2}, {"PUT", smallBody + 1, "", 2}, {"DELETE", 0, "", 2},
		{"POST", 10, models.UpstreamRefused, 1},
	} {
		up := startRaw(t, func(_ int, conn net.Conn, br *bufio.Reader) {
			for {
				r, err := http.ReadRequest(br)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(conn, okAnswer)
			}
		})
		p := testPool(t, nil, up.url())
		dial, dialed := p.members[0].dial, 0
		p.members[0].dial = func(t *target, timeout time.Duration) (net.Conn, error) {
			n, err := dial(t, timeout)
			if dialed++; dialed == 1 && err == nil {
				n = &breaking{Conn: n}
			}
			return n, err
		}
		if _, r := get(t, p); r.Denial != "" {
			t.Fatal(r)
		}
		r := p.Forward(prepared(c.method, "/", "", make([]byte, c.body)), new(fasthttp.Response))
		if r.Denial != c.denial || up.accepted() != c.seen {
			t.Errorf("%s of %d bytes: %+v after %d connections, want %q after %d", c.method, c.body, r, up.accepted(), c.denial, c.seen)
		}
	}
}

// breaking is a connection on which only the first write works.
type breaking struct {
	net.Conn
	writes int
}

func (b *breaking) Write(p []byte) (int, error) {
	if b.writes++; b.writes > 1 {
		_ = b.Conn.Close()
		return 0, syscall.EPIPE
	}
	return b.Conn.Write(p)
}

// TestForwardNoticesClosedConnections: even a POST survives that the server has
// closed the connection while it was idle.
func TestForwardNoticesClosedConnections(t *testing.T) {
	up := startRaw(t, func(_ int, c net.Conn, br *bufio.Reader) {
		_, _ = readRequestHead(br)
		_, _ = io.WriteString(c, okAnswer)
	})
	p := testPool(t, nil, up.url())
	for range 20 {
		r := p.Forward(prepared("POST", "/", "", []byte("x")), new(fasthttp.Response))
		if r.Denial != "" {
			t.Fatal(r)
		}
		idle := p.members[0].idle
		if len(idle) == 1 {
			eventually(t, "the end of the connection", idle[0].readable)
		}
	}
}

// TestForwardDropsUnaskedAnswers: bytes behind a response must not become the
// response to the next client.
func TestForwardDropsUnaskedAnswers(t *testing.T) {
	poison := okAnswer + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
	p := testPool(t, nil, startRaw(t, answering(poison)).url())
	for range 20 {
		if resp, _ := get(t, p); string(resp.Body()) != "ok" {
			t.Fatalf("body %q, want the first answer", resp.Body())
		}
	}
}

// TestForwardDropsLateAnswers: nor may bytes that come once the connection has
// gone back, like the body that some servers send after the header of HEAD.
func TestForwardDropsLateAnswers(t *testing.T) {
	answered := make(chan struct{})
	up := startRaw(t, func(n int, c net.Conn, br *bufio.Reader) {
		for {
			if _, err := readRequestHead(br); err != nil {
				return
			}
			_, _ = io.WriteString(c, okAnswer[:len(okAnswer)-2])
			if n > 1 {
				_, _ = io.WriteString(c, "ok")
				continue
			}
			<-answered
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
		}
	})
	p := testPool(t, nil, up.url())
	if r := p.Forward(prepared("HEAD", "/", "", nil), new(fasthttp.Response)); r.Denial != "" {
		t.Fatal(r)
	}
	close(answered)
	idle := p.members[0].idle[0]
	eventually(t, "the late answer", idle.readable)
	if resp, r := get(t, p); string(resp.Body()) != "ok" {
		t.Errorf("the next client got %q, %+v", resp.Body(), r)
	}
}

func TestForwardLimitsConnections(t *testing.T) {
	release := make(chan struct{})
	up := startRaw(t, func(_ int, c net.Conn, br *bufio.Reader) {
		_, _ = readRequestHead(br)
		<-release
		_, _ = io.WriteString(c, okAnswer)
	})
	u, p := testUpstreams(t, func(c *PoolConfig) { c.MaxConnections = 1 }, up.url())
	done := make(chan Result)
	go func() {
		r := p.Forward(prepared("GET", "/", "", nil), new(fasthttp.Response))
		done <- r
	}()
	eventually(t, "the first request", func() bool { return u.Stats()[0].Pending == 1 })
	_, r := get(t, p)
	if r.Denial != models.UpstreamUnavailable || r.ProxyError != "connection_limit_reached" || r.Attempts != 0 {
		t.Errorf("second request: %+v", r)
	}
	close(release)
	if r := <-done; r.Denial != "" {
		t.Errorf("first request: %+v", r)
	}
}

// TestForwardCleansResponses: fields of one connection and the gateway's names
// do not pass.
func TestForwardCleansResponses(t *testing.T) {
	up := startRaw(t, answering("HTTP/1.1 200 OK\r\nServer: secret/1.0\r\nConnection: keep-alive, X-Hop, Content-Type\r\n"+
		"Keep-Alive: timeout=5\r\nX-Hop: 1\r\nX-Riskgate-Score: 0\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\n"+
		"Trailer: T\r\nX-App: yes\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Type: text/x\r\nContent-Length: 2\r\n\r\nok"))
	resp, r := get(t, testPool(t, nil, up.url()))
	if r.Denial != "" {
		t.Fatal(r)
	}
	wire := resp.Header.String()
	for _, gone := range []string{"secret", "Hop", "Riskgate", "Proxy-", "Upgrade", "Keep-Alive", "Trailer", "Connection:"} {
		if strings.Contains(wire, gone) {
			t.Errorf("%q passed:\n%s", gone, wire)
		}
	}
	for _, kept := range []string{"X-App: yes\r\n", "Set-Cookie: a=1\r\n", "Set-Cookie: b=2\r\n", "Content-Type: text/x\r\n"} {
		if !strings.Contains(wire, kept) {
			t.Errorf("%q is missing:\n%s", kept, wire)
		}
	}
}

func TestCleanResponse(t *testing.T) {
	var resp fasthttp.Response
	resp.Header.Set("Server", "s")
	resp.Header.Set("X-Riskgate-Level", "low")
	resp.Header.Set("Keep-Alive", "timeout=5")
	resp.Header.Set("X-Hop", "1")
	resp.Header.Set("X-App", "yes")
	resp.Header.Set("Connection", "X-Hop")
	resp.SetBodyString("ok")
	CleanResponse(&resp)
	for _, gone := range []string{"Server", "X-Riskgate-Level", "Keep-Alive", "X-Hop", "Connection"} {
		if v := resp.Header.Peek(gone); len(v) > 0 {
			t.Errorf("%s: %s is left", gone, v)
		}
	}
	if string(resp.Header.Peek("X-App")) != "yes" {
		t.Error("X-App is gone")
	}
}

func TestForwardBuffersForOldClients(t *testing.T) {
	up := startRaw(t, answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: v\r\n\r\n"))
	u, p := testUpstreams(t, nil, up.url())
	for range 2 {
		req, v := new(Request), viewOf("GET", "/", "")
		v.Minor = 0
		Prepare(req, v, new(Headers))
		resp := new(fasthttp.Response)
		r := p.Forward(req, resp)
		if r.Denial != "" || resp.IsBodyStream() || string(resp.Body()) != "abc" {
			t.Errorf("%+v, stream %v, %q", r, resp.IsBodyStream(), resp.Body())
		}
	}
	if s := u.Stats()[0]; s.Pending != 0 || s.Idle != 1 || up.accepted() != 1 {
		t.Errorf("%+v after %d connections", s, up.accepted())
	}
}

// TestForwardLargeBufferedBody sends one that does not go with the header, to a
// server that reads it and to one that refuses it unread.
func TestForwardLargeBufferedBody(t *testing.T) {
	body := bytes.Repeat([]byte("x"), 4<<20)
	reads := startRaw(t, func(_ int, c net.Conn, br *bufio.Reader) {
		for {
			if _, err := readRequestHead(br); err != nil {
				return
			}
			if _, err := io.CopyN(io.Discard, br, int64(len(body))); err != nil {
				return
			}
			_, _ = io.WriteString(c, okAnswer)
		}
	})
	p := testPool(t, nil, reads.url())
	for range 2 {
		resp := new(fasthttp.Response)
		if r := p.Forward(prepared("POST", "/", "", body), resp); r.Denial != "" || string(resp.Body()) != "ok" {
			t.Errorf("%+v, %q", r, resp.Body())
		}
	}
	refuses := startRaw(t, func(_ int, c net.Conn, br *bufio.Reader) {
		_, _ = readRequestHead(br)
		_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
		_ = c.(*net.TCPConn).CloseWrite()
		_, _ = io.CopyN(io.Discard, br, 1<<20)
	})
	resp := new(fasthttp.Response)
	r := testPool(t, nil, refuses.url()).Forward(prepared("POST", "/", "", body), resp)
	if r.Denial != "" || resp.StatusCode() != 413 {
		t.Errorf("%+v, %d", r, resp.StatusCode())
	}
}
