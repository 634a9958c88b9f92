package pipeline

import (
	"bufio"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/riskgate/riskgate/gateway/stepup"
)

// A stream ends its exchange with its body: until then it holds the
// configuration that it was decided by.
func TestStreamsEndWithTheirBody(t *testing.T) {
	more := make(chan string)
	w := newWorld(t, func(s *settings) {
		s.upstream = func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "text/event-stream")
			for text := range more {
				_, _ = io.WriteString(rw, text)
				_ = http.NewResponseController(rw).Flush()
			}
		}
	})
	c := w.dial()
	_, err := io.WriteString(c, shot{token: w.token("ada")}.text())
	w.must(err)
	more <- "data: one\n\n"
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	w.must(err)
	body := bufio.NewReader(resp.Body)
	for _, want := range []string{"data: one\n", "\n"} {
		if line, err := body.ReadString('\n'); line != want {
			t.Fatalf("%q, want %q: %v", line, want, err)
		}
	}
	old := w.snap
	w.Swap(w.snapshot(stepup.NewTable(1024)))
	if w.closed.Load() != 0 || old.users.Load() != 1 {
		t.Errorf("closed %d times with %d users while the stream goes on", w.closed.Load(), old.users.Load())
	}
	select {
	case e := <-w.sink.events:
		t.Errorf("event of a stream that goes on: %d bytes", e.BytesOut)
	default:
	}
	more <- "data: two\n\n"
	close(more)
	rest, err := io.ReadAll(body)
	if e := w.decision(); string(rest) != "data: two\n\n" || err != nil || e.BytesOut != 22 || e.Status != 200 {
		t.Errorf("%q %v; event of %d bytes, status %d", rest, err, e.BytesOut, e.Status)
	}
	w.stop()
	if w.closed.Load() != 2 || old.users.Load() != 0 {
		t.Errorf("closed %d times, want both configurations", w.closed.Load())
	}
}

func TestAStreamWhoseClientLeaves(t *testing.T) {
	gone := make(chan struct{})
	w := newWorld(t, func(s *settings) {
		s.upstream = func(rw http.ResponseWriter, r *http.Request) {
			defer close(gone)
			for r.Context().Err() == nil {
				_, _ = rw.Write(make([]byte, 32<<10))
				_ = http.NewResponseController(rw).Flush()
			}
		}
	})
	c := w.dial()
	_, err := io.WriteString(c, shot{token: w.token("ada")}.text())
	w.must(err)
	_, err = io.ReadFull(c, make([]byte, 64<<10)) // the header and some of the body
	w.must(err)
	w.must(c.Close())
	if e := w.decision(); e.BytesOut == 0 || e.Denial != "" {
		t.Errorf("event of %d bytes, %q", e.BytesOut, e.Denial)
	}
	<-gone
	if rest := w.stop(); len(rest) != 0 { // and the snapshot has no users left
		t.Errorf("%d more events", len(rest))
	}
}

// The write timeout of the listener bounds each piece of a stream.
func TestAStreamWhoseClientStopsReading(t *testing.T) {
	gone := make(chan struct{})
	w := newWorld(t, func(s *settings) {
		s.listener.WriteTimeout = 50 * time.Millisecond
		s.upstream = func(rw http.ResponseWriter, r *http.Request) {
			defer close(gone)
			for r.Context().Err() == nil {
				_, _ = rw.Write(make([]byte, 32<<10))
				_ = http.NewResponseController(rw).Flush()
			}
		}
	})
	_, err := io.WriteString(w.dial(), shot{token: w.token("ada")}.text())
	w.must(err)
	if e := w.decision(); e.BytesOut == 0 || e.Denial != "" {
		t.Errorf("event of %d bytes, %q", e.BytesOut, e.Denial)
	}
	<-gone
}
