package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The example passes check and starts with the keys that step 2 of the README
// makes, and without the databases of step 3. Only addresses and the ring, which
// other tests and gateways would share, are other ones.
func TestExampleStartsAsTheReadmeSays(t *testing.T) {
	p := newPlace(t)
	b, err := os.ReadFile("riskgate.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for old, own := range map[string]string{
		"127.0.0.1:8080": "127.0.0.1:0", "127.0.0.1:9090": "127.0.0.1:0", "/dev/shm/riskgate": "ring",
		"http://127.0.0.1:9001": p.service.URL,
	} {
		if !strings.Contains(text, old) {
			t.Fatalf("the example does not hold %s", old)
		}
		text = strings.ReplaceAll(text, old, own)
	}
	p.write(t, "riskgate.yaml", text)
	check := launch(t, nil, "check", "--config", filepath.Join(p.folder, "riskgate.yaml"))
	if code, want := check.end(), "riskgate.yaml: ok, 3 routes"; code != 0 || !strings.Contains(check.out.String(), want) {
		t.Errorf("check: exit code %d, %s%s, want %s", code, check.out, check.log, want)
	}
	run, url := p.serve(t)
	if status, _ := p.get(http.DefaultClient, url+"/v1/orders/7"); status != http.StatusOK {
		t.Errorf("an order with a key: %d, want 200", status)
	}
	resp, err := http.Get(url + "/v1/orders/7")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("an order without a key: %d, want 401", resp.StatusCode)
	}
	run.signal(syscall.SIGTERM)
	if code := run.end(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, run.log)
	}
	if ids, broken := p.recorded(t); len(ids) == 0 || broken != 0 {
		t.Errorf("%d decisions recorded, %d broken lines", len(ids), broken)
	}
}
