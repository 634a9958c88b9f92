package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riskgate/riskgate/gateway/authn"
)

// recorder is a server that remembers what it was sent.
type recorder struct {
	*httptest.Server
	mu   sync.Mutex // guards seen
	seen []string   // "client METHOD target agent referer key"
}

func newRecorder(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *recorder {
	g := &recorder{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		g.seen = append(g.seen, strings.Join([]string{
			r.Header.Get("X-Forwarded-For"), r.Method, r.RequestURI, r.UserAgent(), r.Referer(), r.Header.Get("X-Api-Key"),
		}, " "))
		g.mu.Unlock()
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(g.Close)
	return g
}

func logFile(t *testing.T, lines ...string) string {
	path := filepath.Join(t.TempDir(), "access.log")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func line(client string, second int, request, agent string) string {
	return fmt.Sprintf(`%s - - [17/May/2015:10:05:%02d +0000] "%s" 200 1 "http://ref/" "%s"`, client, second, request, agent)
}

func TestReplayKeepsOrderAddressAndAgent(t *testing.T) {
	g := newRecorder(t, nil)
	log := logFile(t,
		line("192.0.2.1", 3, "GET /b?x=%20 HTTP/1.1", "A"),
		line("192.0.2.1", 1, "GET /a HTTP/1.0", "A"),
		line("192.0.2.2", 2, "POST //two HTTP/1.1", "-"),
		"nonsense",
		line("192.0.2.1", 4, "HEAD /c HTTP/1.1", "A"),
	)
	var out, faults bytes.Buffer
	code := run([]string{"--access-log", log, "--target", g.URL, "--time-scale", "0"}, &out, &faults)
	if code != exitDone {
		t.Fatalf("exit %d: %s", code, &faults)
	}
	var one, two []string
	for _, s := range g.seen {
		if strings.HasPrefix(s, "192.0.2.1 ") {
			one = append(one, s)
		} else {
			two = append(two, s)
		}
	}
	want := "192.0.2.1 GET /a A http://ref/ |192.0.2.1 GET /b?x=%20 A http://ref/ |192.0.2.1 HEAD /c A http://ref/ "
	if got := strings.Join(one, "|"); got != want {
		t.Errorf("client 1 sent\n%s, want\n%s", got, want)
	}
	if got := strings.Join(two, "|"); got != "192.0.2.2 POST //two  http://ref/ " {
		t.Errorf("client 2 sent %q", got)
	}
	if !strings.Contains(faults.String(), ":4: not sent: ") {
		t.Errorf("the malformed line is not named:\n%s", &faults)
	}
	if !strings.HasPrefix(out.String(), "4 requests of 2 clients") || !strings.Contains(out.String(), "0 without an answer, 1 lines not read") {
		t.Errorf("summary:\n%s", &out)
	}
}

func TestScheduleIsTheRecordedOneScaled(t *testing.T) {
	begin := time.Unix(1000, 0)
	first := time.Unix(500, 0)
	for _, c := range []struct {
		scale float64
		after time.Duration // of the recorded time since the first
		now   time.Duration // since the begin
		want  time.Duration
	}{{1, time.Minute, 0, time.Minute}, {60, time.Minute, 0, time.Second}, {60, time.Minute, 3 * time.Second, 0}, {0, time.Hour, 0, 0}} {
		s := schedule{begin, first, c.scale}
		if got := s.wait(first.Add(c.after), begin.Add(c.now)); got != c.want {
			t.Errorf("%+v: wait %v", c, got)
		}
	}
}

func TestBrowsersSendWhatBrowsersSend(t *testing.T) {
	g := newRecorder(t, func(w http.ResponseWriter, r *http.Request) {
		if isBrowser := strings.HasPrefix(r.UserAgent(), "Mozilla"); isBrowser != (r.Header.Get("Accept-Language") != "") ||
			r.Header.Get("Accept") == "" || r.Header.Get("Accept-Encoding") == "" {
			w.WriteHeader(http.StatusTeapot)
		}
	})
	log := logFile(t, line("192.0.2.1", 1, "GET / HTTP/1.1", "Mozilla/5.0 (X11; rv:1) Firefox/1"), line("192.0.2.2", 1, "GET / HTTP/1.1", "curl/8"))
	var out, faults bytes.Buffer
	if code := run([]string{"--access-log", log, "--target", g.URL}, &out, &faults); code != exitDone || strings.Contains(out.String(), "418") {
		t.Errorf("exit %d: %s%s", code, &faults, &out)
	}
}

func TestSummaryTellsWhatClientsMet(t *testing.T) {
	g := newRecorder(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Riskgate-Action", "allow")
		if r.RequestURI == "/denied" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set("X-Riskgate-Action", "deny")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"title":"Refused by risk","status":403}`)
		}
	})
	log := logFile(t,
		line("192.0.2.1", 1, "GET / HTTP/1.1", "Mozilla/5.0 (X11; rv:1) Firefox/1"),
		line("192.0.2.1", 2, "GET /denied HTTP/1.1", "Mozilla/5.0 (X11; rv:1) Firefox/1"),
		line("192.0.2.2", 2, "GET /denied HTTP/1.1", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
	)
	report := filepath.Join(t.TempDir(), "report.json")
	var out, faults bytes.Buffer
	if code := run([]string{"--access-log", log, "--target", g.URL, "--time-scale", "0", "--report", report}, &out, &faults); code != exitDone {
		t.Fatalf("exit %d: %s", code, &faults)
	}
	for _, want := range []string{"status          2  403\n", "action          2  deny\n", "refusal         2  403 Refused by risk\n",
		"clients with a browser's agent: 1, of which met 401: 0, 403: 1, 429: 0\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	content, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var s summary
	if err := json.Unmarshal(content, &s); err != nil || len(s.Clients) != 2 || s.Clients[0].Statuses["403"] != 1 || !s.Clients[0].Human {
		t.Errorf("report %s, %v", content, err)
	}
}

// The key file is read by the gateway's own reader, and each client shows the key
// that stands in it.
func TestKeysPerClient(t *testing.T) {
	g := newRecorder(t, nil)
	log := logFile(t, line("192.0.2.1", 1, "GET / HTTP/1.1", "A"), line("2001:db8::1", 1, "GET / HTTP/1.1", "A"))
	file := filepath.Join(t.TempDir(), "keys.yaml")
	var out, faults bytes.Buffer
	if code := run([]string{"--access-log", log, "--write-keys", file}, &out, &faults); code != exitDone {
		t.Fatalf("exit %d: %s", code, &faults)
	}
	keys, err := authn.ReadKeys(file, time.Now())
	if err != nil || len(keys) != 2 || keys[0].ID != "log-192.0.2.1" || keys[0].Owner != "log-192.0.2.1" {
		t.Fatalf("keys %+v, %v", keys, err)
	}
	if code := run([]string{"--access-log", log, "--target", g.URL, "--keys", "per-client"}, &out, &faults); code != exitDone {
		t.Fatalf("exit %d: %s", code, &faults)
	}
	for _, s := range g.seen {
		client, _, _ := strings.Cut(s, " ")
		id := "log-" + strings.ReplaceAll(client, ":", "-")
		if !strings.Contains(s, " rgk_"+id+"_") {
			t.Errorf("%s shows another key", s)
		}
	}
}

func TestNoAnswerIsCounted(t *testing.T) {
	g := newRecorder(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	log := logFile(t, line("192.0.2.1", 1, "GET / HTTP/1.1", "A"))
	var out, faults bytes.Buffer
	if code := run([]string{"--access-log", log, "--target", g.URL}, &out, &faults); code != exitDone {
		t.Fatalf("exit %d: %s", code, &faults)
	}
	if !strings.Contains(out.String(), "1 without an answer") {
		t.Errorf("summary:\n%s", &out)
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range []string{
		"", "--access-log x", "--access-log x --target y --keys some", "--access-log x --target y z",
		"--access-log x --target y --time-scale -1", "--nonsense",
	} {
		if code := run(strings.Fields(args), &bytes.Buffer{}, &bytes.Buffer{}); code != exitUsage {
			t.Errorf("risksim %s: exit %d, want %d", args, code, exitUsage)
		}
	}
	if code := run([]string{"--access-log", "missing", "--target", "http://127.0.0.1"}, &bytes.Buffer{}, &bytes.Buffer{}); code != exitFault {
		t.Errorf("a missing log: exit %d, want %d", code, exitFault)
	}
}

func TestAllOfTheRealLogIsSent(t *testing.T) {
	dir := os.Getenv("RISKGATE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	log := filepath.Join(dir, "logs", "apache_logs")
	if _, err := os.Stat(log); err != nil {
		t.Skipf("SKIPPED: no %s: set RISKGATE_DATA to the folder of real data", log)
	}
	g := newRecorder(t, nil)
	var out, faults bytes.Buffer
	if code := run([]string{"--access-log", log, "--target", g.URL, "--time-scale", "0"}, &out, &faults); code != exitDone {
		t.Fatalf("exit %d: %s", code, &faults)
	}
	if !strings.HasPrefix(out.String(), "10000 requests of 1753 clients") || len(g.seen) != 10_000 {
		t.Errorf("the server saw %d requests\n%s", len(g.seen), &out)
	}
	t.Log(out.String())
}
