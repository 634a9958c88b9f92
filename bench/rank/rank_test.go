package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/bench/eval/chart"
	"github.com/riskgate/riskgate/bench/eval/results"
	"github.com/riskgate/riskgate/bench/eval/trial"
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/risk"
)

func small(t *testing.T, w traffic.World) *options {
	dir := t.TempDir()
	return &options{
		world: w, seed: 7, seeds: 2, size: traffic.Size{Users: 150, Days: 50}, risk: risk.DefaultConfig(), drift: true, ablate: true,
		out: dir, plots: filepath.Join(dir, "plots"),
	}
}

// One command writes the JSON file, the table and the drawings, and leaves alone
// what others wrote.
func TestRankWritesEverything(t *testing.T) {
	o := small(t, traffic.WorldA)
	path := filepath.Join(o.out, "eval.json")
	if err := os.WriteFile(path, []byte(`{"day_one": [1]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(o); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		DayOne      []int `json:"day_one"`
		Evaluations []struct {
			World, Attacker, Model string
			Seed                   uint64
			CI                     []float64 `json:"ci95_tpr_at_1pct"`
		}
	}
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, e := range f.Evaluations {
		if len(e.CI) != 2 || e.World != "A" {
			t.Errorf("%+v", e)
		}
		seen[fmt.Sprint(e.Seed, e.Attacker, e.Model)]++
	}
	if len(f.DayOne) != 1 || seen["7vpnfreeman"] != 1 || seen["8vpnlmlr"] != 1 {
		t.Errorf("day one %v, evaluations %v", f.DayOne, seen)
	}
	for _, name := range []string{"a-roc-vpn.svg", "a-step-ups-targeted.svg", "a-reauthentication-naive.svg", "a-reliability.svg", "a-scores.svg"} {
		if svg, err := os.ReadFile(filepath.Join(o.plots, name)); err != nil || !strings.Contains(string(svg), "<svg") {
			t.Errorf("%s: %v", name, err)
		}
	}
	table, err := os.ReadFile(filepath.Join(o.out, "eval.md"))
	if err != nil || !strings.Contains(string(table), "| vpn | freeman |") {
		t.Errorf("table: %v\n%.300s", err, table)
	}
}

// rbaFile writes logins of 40 people, one each quarter of an hour, with the header of
// the RBA data set: change is given the fields of row i, from 0, in their order.
func rbaFile(t *testing.T, o *options, rows int, change func(i int, fields []string)) {
	t.Helper()
	const header = "Login Timestamp,User ID,IP Address,Country,Region,City,ASN,User Agent String,Browser Name and Version,OS Name and Version," +
		"Device Type,Login Successful,Is Attack IP,Is Account Takeover\n"
	o.rba, o.plots = filepath.Join(t.TempDir(), "rba.csv"), ""
	var b strings.Builder
	b.WriteString(header)
	at := time.Date(2020, 2, 3, 8, 0, 0, 0, time.UTC)
	for i := range rows {
		user := strconv.Itoa(i * 7 % 40)
		fields := []string{
			at.Format("2006-01-02 15:04:05.999"), user, "192.0.2." + user, "NO", "-", "-", "100", "Mozilla/5.0", "Chrome 80", "Windows 10",
			"desktop", "True", "False", "False",
		}
		change(i, fields)
		b.WriteString(strings.Join(fields, ",") + "\n")
		at = at.Add(15 * time.Minute)
	}
	if err := os.WriteFile(o.rba, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The fields of rbaFile.
const (
	rbaTime, rbaAddress, rbaCountry, rbaASN, rbaPassed, rbaAttackIP, rbaTakeover = 0, 2, 3, 6, 11, 12, 13
)

// A file with the header of the RBA data set is ranked like a world, but for
// riskgate with device tokens, of which it holds none.
func TestRankFile(t *testing.T) {
	o := small(t, "")
	rbaFile(t, o, 2000, func(i int, f []string) {
		if i == 1950 {
			f[rbaCountry], f[rbaASN], f[rbaTakeover] = "RO", "101", "True"
		}
	})
	if err := run(o); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(o.out, "eval.md"))
	table := string(text)
	if err != nil || !strings.Contains(table, "## World RBA, seed 0") || !strings.Contains(table, "| naive | lmlr_no_token | 1 |") {
		t.Errorf("table: %v\n%s", err, table)
	}
	if strings.Contains(table, "| lmlr |") {
		t.Errorf("riskgate with device tokens is in the table:\n%s", table)
	}
}

// Labels that say nothing about a login are not told from honest ones by any model,
// failed logins among them or not.
func TestRankFileOfRandomLabels(t *testing.T) {
	o := small(t, "")
	random := rand.New(rand.NewPCG(1, 2))
	rbaFile(t, o, 12_000, func(i int, f []string) {
		f[rbaAddress] = fmt.Sprintf("192.0.%d.%d", random.IntN(40), random.IntN(4))
		f[rbaASN] = strconv.Itoa(100 + random.IntN(4))
		if random.Float64() < 0.2 {
			f[rbaPassed] = "False"
		}
		if random.Float64() < 0.3 {
			f[rbaAttackIP] = "True"
		}
	})
	o.ablate = false
	if err := run(o); err != nil {
		t.Fatal(err)
	}
	f, err := results.Read(filepath.Join(o.out, "eval.json"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []trial.Row
	if err := results.Value(f, "evaluations", &rows); err != nil || len(rows) != 5 {
		t.Fatalf("%d rows, %v, want one of each model without tokens", len(rows), err)
	}
	for _, r := range rows {
		// Three standard errors of about 850 attacks are 0.03.
		t.Logf("%s: AUC %.3f of %d attacks and %d logins", r.Model, r.AUC, r.Attacks, r.Honest)
		if math.Abs(r.AUC-0.5) > 0.04 || r.Attacks < 700 {
			t.Errorf("%s: AUC %.3f of %d attacks drawn at random, want 0.5", r.Model, r.AUC, r.Attacks)
		}
	}
}

// Rows that cannot be read are few or an error; a file out of order is one, too.
func TestRankFileRefuses(t *testing.T) {
	takeover := func(i int, f []string) {
		if i == 1950 {
			f[rbaCountry], f[rbaTakeover] = "RO", "True"
		}
	}
	for want, change := range map[string]func(i int, f []string){
		"": func(i int, f []string) {
			if i < 20 {
				f[rbaASN] = "-"
			}
		},
		`21 of 2000 rows cannot be read, the first: line 2: ASN "-", want a number; want at most 1 % of them`: func(i int, f []string) {
			if i < 21 {
				f[rbaASN] = "-"
			}
		},
		"line 1002: 2020-02-03 00:00:00 comes after 2020-02-13 17:45:00: want rows sorted by Login Timestamp": func(i int, f []string) {
			if i == 1000 {
				f[rbaTime] = "2020-02-03 00:00:00"
			}
		},
		"no logins": func(_ int, f []string) { f[rbaTime] = "yesterday" },
	} {
		o := small(t, "")
		o.ablate = false
		rbaFile(t, o, 2000, func(i int, f []string) { takeover(i, f); change(i, f) })
		err := run(o)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestWeigh(t *testing.T) {
	o := options{risk: risk.DefaultConfig()}
	if err := o.weigh("travel=0.25"); err != nil || o.risk.Weights.Travel != 0.25 {
		t.Errorf("travel %g, %v", o.risk.Weights.Travel, err)
	}
	for _, bad := range []string{"", "travel", "credit=1", "travel=3", "travel=x"} {
		if o.weigh(bad) == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// What describes no run is refused with what is wanted.
func TestCheck(t *testing.T) {
	for want, change := range map[string]func(*options){
		"-users -4, want a number above 0, or 0 for as many as the world has":    func(o *options) { o.size.Users = -4 },
		"-days -3, want a number above 0, or 0 for as many as the world has":     func(o *options) { o.size.Days = -3 },
		"-machines -1, want a number above 0, or 0 for as many as the world has": func(o *options) { o.size.Machines = -1 },
		"-machines 5, want it with -world api alone":                             func(o *options) { o.size.Machines = 5 },
		"-seeds 0, want a number above 0":                                        func(o *options) { o.seeds = 0 },
		`-world "c", want a, b or api`:                                           func(o *options) { o.world = "C" },
	} {
		o := small(t, traffic.WorldA)
		if err := o.check(); err != nil {
			t.Fatal(err)
		}
		change(o)
		if err := o.check(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	o := small(t, "")
	if o.rba = "file"; o.check() != nil {
		t.Error("a file needs no world")
	}
}

// A world in which nothing can be judged is an error; one in which there is little
// to see is drawn all the same.
func TestSmallWorlds(t *testing.T) {
	for _, c := range []struct {
		size   traffic.Size
		enough bool
	}{
		{traffic.Size{Users: 3, Days: 3}, false}, {traffic.Size{Users: 50, Days: 10}, false},
		{traffic.Size{Users: 300, Days: 30}, true}, {traffic.Size{Users: 90, Days: 60}, true},
	} {
		o := small(t, traffic.WorldA)
		o.size, o.seeds, o.ablate = c.size, 1, false
		err := run(o)
		if !c.enough && !errors.Is(err, trial.ErrTooSmall) || c.enough && err != nil {
			t.Errorf("%+v: %v", c.size, err)
		}
	}
	o := small(t, traffic.WorldAPI)
	o.size, o.seeds, o.extras = traffic.Size{Users: 3, Machines: 1, Days: 3}, 1, fewExtras
	if err := run(o); !errors.Is(err, trial.ErrTooSmall) {
		t.Errorf("world API: %v", err)
	}
}

// Other runs than the published ones are saved where the user says, or nowhere.
func TestKeepPublished(t *testing.T) {
	for _, c := range []struct {
		flags, out, plots, told string
	}{
		{"seed seeds world", "R", "P", ""},
		{"users days", "", "", "-users -days: a run unlike the published ones, no figures are saved in R without -out, no drawings in P without -plots"},
		{"machines out", "R", "", "-machines: a run unlike the published ones, no drawings in P without -plots"},
		{"weight plots", "", "P", "-weight: a run unlike the published ones, no figures are saved in R without -out"},
		{"rba out plots", "R", "P", ""},
	} {
		o, given := &options{out: "R", plots: "P", ablate: true, drift: true}, map[string]bool{}
		for _, f := range strings.Fields(c.flags) {
			given[f] = true
		}
		if told := o.keepPublished(given); told != c.told || o.out != c.out || o.plots != c.plots {
			t.Errorf("%s: %q, saved in %q and %q, want %+v", c.flags, told, o.out, o.plots, c)
		}
	}
	if o := (&options{out: "R", plots: "P"}); !strings.HasPrefix(o.keepPublished(nil), "-ablate=false -drift=false: a run") || o.out != "" {
		t.Errorf("a run in part is saved in %q", o.out)
	}
}

// What is left of a run of which there are no evaluations is dropped.
func TestSweep(t *testing.T) {
	f := results.File{
		"evaluations": []byte(`[{"world":"A","seed":100}]`), "date": []byte(`"x"`),
		"models": []byte(`[{"world":"A","seed":1,"model":"m"},{"world":"A","seed":100,"model":"m"},{"world":"B","seed":100}]`),
	}
	if err := sweep(f); err != nil {
		t.Fatal(err)
	}
	if got := string(f["models"]); got != `[{"world":"A","seed":100,"model":"m"}]` || len(f) != 3 {
		t.Errorf("%s of %d values", got, len(f))
	}
}

// The extras of a small world API are small, those of a whole one whole.
func TestExtrasAreScaled(t *testing.T) {
	for _, users := range []int{0, 900, 5000} {
		if got := wholeExtras.scaled(users); got != wholeExtras {
			t.Errorf("%d people: %+v", users, got)
		}
	}
	third := wholeExtras.scaled(300)
	if third.attempts != 133_333 || third.floods != 333_333 || third.storm.Users != 1667 || third.flooded.Users != 6667 ||
		third.poison.Users != 1333 || third.poisoners != 50 || third.floodAccounts != 7 || third.poison.Days != 160 || third.budget != wholeExtras.budget {
		t.Errorf("300 people: %+v", third)
	}
	one := wholeExtras.scaled(1)
	if one.attempts < 400 || one.poisoners < 1 || one.floodAccounts < 1 || one.flooded.Users < 150 {
		t.Errorf("one person: %+v", one)
	}
}

// A figure without lines is left out.
func TestWriteNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "empty.svg")
	if err := write(path, chart.Figure{LogX: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want no file", err)
	}
}

// fewExtras are as few as can be run.
var fewExtras = extras{
	storm: traffic.Size{Users: 40}, attempts: 400, poison: traffic.Size{Users: 150, Days: 80}, poisoners: 1,
	flooded: traffic.Size{Users: 150, Days: 80}, floods: 500, floodAccounts: 1, budget: 0.01,
}

// The world API fills every list of the file, and the table begins with medians.
func TestBesiegeWritesEverything(t *testing.T) {
	o := small(t, traffic.WorldAPI)
	o.size = traffic.Size{Users: 60, Machines: 20, Days: 14}
	o.extras = fewExtras
	if err := run(o); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(o.out, "eval.json"))
	if err != nil {
		t.Fatal(err)
	}
	var f map[string][]struct{ Seed uint64 }
	_ = json.Unmarshal(text, &f) // the date is no list
	for name, want := range map[string]int{"sieges": 1, "stuffing": 1, "floods": 4, "poisoning": 30} {
		seeds := map[uint64]int{}
		for _, one := range f[name] {
			seeds[one.Seed]++
		}
		if len(seeds) != 2 || seeds[7] != want || seeds[8] != want {
			t.Errorf("%s: %v elements by seed, want %d of 7 and of 8", name, seeds, want)
		}
	}
	table, err := os.ReadFile(filepath.Join(o.out, "eval.md"))
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for _, section := range []string{
		"## World API: medians over development seeds 7 8\n", "## Stuffing: medians over development seeds 7 8\n", "## A budget of step-ups under a flood: medians over development seeds 7 8\n",
		"## Poisoning: medians over development seeds 7 8\n", "## Siege of world API, seed 7\n", "## Siege of world API, seed 8\n",
	} {
		at := strings.Index(string(table), section)
		if at <= last {
			t.Errorf("%q stands at %d, want after %d", section, at, last)
		}
		last = at
	}
}

// The error is that of the first job that failed; every job has its turn.
func TestInParallel(t *testing.T) {
	var ran [20]bool
	first := errors.New("of job 5")
	var jobs []func() error
	for i := range ran {
		jobs = append(jobs, func() error {
			ran[i] = true
			switch i {
			case 5:
				return first
			case 9:
				return errors.New("of job 9")
			}
			return nil
		})
	}
	if err := inParallel(jobs); !errors.Is(err, first) {
		t.Errorf("%v, want that of job 5", err)
	}
	if slices.Contains(ran[:], false) {
		t.Errorf("ran %v, want every job to", ran)
	}
}
