package gateway

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// soak returns how long the long tests run and whether that was asked for:
// RISKGATE_SOAK=60s.
func soak(t testing.TB, short time.Duration) (time.Duration, bool) {
	t.Helper()
	text := os.Getenv("RISKGATE_SOAK")
	if text == "" {
		return short, false
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("RISKGATE_SOAK: %v", err)
	}
	return d, true
}

// load is a crowd of clients that count what went wrong.
type load struct {
	*site
	ctx     context.Context
	running sync.WaitGroup
	done    atomic.Int64 // requests answered as they should be
	failed  atomic.Int64
	mu      sync.Mutex // guards first
	first   string     // what went wrong first
}

func (l *load) fail(format string, args ...any) {
	l.failed.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == "" {
		l.first = fmt.Sprintf(format, args...)
	}
}

// repeat calls ask until the load ends; it returns what went wrong, or nothing.
func (l *load) repeat(ask func() string) {
	l.running.Go(func() {
		for l.ctx.Err() == nil {
			if wrong := ask(); wrong != "" {
				l.fail("%s", wrong)
			} else {
				l.done.Add(1)
			}
		}
	})
}

func (l *load) item() string {
	if status, body := l.get("/items/7"); status != 200 || body != "ok /items/7\n" {
		return fmt.Sprintf("item: %d %q", status, body)
	}
	return ""
}

func (l *load) upload() string {
	r := l.request("/upload")
	r.Method, r.Body = http.MethodPost, io.NopCloser(io.LimitReader(&repeated{text: []byte("x")}, 1<<20)) // chunked
	if status, body := l.do(r); status != 200 || body != "1048576 <nil>\n" {
		return fmt.Sprintf("upload: %d %q", status, body)
	}
	return ""
}

func (l *load) download() string {
	resp, err := l.client.Do(l.request("/large"))
	if err != nil {
		return "download: " + err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	want, _ := io.ReadAll(largeBody())
	if err != nil || !bytes.Equal(body, want) {
		return fmt.Sprintf("download: %d bytes of %d, %v", len(body), largeBytes, err)
	}
	return ""
}

// follow reads one event stream until the load ends and counts every event.
func (l *load) follow() {
	resp, err := (&http.Client{Transport: l.client.Transport}).Do(l.request("/ticks").WithContext(l.ctx))
	if err != nil {
		l.fail("stream: %v", err)
		return
	}
	defer resp.Body.Close()
	events := bufio.NewScanner(resp.Body)
	for n := 1; events.Scan(); n++ {
		if got, want := events.Text(), fmt.Sprintf("data: %d", n); got != want {
			l.fail("stream: %q, want %q", got, want)
			return
		}
		events.Scan() // the empty line
		l.done.Add(1)
	}
	if l.ctx.Err() == nil {
		l.fail("stream ended: %v", events.Err())
	}
}

// generations are configurations that differ in everything a reload can change.
// The first gives writes and answers so little time that it is over before the
// first comes again.
func generations(s *site) []parts {
	s.write("any.cedar", "permit (principal, action, resource);\n")
	other := httptest.NewServer(s.routes())
	s.t.Cleanup(other.Close)
	return []parts{
		{listener: "write_timeout: 1s", pool: "response_timeout: 1s"},
		{risk: "mode: shadow", routes: `- {id: more, match: {path: "/more/{id}"}, pool: service}`},
		{risk: "mode: shadow, classes: {normal: {throttle: 22}}", authz: "policies: any.cedar"},
		{rate: "address: 900000/s, subject: 900000/s, burst: 50000", listener: "max_body: 3MiB"},
		{service: other.URL},
	}
}

func TestReloadUnderLoadFailsNoRequest(t *testing.T) {
	lasts, long := soak(t, 3*time.Second)
	every := 300 * time.Millisecond
	if long {
		every = time.Second
	}
	s := newSite(t)
	next := generations(s)
	s.configure(next[0])
	s.start()
	s.want("/items/7", http.StatusOK)
	routines := runtime.NumGoroutine()
	ctx, cancel := context.WithTimeout(t.Context(), lasts)
	defer cancel()
	l := &load{site: s, ctx: ctx}
	for range 4 {
		l.repeat(l.item)
		l.running.Go(l.follow)
	}
	l.repeat(l.download)
	l.repeat(l.upload)
	reloads := 0
	for tick := time.NewTicker(every); ctx.Err() == nil; {
		select {
		case <-tick.C:
			reloads++
			s.configure(next[reloads%len(next)])
			if err := s.Reload(); err != nil {
				t.Errorf("reload %d: %v", reloads, err)
			}
		case <-ctx.Done():
			tick.Stop()
		}
	}
	l.running.Wait()
	t.Logf("%d reloads, %d requests and events, %d failed", reloads, l.done.Load(), l.failed.Load())
	if n := l.failed.Load(); n != 0 || l.done.Load() < 100 {
		t.Errorf("%d of %d failed, the first: %s", n, n+l.done.Load(), l.first)
	}
	if n := strings.Count(s.log.String(), "panic"); n != 0 {
		t.Errorf("%d panics", n)
	}
	s.client.CloseIdleConnections()
	s.service.CloseClientConnections()
	eventually(t, "every old snapshot is closed, which has more than one goroutine of its own",
		func() bool { return runtime.NumGoroutine() < routines+reloads }) // workers of the listener stay for a while
}
