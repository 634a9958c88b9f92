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
		args := []string{"trace", "--world", string(world), "--seed", "4", "--users", "60", "--days", "20", "--limit", "4000"}
		size := traffic.Size{Users: 60, Days: 20}
		if world == traffic.WorldAPI {
			size.Machines = 5
			args = append(args, "--machines", "5")
		}
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
		for e := range traffic.NewWorld(world, 4, mustDay(t, "2026-03-02"), size).WithPlans(0).Events() {
			if n == 4000 {
				break
			}
			if l := all[n]; !l.Time.Equal(e.Time) || l.Address != e.Address || l.Path != e.Path || l.Label != e.Label.String() ||
				l.Attack != e.Attack || l.Variant != e.Variant.String() || l.ASN != e.Place.ASN || l.Status != e.Status {
				t.Fatalf("world %s, line %d: %+v, the event is %+v", world, n+1, l, *e)
			} else if honest := e.Label == traffic.Honest; (l.Device != nil) != honest || honest && *l.Device != e.Device {
				t.Fatalf("world %s, line %d: device %v of a %s request, want the number of a person's own device alone", world, n+1, l.Device, l.Label)
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
	args := []string{"trace", "--world", "API", "--users", "40", "--machines", "5", "--days", "7", "--format", "events", "--labels", labels, "--limit", "3000"}
	must(t, append(args, "--out", out)...)
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if must(t, append(args, "--out", "-")...) != string(content) || !bytes.Contains(content, []byte(`"device_token":1,`)) {
		t.Error("the same flags give other bytes, or nobody shows a token")
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

// Those attack who are named, and the rest of the trace says who else could.
func TestAttackersAreChosen(t *testing.T) {
	world := []string{"trace", "--world", "A", "--users", "200", "--days", "40", "--seed", "9", "--out", "-"}
	labelsIn := func(args ...string) map[string]int {
		seen := map[string]int{}
		for text := range strings.Lines(must(t, append(world, args...)...)) {
			var l traceLine
			if err := json.Unmarshal([]byte(text), &l); err != nil {
				t.Fatal(err)
			}
			seen[l.Label]++
		}
		return seen
	}
	all, two := labelsIn(), labelsIn("--attackers", "vpn,threshold_flood", "--flood", "77")
	if len(all) != 8 || all["threshold_flood"] != 2001 {
		t.Errorf("all attackers: %v", all)
	}
	if len(two) != 3 || two["vpn"] == 0 || two["threshold_flood"] != 78 {
		t.Errorf("two attackers: %v", two)
	}
	if must(t, append(world, "--honest")...) != must(t, append(world, "--attackers", "none")...) || len(labelsIn("--honest")) != 1 {
		t.Error("--honest and --attackers none differ, or somebody attacks")
	}
}

// A small world tells which attacks it has no victims for.
func TestFewerAttacksAreTold(t *testing.T) {
	var out, faults bytes.Buffer
	args := []string{"trace", "--world", "API", "--users", "10", "--machines", "1", "--days", "7", "--out", "-", "--attackers", "key_theft,poisoning"}
	if code := run(args, &out, &faults); code != exitDone || !strings.Contains(faults.String(), "risksim: 1 of 6 key_theft happen: no machine client is left\n") {
		t.Errorf("exit %d: %s", code, &faults)
	}
}

// A wrong name is answered with the right ones.
func TestUnknownAttacker(t *testing.T) {
	for args, want := range map[string]string{
		"--world API --attackers naive,vpn": `no "vpn" in world API, want all, none or some of token_replay,enumeration,`,
		"--world A --attackers Naive":       `no "Naive" in world A, want all, none or some of naive,vpn,targeted,very_targeted,residential_proxy,threshold_flood,poisoning`,
		"--world A --attackers honest":      `no "honest" in world A`,
		"--world A --machines 5":            "--machines 5: machine clients exist only in the world API, not in A",
		"--honest --attackers vpn":          "--honest and --attackers vpn, want one of them",
		"--attackers vpn --flood 5":         "--flood 5, want threshold_flood among the --attackers",
	} {
		var faults bytes.Buffer
		code := run(append([]string{"trace", "--out", "-"}, strings.Fields(args)...), &bytes.Buffer{}, &faults)
		if code != exitUsage || !strings.Contains(faults.String(), want) {
			t.Errorf("%s: exit %d, want %d and %q:\n%s", args, code, exitUsage, want, &faults)
		}
	}
}

// Requests without a credential are refused before there is a score, as a gateway
// does.
func TestTraceOfAFlood(t *testing.T) {
	dir := t.TempDir()
	out, labels := filepath.Join(dir, "events.jsonl"), filepath.Join(dir, "labels.jsonl")
	must(t, "trace", "--world", "A", "--users", "100", "--days", "20", "--attackers", "threshold_flood", "--flood", "1000",
		"--format", "events", "--out", out, "--labels", labels)
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[models.EventKind]int{}
	for text := range bytes.Lines(content) {
		var ev models.Event
		if err := ocsf.Decode(text, &ev); err != nil {
			t.Fatal(err)
		}
		kinds[ev.Kind]++
		if ev.Kind == models.RefusalEvent && (ev.Denial != models.NoCredentials || ev.Count != 1 || ev.Assessment.Score != 0) {
			t.Fatalf("%s", text)
		}
	}
	n := len(readLines[label](t, labels))
	if refused := kinds[models.RefusalEvent]; refused < 400 || refused > 600 || kinds[models.DecisionEvent]+refused != n {
		t.Errorf("%v, %d labels", kinds, n)
	}
}

func TestWrongUsageOfWorlds(t *testing.T) {
	for _, args := range []string{
		"trace", "trace --world C --out x", "trace --out x --format ocsf", "trace --out x --labels y", "trace --format events --out x",
		"trace --out x y", "trace --out x --start today", "trace --out x --users -1", "trace --out x --limit -1",
		"live", "live --target http://127.0.0.1", "live --write-keys x y", "live --world B --write-keys x",
		"trace --out x --flood -1", "live --target 127.0.0.1:8080 --labels x", "live --target ftp://h --labels x",
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
