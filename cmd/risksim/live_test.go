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

	"github.com/riskgate/riskgate/bench/traffic"

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

// decisions reads the decisions that a gateway wrote.
func decisions(t *testing.T, folder string) (all []models.Event) {
	t.Helper()
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
		if ev.Kind == models.DecisionEvent {
			all = append(all, ev)
		}
	}
	return all
}

// A real gateway with the files of --write-gateway knows every credential and sees
// every address where the world says it is, and each of its decisions has a label;
// no label goes to it.
func TestLiveAgainstAGateway(t *testing.T) {
	for world, flags := range map[string][]string{
		"A":   {"--users", "150", "--days", "60", "--flood", "200", "--time-scale", "0"},
		"B":   {"--users", "150", "--days", "60", "--flood", "200", "--time-scale", "0"},
		"API": {"--users", "40", "--machines", "10", "--days", "7", "--limit", "700", "--time-scale", "12000"},
	} {
		folder, back := filepath.Join(t.TempDir(), "gateway"), freeAddress(t)
		args := append([]string{"live", "--world", world, "--upstream", back}, flags...)
		must(t, append(args, "--write-gateway", folder)...)
		g, stop := startGateway(t, folder)
		file := filepath.Join(t.TempDir(), "labels.jsonl")
		out := must(t, append(args, "--target", "http://"+g.Addr().String(), "--labels", file)...)
		stop()
		labels, met := map[string]label{}, map[string]bool{}
		for _, l := range readLines[label](t, file) {
			labels[l.ID] = l
			met[l.Label] = true
		}
		all := decisions(t, folder)
		for i := range all {
			checkDecision(t, &all[i], labels)
		}
		if len(all) < 500 || !strings.Contains(out, "0 without an answer") || !strings.Contains(out, " 200\n") {
			t.Errorf("world %s, %d decisions:\n%s", world, len(all), out)
		}
		if strings.Contains(out, "  502\n") || strings.Contains(out, "  400\n") {
			t.Errorf("world %s: want the upstream to answer:\n%s", world, out)
		}
		if _, honest, _ := strings.Cut(out, "label    honest "); world != "API" && strings.Contains(strings.SplitN(honest, "\n", 2)[0], " 401: ") {
			t.Errorf("world %s: a token was refused:\n%s", world, out)
		}
		for _, l := range []string{"naive", "vpn", "targeted", "very_targeted", "residential_proxy", "poisoning", "threshold_flood"} {
			if world != "API" && !met[l] {
				t.Errorf("world %s: nothing of %s:\n%s", world, l, out)
			}
		}
	}
}

// checkDecision holds a decision against its label and the world's places.
func checkDecision(t *testing.T, ev *models.Event, labels map[string]label) {
	t.Helper()
	l, ok := labels[string(ocsf.AppendUUID(nil, ev.ID))]
	if !ok || ev.Subject == models.Client && string(ev.CredID) != l.Person {
		t.Fatalf("label %+v of an event of %s", l, ev.Client)
	}
	place, classes, state := traffic.Atlas{}.Lookup(ev.Client, 0)
	const both = models.SourceVPN | models.SourceHosting
	if state != models.Clean || ev.Observed.Place.ASN != place.ASN || ev.Observed.Place.Country != place.Country ||
		ev.Features.Flags&both != classes&both {
		t.Fatalf("%s is in %+v %b, want %+v %b", ev.Client, ev.Observed.Place, ev.Features.Flags&both, place, classes)
	}
	switch ev.Denial {
	case "", models.StepUpRequired, models.StepUpExhausted, models.RiskDenied, models.SubjectRate:
	default:
		t.Fatalf("%s of %s was refused: %s", l.Label, ev.Client, ev.Denial)
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
