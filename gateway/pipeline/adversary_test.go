package pipeline

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/models"
)

// Many callers at once, refused, forwarded, streamed and broken off, while the
// configuration changes: each gets its own answer and leaves its own event, and
// every configuration is closed once.
func TestExchangesAreNotMixedUp(t *testing.T) {
	w := newWorld(t, func(s *settings) {
		s.upstream = func(rw http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if strings.HasSuffix(r.URL.Path, "/stream") {
				_ = http.NewResponseController(rw).Flush()
			}
			fmt.Fprintf(rw, "%s %s %s", r.Header.Get("X-Riskgate-Subject"), r.Header.Get("X-Request-Id"), body)
		}
		s.risk.Mode = models.Shadow
		s.rate.Subject, s.rate.Burst = 1e6, 1e5
	})
	var mu sync.Mutex // guards want
	want := map[string]string{}
	var callers sync.WaitGroup
	for i := range 8 {
		name := fmt.Sprintf("caller-%d", i)
		tokens := []string{w.token(name), "a.b.c"}
		callers.Go(func() {
			for n := range 40 {
				s := shot{method: "POST", token: tokens[n%5/4], agent: name, body: strings.Repeat(name, n),
					target: fmt.Sprintf("/v1/items/%s-%d", name, n)}
				if n%3 == 0 {
					s.target += "/stream"
				}
				got := w.send(s)
				id := got.Header.Get("X-Request-Id")
				if got.StatusCode == 200 && got.body != fmt.Sprintf("%s %s %s", name, id, s.body) {
					t.Errorf("%s is answered %q", s.target, got.body)
				}
				if (got.StatusCode == 200) != (s.token == tokens[0]) {
					t.Errorf("%s: %d %s", s.target, got.StatusCode, got.body)
				}
				if got.StatusCode == 200 {
					mu.Lock()
					want[id] = s.target + " " + name
					mu.Unlock()
				}
			}
		})
	}
	for range 20 {
		w.Swap(w.snapshot(stepup.NewTable(256)))
		time.Sleep(5 * time.Millisecond) // so that requests meet each of them
	}
	callers.Wait()
	for _, e := range w.stop() {
		if e.Kind != models.DecisionEvent {
			continue
		}
		id := string(appendUUID(nil, e.ID))
		if got := fmt.Sprintf("%s %s", e.Path, e.Agent); want[id] != got {
			t.Errorf("event %s is of %q, want %q", id, got, want[id])
		}
		delete(want, id)
	}
	if len(want) != 0 {
		t.Errorf("%d requests left no event, or another's", len(want))
	}
	if n := w.closed.Load(); n != 21 {
		t.Errorf("closed %d configurations, want 21", n)
	}
}

// The event that Decide fills is the caller's: later decisions do not touch it,
// nor does the buffer of the connection that the request stood in.
func TestAnEventOwnsItsMemory(t *testing.T) {
	w := newWorld(t)
	view := w.view(shot{token: w.token("ada")})
	var e models.Event
	if denial := w.Decide(view, &e); denial != "" {
		t.Fatal(denial)
	}
	text := func() string {
		return fmt.Sprintf("%s %s %s %s %s", e.Method, e.Host, e.Path, e.Agent, e.CredID)
	}
	before := text()
	for _, b := range [][]byte{view.Method, view.Host, view.Path, view.Agent, view.Raw} {
		copy(b, bytes.Repeat([]byte("#"), len(b)))
	}
	var other models.Event
	for range 100 {
		w.Decide(w.view(shot{key: w.apiKeys["good"]}), &other)
	}
	if text() != before {
		t.Errorf("the event was %q and is %q", before, text())
	}
	if n := w.snap.users.Load(); n != 1 {
		t.Errorf("%d users after Decide, want that of being current", n)
	}
}

// Nothing of a request comes back in the answer of a refusal.
func TestRefusalsReflectNothing(t *testing.T) {
	w := newWorld(t)
	const mark = "reflected"
	got := w.send(shot{target: "/v1/items/" + mark + "?" + mark, agent: mark, key: "rgk_" + mark, fields: []string{
		"X-Request-Id: " + mark, "traceparent: " + mark, "X-" + mark + ": " + mark, "Origin: https://" + mark, "Cookie: " + mark + "=" + mark}})
	var all bytes.Buffer
	_ = got.Header.Write(&all)
	if got.StatusCode != 401 || strings.Contains(strings.ToLower(all.String()+got.body), mark) {
		t.Errorf("%d\n%s%s", got.StatusCode, all.String(), got.body)
	}
}

// A client that leaves before its answer costs an event and nothing else, and one
// that leaves in the middle of its upload is not told apart by a wrong denial.
func TestClientsThatLeave(t *testing.T) {
	reached := make(chan struct{}, 1)
	release := make(chan struct{})
	w := newWorld(t, func(s *settings) {
		s.upstream = func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == "GET" {
				reached <- struct{}{}
				<-release
			}
			_, _ = io.Copy(io.Discard, r.Body)
		}
	})
	c := w.dial()
	_, err := io.WriteString(c, shot{token: w.token("ada")}.text())
	w.must(err)
	<-reached
	w.must(c.Close())
	close(release)
	if e := w.decision(); e.Status != 200 || e.Denial != "" {
		t.Errorf("left before the answer: %d %q", e.Status, e.Denial)
	}
	c = w.dial()
	s := shot{method: "POST", token: w.token("ada"), fields: []string{"Content-Length: 100000"}}
	_, err = io.WriteString(c, s.text()+strings.Repeat("x", 50000))
	w.must(err)
	w.must(c.Close())
	if e := w.decision(); e.Denial != models.MalformedRequest {
		t.Errorf("left in the middle of its upload: %q", e.Denial)
	}
}

// An upstream that breaks off in the middle of a body ends its exchange too.
func TestAnUpstreamThatBreaksOff(t *testing.T) {
	w := newWorld(t, func(s *settings) {
		s.target = "http://" + raw(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
	})
	c := w.dial()
	_, err := io.WriteString(c, shot{token: w.token("ada")}.text())
	w.must(err)
	text, _ := io.ReadAll(c)
	if e := w.decision(); e.BytesOut != 5 || strings.HasSuffix(string(text), "0\r\n\r\n") {
		t.Errorf("%d bytes, and the client reads a whole answer: %q", e.BytesOut, text)
	}
	if rest := w.stop(); len(rest) != 0 {
		t.Errorf("%d more events", len(rest))
	}
}
