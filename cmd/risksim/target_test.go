package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// What is no gateway shows at the first request.
func TestLiveTriesItsTarget(t *testing.T) {
	var requests atomic.Int64
	answering := func(status int) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			requests.Add(1)
			w.WriteHeader(status)
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "SSH-2.0-server\r\n")
			c.Close()
		}
	}()
	for target, want := range map[string]string{
		"http://" + freeAddress(t):               "connection refused",
		"http://" + l.Addr().String():            "malformed HTTP",
		answering(http.StatusMisdirectedRequest): "421 Misdirected Request",
		answering(http.StatusBadRequest):         "400 Bad Request",
	} {
		var out, faults bytes.Buffer
		labels := filepath.Join(t.TempDir(), "labels.jsonl")
		code := run([]string{"live", "--world", "A", "--users", "50", "--days", "20", "--target", target, "--labels", labels, "--time-scale", "0"}, &out, &faults)
		if text := faults.String(); code != exitFault || !strings.Contains(text, "--target "+target+": no gateway answers there") ||
			!strings.Contains(text, want) || out.Len() > 0 {
			t.Errorf("%s: exit %d, want %q:\n%s%s", target, code, want, text, &out)
		}
	}
	if n := requests.Load(); n != 2 {
		t.Errorf("%d requests after the first answer, want none", n-2)
	}
	var out, faults bytes.Buffer
	args := []string{"live", "--world", "A", "--users", "20", "--days", "5", "--labels", filepath.Join(t.TempDir(), "l"), "--time-scale", "0", "--target", answering(200)}
	if code := run(args, &out, &faults); code != exitDone || !strings.Contains(faults.String(), "no X-Request-Id") {
		t.Errorf("exit %d: %s", code, &faults)
	}
}

func TestProgressIsToldEveryFewSeconds(t *testing.T) {
	var out bytes.Buffer
	at, day := time.Unix(1000, 0), mustDay(t, "2026-03-02")
	p := newProgress(&out, "requests sent", at, day.AddDate(0, 0, 5))
	p.tell(at.Add(patience-1), 10, day)
	p.tell(at.Add(patience), 20, day.Add(time.Hour))
	p.tell(at.Add(patience+1), 30, day.Add(2*time.Hour))
	if got, want := out.String(), "risksim: 20 requests sent, at 2026-03-02 01:00:00 of a world until 2026-03-07 00:00:00\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
