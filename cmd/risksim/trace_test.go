package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// must runs risksim and returns what it printed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	var out, faults bytes.Buffer
	if code := run(args, &out, &faults); code != exitDone {
		t.Fatalf("risksim %v: exit %d: %s", args, code, &faults)
	}
	return out.String()
}

func readLines[T any](t *testing.T, path string) (all []T) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range bytes.Split(bytes.TrimSpace(content), []byte("\n")) {
		var l T
		if err := json.Unmarshal(text, &l); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		all = append(all, l)
	}
	return all
}

// A trace holds the events of its world, and equal flags give equal bytes.
func TestTraceIsTheWorld(t *testing.T) {
	for _, world := range []traffic.World{traffic.WorldA, traffic.WorldB, traffic.WorldAPI} {
		file := filepath.Join(t.TempDir(), "trace.jsonl")
		args := []string{"trace", "--world", string(world), "--seed", "4", "--users", "60", "--machines", "5", "--days", "20", "--limit", "4000"}
		must(t, append(args, "--out", file)...)
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if again := must(t, append(args, "--out", "-")...); again != string(content) {
			t.Errorf("world %s: the same flags give other bytes", world)
		}
		all := readLines[traceLine](t, file)
		n := 0
		for e := range traffic.NewWorld(world, 4, mustDay(t, "2026-03-02"), traffic.Size{Users: 60, Machines: 5, Days: 20}).Events() {
			if n == 4000 {
				break
			}
			if l := all[n]; !l.Time.Equal(e.Time) || l.Address != e.Address || l.Path != e.Path || l.Label != e.Label.String() ||
				l.Attack != e.Attack || l.Variant != e.Variant.String() || l.ASN != e.Place.ASN || l.Status != e.Status {
				t.Fatalf("world %s, line %d: %+v, the event is %+v", world, n+1, l, *e)
			}
			n++
		}
		if n != len(all) || n == 0 {
			t.Errorf("world %s: %d lines of %d events", world, len(all), n)
		}
	}
}

// The events are what a gateway writes: they can be decoded, the section stands
// first, and each has its label.
func TestTraceOfAGateway(t *testing.T) {
	dir := t.TempDir()
	out, labels := filepath.Join(dir, "events.jsonl"), filepath.Join(dir, "labels.jsonl")
	must(t, "trace", "--world", "API", "--users", "40", "--machines", "5", "--days", "7", "--format", "events", "--out", out, "--labels", labels, "--limit", "3000")
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	var section [8]byte
	for i, text := range bytes.Split(bytes.TrimSpace(content), []byte("\n")) {
		var ev models.Event
		if err := ocsf.Decode(text, &ev); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		if i == 0 {
			section = ev.ConfigHash
			if ev.Kind != models.ConfigEvent {
				t.Fatalf("the first line is a %s", ev.Kind)
			}
			continue
		}
		if ev.ConfigHash != section {
			t.Fatalf("line %d was decided by another section", i+1)
		}
		ids[string(ocsf.AppendUUID(nil, ev.ID))] = true
	}
	known := readLines[label](t, labels)
	for _, l := range known {
		if !ids[l.ID] || l.Label == "" || l.Person == "" {
			t.Fatalf("label %+v of no event", l)
		}
	}
	if len(known) != len(ids) || len(ids) < 3000 {
		t.Errorf("%d labels of %d events", len(known), len(ids))
	}
}

func TestWrongUsageOfWorlds(t *testing.T) {
	for _, args := range []string{
		"trace", "trace --world C --out x", "trace --out x --format ocsf", "trace --out x --labels y", "trace --format events --out x",
		"trace --out x y", "trace --out x --start today", "trace --out x --users -1", "trace --out x --limit -1",
		"live", "live --target http://127.0.0.1", "live --world A --target http://127.0.0.1 --labels x", "live --write-keys x y",
		"live --target http://127.0.0.1 --labels x --time-scale -1",
	} {
		if code := run(strings.Fields(args), &bytes.Buffer{}, &bytes.Buffer{}); code != exitUsage {
			t.Errorf("risksim %s: exit %d, want %d", args, code, exitUsage)
		}
	}
	var help bytes.Buffer
	if code := run([]string{"trace", "--help"}, &bytes.Buffer{}, &help); code != exitDone || !strings.Contains(help.String(), "-seed") {
		t.Errorf("exit %d: %s", code, &help)
	}
}
