package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/gateway"
	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

func mustDay(t *testing.T, text string) time.Time {
	t.Helper()
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return day
}

// freeAddress returns a loopback address on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startGateway starts a gateway of the files that risksim wrote.
func startGateway(t *testing.T, folder string) (*gateway.Gateway, func()) {
	t.Helper()
	name := filepath.Join(folder, "riskgate.yaml")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("127.0.0.1:8080"), []byte("127.0.0.1:0"), 1)
	text = bytes.Replace(text, []byte("127.0.0.1:9090"), []byte("127.0.0.1:0"), 1)
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(gateway.Options{
		Load: func() (*config.Config, error) { return config.Load(name) }, Node: "test", Log: zerolog.New(io.Discard),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			if err := g.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	return g, stop
}

// A real gateway with the files of --write-gateway knows every credential and
// address, and each of its events has a label; no label goes to it.
func TestLiveAgainstAGateway(t *testing.T) {
	folder, back := filepath.Join(t.TempDir(), "gateway"), freeAddress(t)
	world := []string{"live", "--users", "40", "--machines", "10", "--days", "7", "--upstream", back}
	must(t, append(world, "--write-gateway", folder)...)
	g, stop := startGateway(t, folder)
	labels := filepath.Join(t.TempDir(), "labels.jsonl")
	// 700 requests are some hours of the world: at the speed of answers buckets would refuse most.
	out := must(t, append(world, "--target", "http://"+g.Addr().String(), "--labels", labels, "--limit", "700", "--time-scale", "12000")...)
	stop()
	known := map[string]label{}
	for _, l := range readLines[label](t, labels) {
		known[l.ID] = l
	}
	content, err := os.ReadFile(filepath.Join(folder, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range bytes.Split(bytes.TrimSpace(content), []byte("\n")) {
		var ev models.Event
		if err := ocsf.Decode(text, &ev); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("honest")) {
			t.Fatalf("the label went to the gateway: %s", text)
		}
		l, ok := known[string(ocsf.AppendUUID(nil, ev.ID))]
		if ev.Kind != models.DecisionEvent {
			continue
		}
		if !ok || ev.Subject == models.Client && string(ev.CredID) != l.Person || ev.Observed.Place.ASN == 0 {
			t.Fatalf("label %+v of event %s", l, text)
		}
	}
	if !strings.HasPrefix(out, "700 requests") || !strings.Contains(out, "0 without an answer") || len(known) < 700 {
		t.Errorf("%d labels:\n%s", len(known), out)
	}
	if strings.Contains(out, "Unauthorized") || strings.Contains(out, " 200\n") == false || strings.Contains(out, " 502") {
		t.Errorf("want every credential known and the upstream to answer:\n%s", out)
	}
}

// Everybody sends one after the other, what his event says.
func TestLiveKeepsTheOrderOfASender(t *testing.T) {
	seen := make(chan string, 2000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "id-"+r.Header.Get("X-Correlation-Id"))
		seen <- r.Header.Get("X-Api-Key") + " " + r.Method + " " + r.RequestURI + " " + r.Header.Get("X-Forwarded-For")
	}))
	defer server.Close()
	dir := t.TempDir()
	world := []string{"--users", "1", "--machines", "12", "--days", "3", "--seed", "2"}
	labels, trace := filepath.Join(dir, "labels.jsonl"), filepath.Join(dir, "trace.jsonl")
	must(t, append([]string{"live", "--target", server.URL, "--labels", labels, "--limit", "1000", "--time-scale", "0"}, world...)...)
	close(seen)
	got, want := map[string][]string{}, map[string][]string{}
	for s := range seen {
		key, rest, _ := strings.Cut(s, " ")
		if id, ok := strings.CutPrefix(key, "rgk_"); ok {
			id, _, _ = strings.Cut(id, "_")
			got[id] = append(got[id], rest)
		}
	}
	must(t, append([]string{"trace", "--world", "API", "--out", trace, "--limit", "1000"}, world...)...)
	for _, l := range readLines[traceLine](t, trace) {
		if l.Kind == "client" && l.Label == "honest" {
			want[l.CredentialID] = append(want[l.CredentialID], l.Method+" "+l.Path+" "+l.Address.String())
		}
	}
	if len(want) < 3 {
		t.Fatalf("%d clients", len(want))
	}
	for id, w := range want {
		if strings.Join(got[id], "\n") != strings.Join(w, "\n") {
			t.Errorf("%s sent %d requests in another order than its %d", id, len(got[id]), len(w))
		}
	}
	if n := len(readLines[label](t, labels)); n != 1000 {
		t.Errorf("%d labels", n)
	}
}
