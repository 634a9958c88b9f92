package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/signals/baseline"
)

// asRiskgate makes the test binary be riskgate.
const asRiskgate = "RISKGATE_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asRiskgate) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"riskgate": main})
}

// process is a riskgate of its own.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  *text // standard error
	out  *text // standard output
	done chan struct{}
}

// text is what a process writes, readable while it runs.
type text struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (w *text) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(p)
}

func (w *text) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// launch starts riskgate with args; it is killed at the end of the test if it
// still runs.
func launch(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0], args...), log: &text{}, out: &text{}, done: make(chan struct{})}
	p.cmd.Env = append(append(os.Environ(), asRiskgate+"=1"), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // the exit code is asked for in end
	}()
	t.Cleanup(p.kill)
	return p
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill() // may have ended
	<-p.done
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// end waits for the process to end and returns its exit code.
func (p *process) end() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		p.t.Fatalf("still running:\n%s", p.log)
	}
	return p.cmd.ProcessState.ExitCode()
}

// find waits until one of the outputs matches and returns the first group.
func (p *process) find(w *text, pattern string) string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if found := re.FindStringSubmatch(w.String()); found != nil {
			return found[len(found)-1]
		}
		if time.Now().After(end) {
			p.t.Fatalf("no %s in:\n%s\n%s", pattern, p.out, p.log)
		}
	}
}

// place is a folder with a configuration and a service for it.
type place struct {
	folder, key string
	service     *httptest.Server
	slow        chan struct{} // closed: /v1/slow answers
	arrived     chan struct{} // one token for each request at /v1/slow
}

const placeConfig = `memory: 256MiB
listener: {address: "127.0.0.1:0"}
admin: {address: "127.0.0.1:0"}
upstream: {pools: {web: {targets: ["%s"]}}}
routes: [{id: all, match: {path: "/v1/{rest...}"}, pool: web, authn: [api_key]}]
authn: {api_keys: {file: keys.yaml}}
ratelimit: {address: 1000000/s, subject: 1000000/s, burst: 100000}
signals:
  baseline: {store: {path: state, key_file: cluster.key}, known: 4MiB, probation: 4MiB, flush: 100ms}
risk: {mode: shadow}
streaming:
  file: {path: events.jsonl}
  ring: {path: ring, bytes: 64MiB}
  privacy: clear
`

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{folder: t.TempDir(), slow: make(chan struct{}), arrived: make(chan struct{}, 8)}
	p.service = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/slow" {
			p.arrived <- struct{}{}
			<-p.slow
		}
		fmt.Fprint(w, "ok")
	}))
	t.Cleanup(p.service.Close)
	var hash string
	p.key, hash = authn.GenerateKey("shop")
	p.write(t, "keys.yaml", fmt.Sprintf("keys: [{id: shop, owner: shop, hash: %q}]\n", hash))
	p.write(t, "riskgate.yaml", fmt.Sprintf(placeConfig, p.service.URL))
	if err := baseline.CreateKeyFile(filepath.Join(p.folder, "cluster.key")); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *place) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.folder, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// serve starts riskgate serve and returns its address too.
func (p *place) serve(t *testing.T) (*process, string) {
	t.Helper()
	run := launch(t, nil, "serve", "--config", filepath.Join(p.folder, "riskgate.yaml"))
	return run, "http://" + run.find(run.log, `"address":"([^"]+)","tls":false`)
}

// get returns the status and the request id; status 0 is no answer.
func (p *place) get(client *http.Client, url string) (int, string) {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		panic(err)
	}
	r.Header.Set("X-Api-Key", p.key)
	resp, err := client.Do(r)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, resp.Header.Get("X-Request-Id")
}

// recorded counts the decisions in the event file by request id, and how many
// lines are no JSON.
func (p *place) recorded(t *testing.T) (ids map[string]int, broken int) {
	t.Helper()
	f, err := os.Open(filepath.Join(p.folder, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ids = map[string]int{}
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var line struct {
			Class    int `json:"class_uid"`
			Metadata struct {
				UID string `json:"uid"`
			} `json:"metadata"`
		}
		switch {
		case json.Unmarshal(in.Bytes(), &line) != nil:
			broken++
		case line.Class == 6003:
			ids[line.Metadata.UID]++
		}
	}
	return ids, broken
}
