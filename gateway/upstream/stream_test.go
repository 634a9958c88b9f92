package upstream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// startGateway serves p with fasthttp, as the pipeline does. Done, if not nil,
// gets what OnEnd reports.
func startGateway(t testing.TB, p *Pool, done func(int64, error)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &fasthttp.Server{
		StreamRequestBody: true, DisablePreParseMultipartForm: true, MaxRequestBodySize: 1 << 30,
		ReadTimeout: 10 * time.Second, WriteTimeout: time.Second, NoDefaultServerHeader: true,
		Logger: log.New(io.Discard, "", 0),
		Handler: func(ctx *fasthttp.RequestCtx) {
			v := viewOf(string(ctx.Method()), string(ctx.RequestURI()), string(ctx.Request.Header.RawHeaders()))
			v.BodyLength = int64(ctx.Request.Header.ContentLength())
			if v.BodyLength == -2 {
				v.BodyLength = 0
			}
			req := new(Request)
			if ctx.Request.IsBodyStream() {
				req.SetBodyStream(ctx.RequestBodyStream(), v.BodyLength)
			} else {
				req.SetBody(ctx.Request.Body())
			}
			Prepare(req, v, new(Headers))
			r := p.Forward(req, &ctx.Response)
			if r.Denial != "" {
				ctx.SetStatusCode(r.Denial.Status())
				ctx.SetBodyString(string(r.Denial))
			}
			if r.Body != nil {
				r.Body.pulse = 20 * time.Millisecond
				r.Body.Watch(wrapped{ctx.Conn()}, 10*time.Second)
				if done != nil {
					r.Body.OnEnd(done)
				}
			}
		},
	}
	stopped := make(chan struct{})
	go func() { defer close(stopped); _ = s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.ShutdownWithContext(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		<-stopped
	})
	return "http://" + l.Addr().String()
}

// wrapped hides the type of a connection, as a listener's wrapper does.
type wrapped struct{ net.Conn }

func (w wrapped) NetConn() net.Conn { return w.Conn }

// endless is a source without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestForwardStreamsLargeBodies moves bodies up and down, sized and chunked,
// while the heap stays small.
func TestForwardStreamsLargeBodies(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 640 MiB over loopback; left out with -short")
	}
	const large, medium = 256 << 20, 64 << 20
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			dir, name := path.Split(r.URL.Path)
			size, _ := strconv.ParseInt(name, 10, 64)
			if dir == "/sized/" {
				w.Header().Set("Content-Length", fmt.Sprint(size))
			}
			_, _ = io.CopyN(w, endless{}, size)
			return
		}
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, " ", r.ContentLength, " ", err)
	}))
	defer up.Close()
	gate := startGateway(t, testPool(t, nil, up.URL), nil)
	peak, stop := watchHeap()
	for _, c := range []struct{ size, length int64 }{{large, large}, {medium, -1}} {
		req, _ := http.NewRequest("POST", gate, io.LimitReader(endless{}, c.size))
		req.ContentLength = c.length
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if want := fmt.Sprint(c.size, " ", c.length, " <nil>"); string(body) != want {
			t.Errorf("upstream got %q, want %q", body, want)
		}
	}
	for _, c := range []struct {
		path string
		size int64
	}{{"/sized/", medium}, {"/chunked/", large}} {
		resp, err := http.Get(gate + c.path + fmt.Sprint(c.size))
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if n != c.size || err != nil || (resp.ContentLength == c.size) != (c.path == "/sized/") {
			t.Errorf("%s: %d bytes, length %d, %v", c.path, n, resp.ContentLength, err)
		}
	}
	stop()
	t.Logf("heap grew by at most %d KiB", peak()>>10)
	if got := peak(); got > 32<<20 {
		t.Errorf("heap grew by %d MiB, want at most 32", got>>20)
	}
}

// watchHeap samples the live heap until stop; peak returns its largest growth.
func watchHeap() (peak func() uint64, stop func()) {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var most atomic.Uint64
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				runtime.ReadMemStats(&now)
				if now.HeapInuse > before.HeapInuse {
					most.Store(max(most.Load(), now.HeapInuse-before.HeapInuse))
				}
			}
		}
	}()
	return most.Load, func() { close(quit); <-done }
}

// TestForwardFlushesEvents: the second event is sent after the first was read.
func TestForwardFlushesEvents(t *testing.T) {
	next := make(chan struct{})
	up := startRaw(t, func(_ int, c net.Conn, br *bufio.Reader) {
		_, _ = readRequestHead(br)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
		for i := range 3 {
			<-next
			event := fmt.Sprintf("data: %d\n\n", i)
			fmt.Fprintf(c, "%x\r\n%s\r\n", len(event), event)
		}
		_, _ = io.WriteString(c, "0\r\n\r\n")
	})
	ended := make(chan int64, 1)
	gate := startGateway(t, testPool(t, nil, up.url()), func(n int64, err error) {
		if err != nil {
			t.Errorf("stream ended with %v", err)
		}
		ended <- n
	})
	resp, err := http.Get(gate) // returns with the header, before any event
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	events := bufio.NewReader(resp.Body)
	for i := range 3 {
		next <- struct{}{}
		line, err := events.ReadString('\n')
		if want := fmt.Sprintf("data: %d\n", i); line != want || err != nil {
			t.Fatalf("event %q, %v, want %q", line, err, want)
		}
		_, _ = events.ReadString('\n')
	}
	if n := <-ended; n != 27 {
		t.Errorf("OnEnd counts %d bytes, want 27", n)
	}
}

