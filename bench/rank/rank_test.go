package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/risk"
)

func small(t *testing.T, w traffic.World) *options {
	dir := t.TempDir()
	return &options{
		world: w, seed: 7, seeds: 2, size: traffic.Size{Users: 150, Days: 50}, risk: risk.DefaultConfig(),
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

// A file with the header of the RBA data set is ranked like a world.
func TestRankFile(t *testing.T) {
	o := small(t, "")
	o.rba, o.plots = filepath.Join(o.out, "rba.csv"), ""
	var b strings.Builder
	b.WriteString("Login Timestamp,User ID,IP Address,Country,Region,City,ASN,User Agent String,Browser Name and Version,OS Name and Version,Device Type,Login Successful,Is Attack IP,Is Account Takeover\n")
	at := time.Date(2020, 2, 3, 8, 0, 0, 0, time.UTC)
	for i := range 400 {
		country, takeover := "NO", "False"
		if i == 390 {
			country, takeover = "RO", "True"
		}
		fmt.Fprintf(&b, "%s,%d,192.0.2.%d,%s,-,-,%d,Mozilla/5.0,Chrome 80,Windows 10,desktop,True,False,%s\n",
			at.Format("2006-01-02 15:04:05.999"), i%20, i%20, country, 100+len(takeover), takeover)
		at = at.Add(time.Hour)
	}
	if err := os.WriteFile(o.rba, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(o); err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(o.out, "eval.md"))
	if err != nil || !strings.Contains(string(table), "## World RBA, seed 0") || !strings.Contains(string(table), "| naive | lmlr | 1 |") {
		t.Errorf("table: %v\n%s", err, table)
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
	if err := run(&options{world: "C"}); err == nil {
		t.Error("there is no world C")
	}
}
