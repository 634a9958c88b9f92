package gateway

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// A running request ends, a new one is told that the gateway goes away, and
// operators see it.
func TestStopFinishesWhatRuns(t *testing.T) {
	t.Parallel()
	s := newSite(t).start()
	running := make(chan string)
	go func() { _, body := s.get("/slow"); running <- body }()
	s.until("the request is at the service", `riskgate_upstream_pending{pool="service",target="`+s.service.URL+`"} 1`)
	stopped := make(chan error)
	go func() { stopped <- s.Stop(t.Context()) }()
	eventually(t, "readyz says draining", func() bool {
		status, body := s.admin(http.MethodGet, "/readyz")
		return status == http.StatusServiceUnavailable && body == "draining\n"
	})
	if status, _ := s.admin(http.MethodGet, "/healthz"); status != http.StatusOK {
		t.Errorf("healthz: %d", status)
	}
	select {
	case err := <-stopped:
		t.Fatalf("stopped before the request ended: %v", err)
	default:
	}
	close(s.slow)
	if body := <-running; body != "done" {
		t.Errorf("the running request got %q", body)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
	s.Gateway = nil
	if text, _ := os.ReadFile(s.path("events.jsonl")); !strings.Contains(string(text), `"path":"/slow"`) {
		t.Error("the event of the running request is not in the file")
	}
}

// A stream that never ends is cut when the drain is over, and there is still time
// to deliver its event and to save what was learned.
func TestStopCutsStreamsInTime(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.configure(parts{listener: "drain: 500ms"})
	s.start()
	resp, err := s.client.Do(s.request("/ticks"))
	s.must(err)
	defer resp.Body.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	err = s.Stop(ctx)
	if err == nil || !strings.Contains(err.Error(), "1 connections cut") {
		t.Errorf("stop: %v, want one cut connection", err)
	}
	if ctx.Err() != nil {
		t.Error("the stream used up all the time there was")
	}
	s.Gateway = nil
	if text, _ := os.ReadFile(s.path("events.jsonl")); !strings.Contains(string(text), `"path":"/ticks"`) {
		t.Error("the event of the stream is not in the file")
	}
	s.build()
	defer s.stop()
	if n := s.memory.Stats().Stored; n != 1 {
		t.Errorf("%d subjects were saved, want 1", n)
	}
}
