package admin

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

type fake struct {
	ready, reload error
	reloads       int
}

func (f *fake) Ready() error { return f.ready }

func (f *fake) Reload() error {
	f.reloads++
	return f.reload
}

func (f *fake) Recent(n int) []json.RawMessage {
	return []json.RawMessage{[]byte(`{"n":2}`), []byte(`{"n":1}`)}[:min(n, 2)]
}

func (f *fake) Explain(id string) (json.RawMessage, error) {
	if id != "known" {
		return nil, ErrNotFound
	}
	return json.RawMessage(`{"score":1}`), nil
}

func (f *fake) Candidates() (json.RawMessage, error) {
	return json.RawMessage(`{"candidates":[]}`), f.ready
}

func (f *fake) Risk() ([]byte, error) { return []byte("risk:\n"), f.ready }

func (f *fake) Verdicts() (json.RawMessage, error) {
	return json.RawMessage(`{"lines":3}`), f.ready
}

func start(t *testing.T, c Config, g Gateway) string {
	t.Helper()
	c.Address = "127.0.0.1:0"
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "riskgate_test_total"}))
	a, err := New(c, g, registry, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(t.Context()); err != nil {
			t.Log(err)
		}
	})
	return "http://" + a.Addr().String()
}

func call(t *testing.T, method, url string, fields ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i] == "Host" {
			r.Host = fields[i+1]
		}
		r.Header.Set(fields[i], fields[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, strings.TrimSpace(string(body))
}

func TestEndpoints(t *testing.T) {
	g := &fake{}
	url := start(t, DefaultConfig(), g)
	for _, c := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/healthz", 200, "ok"},
		{"GET", "/readyz", 200, "ready"},
		{"GET", "/metrics", 200, "riskgate_test_total 0"},
		{"POST", "/-/reload", 200, "reloaded"},
		{"GET", "/-/reload", 405, ""},
		{"GET", "/-/events", 200, `[{"n":2},{"n":1}]`},
		{"GET", "/-/events?n=1", 200, `[{"n":2}]`},
		{"GET", "/-/events?n=0", 400, "want a positive number"},
		{"GET", "/-/events/known", 200, `{"score":1}`},
		{"GET", "/-/events/other", 404, "no such event"},
		{"GET", "/-/candidates", 200, `{"candidates":[]}`},
		{"GET", "/-/risk", 200, "risk:"},
		{"GET", "/-/verdicts", 200, `{"lines":3}`},
		{"GET", "/debug/pprof/heap?debug=1", 200, "heap profile"},
		{"GET", "/", 404, ""},
	} {
		if status, body := call(t, c.method, url+c.path); status != c.status || !strings.Contains(body, c.body) {
			t.Errorf("%s %s: %d %s, want %d %s", c.method, c.path, status, body, c.status, c.body)
		}
	}
	if g.reloads != 1 {
		t.Errorf("%d reloads, want 1", g.reloads)
	}
}

func TestFaultsAreShown(t *testing.T) {
	url := start(t, DefaultConfig(), &fake{ready: errors.New("no routes"), reload: errors.New("riskgate.yaml:3:1: x")})
	if status, body := call(t, "GET", url+"/readyz"); status != 503 || body != "no routes" {
		t.Errorf("readyz: %d %s", status, body)
	}
	if status, body := call(t, "GET", url+"/-/candidates"); status != 500 || body != "no routes" {
		t.Errorf("candidates: %d %s", status, body)
	}
	if status, body := call(t, "GET", url+"/-/risk"); status != 500 || body != "no routes" {
		t.Errorf("risk: %d %s", status, body)
	}
	if status, body := call(t, "POST", url+"/-/reload"); status != 422 || body != "riskgate.yaml:3:1: x" {
		t.Errorf("reload: %d %s", status, body)
	}
}

func TestWebPagesCannotReload(t *testing.T) {
	g := &fake{}
	url := start(t, DefaultConfig(), g)
	for _, fields := range [][]string{
		{"Origin", "https://evil.example"},
		{"Host", "evil.example"},
		{"Host", "evil.example:9090"},
	} {
		if status, _ := call(t, "POST", url+"/-/reload", fields...); status != 403 {
			t.Errorf("%v: %d, want 403", fields, status)
		}
	}
	if g.reloads != 0 {
		t.Error("reloaded")
	}
}

// An image on a page has neither Origin nor a body to read, but its request could
// profile the gateway.
func TestWebPagesCannotAsk(t *testing.T) {
	url := start(t, DefaultConfig(), &fake{})
	for site, want := range map[string]int{"cross-site": 403, "same-site": 403, "same-origin": 200, "none": 200} {
		if status, _ := call(t, "GET", url+"/metrics", "Sec-Fetch-Site", site); status != want {
			t.Errorf("%s: %d, want %d", site, status, want)
		}
	}
}

func TestToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := DefaultConfig()
	c.TokenFile = file
	url := start(t, c, &fake{})
	for _, x := range []struct {
		path, header string
		status       int
	}{
		{"/metrics", "", 401},
		{"/metrics", "Bearer wrong", 401},
		{"/metrics", "s3cret", 401},
		{"/metrics", "Bearer s3cret", 200},
		{"/healthz", "", 200},
	} {
		if status, _ := call(t, "GET", url+x.path, "Authorization", x.header); status != x.status {
			t.Errorf("%s with %q: %d, want %d", x.path, x.header, status, x.status)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		change func(*Config)
		want   string
	}{
		{func(*Config) {}, ""},
		{func(c *Config) { c.Address = "here" }, "address: here, want host:port, like 127.0.0.1:9090"},
		{func(c *Config) { c.Address = "0.0.0.0:9090" }, "address: 0.0.0.0:9090, want a loopback address, or a token or token_file beside it"},
		{func(c *Config) { c.Address, c.Token = "0.0.0.0:9090", "x" }, ""},
		{func(c *Config) { c.Token, c.TokenFile = "x", "y" }, "token_file: y, want token or token_file, not both"},
		{func(c *Config) { c.Recent = -1 }, "recent: -1, want a number from 0 to 4096"},
	} {
		config := DefaultConfig()
		c.change(&config)
		got := ""
		for _, p := range config.Validate() {
			got += p.String()
		}
		if got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestTokenFileMustHoldOne(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, file + ".missing"} {
		c := DefaultConfig()
		c.TokenFile = path
		if _, err := New(c, &fake{}, prometheus.NewRegistry(), zerolog.Nop()); err == nil {
			t.Errorf("%s is accepted", path)
		}
	}
}
