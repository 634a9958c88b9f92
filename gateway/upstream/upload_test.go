package upstream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/valyala/fasthttp"
)

// TestForwardStopsUploadForAnswer: the upstream refuses before it has read.
func TestForwardStopsUploadForAnswer(t *testing.T) {
	up := startRaw(t, func(_ int, c net.Conn, br *bufio.Reader) {
		_, _ = readRequestHead(br)
		_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
		_, _ = io.Copy(io.Discard, io.LimitReader(br, 1<<20)) // and then reads no more
		time.Sleep(10 * time.Millisecond)
	})
	p := testPool(t, nil, up.url())
	resp := new(fasthttp.Response)
	r := p.Forward(streamed("POST", endless{}, -1), resp)
	if r.Denial != "" || resp.StatusCode() != 413 || string(resp.Body()) != "big" {
		t.Errorf("%+v, %d %q", r, resp.StatusCode(), resp.Body())
	}
	if !resp.ConnectionClose() {
		t.Error("the client's connection stays open with an unread body in it")
	}
	if n := p.members[0].idleCount(); n != 0 {
		t.Error("the upstream's connection was kept with half a request in it")
	}
}

// TestForwardHoldsEarlySuccess: the upstream answers 200 at once and reads on.
func TestForwardHoldsEarlySuccess(t *testing.T) {
	got := make(chan int64, 1)
	up := startRaw(t, func(_ int, c net.Conn, br *bufio.Reader) {
		_, _ = readRequestHead(br)
		_, _ = io.WriteString(c, okAnswer)
		n, _ := io.CopyN(io.Discard, br, 1<<20)
		got <- n
		_, _ = br.ReadByte()
	})
	p := testPool(t, nil, up.url())
	resp := new(fasthttp.Response)
	r := p.Forward(streamed("PUT", io.LimitReader(endless{}, 1<<20), 1<<20), resp)
	if n := <-got; r.Denial != "" || string(resp.Body()) != "ok" || n != 1<<20 {
		t.Errorf("%+v, %q, upstream read %d", r, resp.Body(), n)
	}
	if p.members[0].idleCount() != 1 || resp.ConnectionClose() {
		t.Error("a complete exchange did not keep its connections")
	}
}

// TestForwardEndsUploads: to a server that stops reading, and to one that goes.
func TestForwardEndsUploads(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	stalls := startRaw(t, func(_ int, _ net.Conn, br *bufio.Reader) { _, _ = readRequestHead(br); <-stop })
	goes := startRaw(t, func(_ int, _ net.Conn, br *bufio.Reader) { _, _ = readRequestHead(br) })
	for _, c := range []struct {
		up     *rawUpstream
		denial models.Denial
		proxy  string
	}{
		{stalls, models.UpstreamTimeout, "connection_write_timeout"},
		{goes, models.UpstreamRefused, "connection_terminated"},
	} {
		u, p := testUpstreams(t, func(c *PoolConfig) { c.IdleTimeout = 50 * time.Millisecond }, c.up.url())
		resp := new(fasthttp.Response)
		r := p.Forward(streamed("POST", endless{}, -1), resp)
		if r.Denial != c.denial || r.ProxyError != c.proxy || !resp.ConnectionClose() {
			t.Errorf("%+v, want %s %s", r, c.denial, c.proxy)
		}
		if s := u.Stats()[0]; s.Pending != 0 || s.Idle != 0 {
			t.Errorf("%+v", s)
		}
	}
}

// TestUploadKeepsConnections: large bodies in turn, on one connection.
func TestUploadKeepsConnections(t *testing.T) {
	var conns atomic.Int64
	up := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		w.WriteHeader(404) // an answer that would stop an upload, had it not ended
		fmt.Fprint(w, n, err)
	}))
	up.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	up.Start()
	defer up.Close()
	p := testPool(t, nil, up.URL)
	for i := range 20 {
		size := []int{200_000, -1}[i%2]
		resp := new(fasthttp.Response)
		r := p.Forward(streamed("POST", io.LimitReader(endless{}, 200_000), size), resp)
		if r.Denial != "" || string(resp.Body()) != "200000 <nil>" || resp.ConnectionClose() {
			t.Fatalf("%+v, %q", r, resp.Body())
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("20 uploads took %d connections, want 1", n)
	}
}

func TestForwardReportsTheClientsBody(t *testing.T) {
	up := startRaw(t, func(_ int, _ net.Conn, br *bufio.Reader) { _, _ = io.Copy(io.Discard, br) })
	broken := io.MultiReader(strings.NewReader("abc"), errReader{errors.New("reset")})
	late := errReader{context.DeadlineExceeded}
	for _, c := range []struct {
		name   string
		req    *Request
		denial models.Denial
	}{
		{"broken chunked", streamed("POST", broken, -1), models.MalformedRequest},
		{"too slow", streamed("POST", late, -1), models.BodyTimeout},
		{"ends early", streamed("POST", strings.NewReader("abc"), 100_000), models.MalformedRequest},
		{"small, ends early", streamed("POST", strings.NewReader("abc"), 100), models.MalformedRequest},
		{"announced too large", streamed("POST", endless{}, 2<<20), models.BodyTooLarge},
		{"too large", streamed("POST", endless{}, -1), models.BodyTooLarge},
	} {
		u, p := testUpstreams(t, func(c *PoolConfig) { c.MaxBody = 1 << 20 }, up.url())
		resp := new(fasthttp.Response)
		r := p.Forward(c.req, resp)
		if r.Denial != c.denial || r.ProxyError != "" || !resp.ConnectionClose() {
			t.Errorf("%s: %+v, close %v, want %s", c.name, r, resp.ConnectionClose(), c.denial)
		}
		if s := u.Stats()[0]; s.Pending != 0 || s.Idle != 0 {
			t.Errorf("%s: %+v", c.name, s)
		}
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }
