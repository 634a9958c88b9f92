package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestHangupReloads(t *testing.T) {
	p := newPlace(t)
	run, url := p.serve(t)
	if status, _ := p.get(http.DefaultClient, url+"/v1/items/1"); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	p.write(t, "riskgate.yaml", "memory: 1\n")
	run.signal(syscall.SIGHUP)
	run.find(run.log, `riskgate.yaml:1:9: memory: 1B?, want.*reload failed, the old configuration goes on`)
	p.write(t, "riskgate.yaml", strings.Replace(fmt.Sprintf(placeConfig, p.service.URL), "id: all", "id: every", 1))
	run.signal(syscall.SIGHUP)
	run.find(run.log, `"message":"reloaded"`)
	if status, _ := p.get(http.DefaultClient, url+"/v1/items/1"); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	run.signal(syscall.SIGTERM)
	if code := run.end(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, run.log)
	}
	if text, _ := os.ReadFile(filepath.Join(p.folder, "events.jsonl")); !strings.Contains(string(text), `"name":"every"`) {
		t.Error("the new route did not take effect")
	}
}

// SIGTERM lets the running request end, and the process with exit code 0.
func TestTerminateDrains(t *testing.T) {
	p := newPlace(t)
	run, url := p.serve(t)
	status := make(chan int)
	go func() { got, _ := p.get(&http.Client{}, url+"/v1/slow"); status <- got }()
	<-p.arrived
	run.signal(syscall.SIGTERM)
	run.find(run.log, `"message":"draining"`)
	select {
	case <-run.done:
		t.Error("ended before the request")
	default:
	}
	close(p.slow)
	if got := <-status; got != http.StatusOK {
		t.Errorf("the running request got %d", got)
	}
	if code := run.end(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, run.log)
	}
	if ids, _ := p.recorded(t); len(ids) != 1 {
		t.Errorf("%d events, want 1", len(ids))
	}
}
