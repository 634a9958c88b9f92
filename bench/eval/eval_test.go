package eval

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	file "github.com/riskgate/riskgate/bench/eval/results"
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/geo"
	fixture "github.com/riskgate/riskgate/testdata/geo"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) // a Monday

// whole asks for the whole evaluation, which the suite runs in part.
var whole = os.Getenv("RISKGATE_EVAL") != ""

func TestMain(m *testing.M) {
	code := m.Run()
	if whole && code == 0 {
		code = save("../results/eval.json")
	}
	os.Exit(code)
}

// results are what the whole evaluation writes down.
var results = map[string]any{}

// save replaces what this evaluation found in the file, and nothing else.
func save(path string) int {
	results["date"] = time.Now().UTC().Format(time.DateOnly)
	f, err := file.Read(path)
	if err != nil {
		return fail(err)
	}
	for name, value := range results {
		if err := f.Set(name, value); err != nil {
			return fail(err)
		}
	}
	if err := f.Write(path); err != nil {
		return fail(err)
	}
	return 0
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// newGate returns a gate on the fixture databases.
func newGate(t testing.TB) *Gate {
	t.Helper()
	g, err := NewGate(DefaultConfig(), openGeo(t), start)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

func openGeo(t testing.TB) *geo.Databases {
	t.Helper()
	dir := t.TempDir()
	cfg := geo.DefaultConfig()
	for name, path := range map[string]*string{"city.mmdb": &cfg.City, "asn.mmdb": &cfg.ASN, "anonymous.mmdb": &cfg.Anonymous} {
		content, err := fixture.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		*path = filepath.Join(dir, name)
		if err := os.WriteFile(*path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := geo.Open(cfg, zerolog.New(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The first day of a gateway that knows nobody: at most one honest session in a
// hundred is asked to step up, and no machine client is refused anything, by
// score or by its bucket.
func TestDayOne(t *testing.T) {
	seeds := []uint64{1}
	if whole {
		seeds = []uint64{1, 2, 3, 4, 5}
	}
	var reports []*Report
	for _, seed := range seeds {
		w := traffic.DayOne(seed, start)
		w.Users, w.Machines = w.Users/fraction, w.Machines/fraction
		r := Run(w, newGate(t), nil)
		reports = append(reports, r)
		t.Logf("seed %d: %d users, %d clients, %d requests: %.2f %% of %d sessions stepped up, %d locked out; %d requests of clients monitored",
			seed, w.Users, w.Machines, r.Requests, 100*r.Honest.Share, r.Honest.Sessions, r.Honest.LockedOut, r.Clients.Monitored)
		if r.Honest.Sessions < w.Users || r.Honest.Share > 0.01 || r.Honest.LoginsRefused > 0 {
			t.Errorf("seed %d: %.2f %% of %d sessions stepped up, %d logins refused, want at most 1 %% and none",
				seed, 100*r.Honest.Share, r.Honest.Sessions, r.Honest.LoginsRefused)
		}
		if r.Clients.Clients != w.Machines || r.Clients.Refused > 0 || r.Clients.Touched > 0 {
			t.Errorf("seed %d: %+v, want %d clients and none refused or slowed", seed, r.Clients, w.Machines)
		}
	}
	results["day_one"] = reports
}

// Two weeks: what is learned makes the gateway quieter, and sees who it has
// learned to know.
func TestTwoWeeks(t *testing.T) {
	for name, everyone := range map[string]bool{"two_weeks_daily": true, "two_weeks": false} {
		w := traffic.Config{Seed: 1, Start: start, Days: 14, Users: 1500 / fraction, Machines: 10 / fraction, Naive: 300 / fraction, Everyone: everyone}
		r := Run(w, newGate(t), nil)
		results[name] = r
		log(t, name, r)
		if r.Honest.Share > 0.015 {
			t.Errorf("%s: %.2f %% of honest sessions stepped up, want at most 1.5 %%", name, 100*r.Honest.Share)
		}
		if m := r.Naive.Much; m.Attacks == 0 || float64(m.AtOnce) < 0.9*float64(m.Attacks) {
			t.Errorf("%s: %d of %d takeovers of known users stopped at the first request, want 90 %%", name, m.AtOnce, m.Attacks)
		}
		if r.Clients.Refused > 0 || r.Clients.Touched > 0 {
			t.Errorf("%s: %+v, want no client refused or slowed", name, r.Clients)
		}
	}
}

func log(t *testing.T, name string, r *Report) {
	h := &r.Honest
	t.Logf("%s: %d of %d honest sessions stepped up, %.2f %%; %d locked out", name, h.SteppedUp, h.Sessions, 100*h.Share, h.LockedOut)
	for i, d := range r.Days {
		t.Logf("  day %2d: %4d of %4d, %.2f %%", i+1, d.SteppedUp, d.Sessions, 100*d.Share)
	}
	groups := make([]string, 0, len(h.Causes))
	for g, c := range h.Causes {
		if c.Reason > 0 {
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b string) int { return h.Causes[b].Reason - h.Causes[a].Reason })
	for _, g := range groups {
		t.Logf("  %-15s first in %3d, a reason in %3d, %+.2f nats", g, h.Causes[g].First, h.Causes[g].Reason, h.Causes[g].Nats)
	}
	t.Logf("  takeovers: %+v", r.Naive)
	t.Logf("  clients: %+v", r.Clients)
}

// Whoever has the stream alone computes every decision again, bit for bit.
func TestRecompute(t *testing.T) {
	want := 10_000
	if whole {
		want = 100_000
	}
	g := newGate(t)
	check, err := NewRecomputer(g.Section())
	if err != nil {
		t.Fatal(err)
	}
	seen, n, looks, challenged := 0, 0, 0, 0
	w := traffic.Config{Seed: 6, Start: start, Days: 3, Users: want / 20, Everyone: true, Machines: want / 3000, Naive: want / 500}
	Run(w, g, func(_ *traffic.Event, ev *models.Event) {
		if seen++; n == want || seen%5 > 0 && ev.Denial == "" {
			return
		}
		n++
		if err := check.Check(ev); err != nil {
			t.Fatalf("event %d: %v", n, err)
		}
		if ev.Features.Has(models.IsLook) {
			looks++
		}
		if ev.Denial == models.StepUpRequired {
			challenged++
		}
	})
	t.Logf("%d events, %d looks, %d challenges: bit-identical", n, looks, challenged)
	results["recomputed"] = n
	if n != want || looks == 0 || challenged == 0 {
		t.Errorf("%d events, %d looks and %d challenges, want %d and some of each", n, looks, challenged, want)
	}
}

// A difference of one bit is seen.
func TestRecomputeSeesEveryBit(t *testing.T) {
	g := newGate(t)
	check, err := NewRecomputer(g.Section())
	if err != nil {
		t.Fatal(err)
	}
	var ev models.Event
	Run(traffic.Config{Seed: 6, Start: start, Days: 1, Users: 3, Everyone: true}, g, func(_ *traffic.Event, e *models.Event) {
		ev = *e
		for name, change := range map[string]func(*models.Event){
			"score":        func(e *models.Event) { e.Assessment.Score = math.Nextafter(e.Assessment.Score, 101) },
			"contribution": func(e *models.Event) { e.Assessment.Contributions[models.Credit].Nats = math.Copysign(0, -1) },
			"evidence": func(e *models.Event) {
				e.Evidence[models.Device].Lambda = math.Nextafter(e.Evidence[models.Device].Lambda, 9)
			},
			"section": func(e *models.Event) { e.ConfigHash[7] ^= 1 },
			"action":  func(e *models.Event) { e.ByRisk = models.Deny },
		} {
			changed := ev
			change(&changed)
			if err := check.Check(&changed); !errors.Is(err, ErrDifferent) {
				t.Fatalf("%s changed: %v", name, err)
			}
		}
	})
}