// TestForwardClosesUpstreamWhenClientLeaves: while the upstream writes, and
// while it is silent.
func TestForwardClosesUpstreamWhenClientLeaves(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, silent := range []bool{false, true} {
		left := make(chan struct{})
		up := startRaw(t, func(_ int, c net.Conn, br *bufio.Reader) {
			defer close(left)
			_, _ = readRequestHead(br)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
			if silent {
				_, _ = io.Copy(io.Discard, br)
				return
			}
			for {
				if _, err := io.WriteString(c, "5\r\nhello\r\n"); err != nil {
					return
				}
			}
		})
		u, p := testUpstreams(t, nil, up.url())
		errs := make(chan error, 1)
		gate := startGateway(t, p, func(_ int64, err error) { errs <- err })
		tr := &http.Transport{}
		resp, err := (&http.Client{Transport: tr}).Get(gate)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.ReadFull(resp.Body, make([]byte, 5))
		resp.Body.Close()
		tr.CloseIdleConnections()
		within(t, "the end of the upstream connection", left)
		if err := <-errs; err == nil || silent && !errors.Is(err, errClientGone) {
			t.Errorf("silent %v: OnEnd reports %v", silent, err)
		}
		if s := u.Stats()[0]; s.Pending != 0 || s.Idle != 0 {
			t.Errorf("silent %v: %+v", silent, s)
		}
	}
	// What is left belongs to the two test servers of the gateway.
	eventually(t, "the end of every goroutine of the streams", func() bool {
		return runtime.NumGoroutine() <= before+12
	})
}

// TestWatchLiftsItsDeadline: the next response on the client's connection has all
// the time that the server gives it.
func TestWatchLiftsItsDeadline(t *testing.T) {
	up := startRaw(t, answering("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat("x", 100_000)))
	_, r := get(t, testPool(t, nil, up.url()))
	client := new(deadlines)
	r.Body.Watch(client, time.Minute)
	if n, err := io.Copy(io.Discard, r.Body); n != 100_000 || err != nil {
		t.Fatal(n, err)
	}
	if client.last.IsZero() {
		t.Error("no deadline was set")
	}
	r.Body.Close()
	if !client.last.IsZero() {
		t.Errorf("the deadline stays at %v", client.last)
	}
}

// deadlines remembers the last deadline of writes.
type deadlines struct {
	net.Conn
	last time.Time
}

func (d *deadlines) SetDeadline(t time.Time) error      { d.last = t; return nil }
func (d *deadlines) SetWriteDeadline(t time.Time) error { d.last = t; return nil }

func TestBodyEndsWithSilence(t *testing.T) {
	up := startRaw(t, func(_ int, c net.Conn, br *bufio.Reader) {
		_, _ = readRequestHead(br)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc")
		_, _ = io.Copy(io.Discard, br)
	})
	p := testPool(t, func(c *PoolConfig) { c.IdleTimeout = 30 * time.Millisecond }, up.url())
	resp, r := get(t, p)
	if r.Denial != "" || r.Body == nil {
		t.Fatal(r)
	}
	body, err := readBody(resp)
	if string(body) != "abc" || !errors.Is(err, errSilent) {
		t.Errorf("%q, %v", body, err)
	}
}

// TestBodyRefusesMalformedChunks: the client must see that the body is broken.
func TestBodyRefusesMalformedChunks(t *testing.T) {
	for name, body := range map[string]string{
		"size":           "x\r\nab\r\n0\r\n\r\n",
		"negative":       "-2\r\nab\r\n0\r\n\r\n",
		"empty size":     "\r\nab\r\n0\r\n\r\n",
		"space":          "2 \r\nab\r\n0\r\n\r\n",
		"huge":           "ffffffffffffffff\r\nab",
		"LF":             "2\nab\r\n0\r\n\r\n",
		"LF in data end": "2\r\nab\n0\r\n\r\n",
		"longer data":    "2\r\nabc\r\n0\r\n\r\n",
		"cut":            "2\r\nab\r\n",
		"no last CRLF":   "2\r\nab\r\n0\r\n",
		"long trailer":   "2\r\nab\r\n0\r\n" + strings.Repeat("T: "+strings.Repeat("v", 100)+"\r\n", 100) + "\r\n",
	} {
		up := startRaw(t, func(_ int, c net.Conn, br *bufio.Reader) {
			_, _ = readRequestHead(br)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+body)
		})
		resp, r := get(t, testPool(t, nil, up.url()))
		if r.Denial != "" {
			t.Fatal(r)
		}
		if b, err := readBody(resp); err == nil {
			t.Errorf("%s: body %q without an error", name, b)
		}
	}
}
