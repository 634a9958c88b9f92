// Command rank lets riskgate and the models it is compared with score a simulated
// world, and writes down how well each tells attacks from honest logins: a JSON
// file, a table and drawings.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riskgate/riskgate/bench/eval/results"
	"github.com/riskgate/riskgate/bench/eval/rival"
	"github.com/riskgate/riskgate/bench/eval/trial"
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// start is a Monday, like the first day of the published data set.
var start = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

type options struct {
	world       traffic.World
	seed, seeds uint64
	size        traffic.Size
	ablate      bool
	drift       bool
	out, plots  string
	rba         string
	audit       bool
	risk        risk.Config
	extras      extras
}

func main() {
	var o options
	world := flag.String("world", "a", "a, b or api")
	flag.Uint64Var(&o.seed, "seed", 1, "first seed; 1 to 99 are for development, 100 to 199 are never chosen by")
	flag.Uint64Var(&o.seeds, "seeds", 1, "how many seeds, one after the other")
	flag.IntVar(&o.size.Users, "users", 0, "people, 0: as many as the world has; fewer than the world API's 900\n"+
		"make its stuffing (400,000 attempts on 5,000 people), flood (1,000,000 requests among 20,000) and\n"+
		"poisoning (150 attackers of each manner among 4,000) smaller in proportion")
	flag.IntVar(&o.size.Machines, "machines", 0, "machine clients, 0: as many as the world has")
	flag.IntVar(&o.size.Days, "days", 0, "days, 0: as many as the world has")
	flag.BoolVar(&o.ablate, "ablate", true, "also leave out each group")
	flag.BoolVar(&o.drift, "drift", true, "also a world A or B whose people change their habits")
	flag.StringVar(&o.rba, "rba", "", "CSV file of the RBA data set, instead of a world")
	flag.BoolVar(&o.audit, "audit", false, "score nothing: try to tell the attacks of the world apart by what must not differ, and\n"+
		"fail above an AUC of 0.6; the world API has 8000 people and 1000 clients then")
	flag.StringVar(&o.out, "out", "bench/results", "folder of eval.json and eval.md, empty: none; none by default\n"+
		"where another flag makes a run unlike the published ones")
	flag.StringVar(&o.plots, "plots", "docs/eval", "folder of the drawings of the first seed, the same")
	o.risk = risk.DefaultConfig()
	flag.Func("weight", "group=weight instead of the default; may be repeated", o.weigh)
	flag.Parse()
	o.world, o.extras = traffic.World(strings.ToUpper(*world)), wholeExtras.scaled(o.size.Users)
	if err := o.check(); err != nil {
		fail(exitUsage, err)
	}
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if told := o.keepPublished(given); told != "" && !o.audit {
		fmt.Fprintln(os.Stderr, "rank:", told)
	}
	if err := run(&o); err != nil {
		fail(exitFault, err)
	}
}

// Exit codes beside 0.
const (
	exitFault = 1
	exitUsage = 2
)

func fail(code int, err error) {
	fmt.Fprintln(os.Stderr, "rank:", err)
	if errors.Is(err, trial.ErrTooSmall) {
		fmt.Fprintln(os.Stderr, "rank: hint: more -users or -days make a world larger")
	}
	os.Exit(code)
}

// unlike lists the given flags that make a run another than the published ones.
func (o *options) unlike(given map[string]bool) (flags []string) {
	for _, name := range []string{"users", "machines", "days", "weight", "rba"} {
		if given[name] {
			flags = append(flags, "-"+name)
		}
	}
	if !o.ablate {
		flags = append(flags, "-ablate=false")
	}
	if !o.drift {
		flags = append(flags, "-drift=false")
	}
	return flags
}

// keepPublished keeps the figures of other runs out of the folders of the published
// ones, unless these are named. It returns what the user is to be told, "" if
// nothing.
func (o *options) keepPublished(given map[string]bool) string {
	flags := o.unlike(given)
	if len(flags) == 0 {
		return ""
	}
	var left []string
	if !given["out"] {
		left = append(left, "no figures are saved in "+o.out+" without -out")
		o.out = ""
	}
	if !given["plots"] {
		left = append(left, "no drawings in "+o.plots+" without -plots")
		o.plots = ""
	}
	if len(left) == 0 {
		return ""
	}
	return strings.Join(flags, " ") + ": a run unlike the published ones, " + strings.Join(left, ", ")
}

// weigh sets the weight of a group.
func (o *options) weigh(text string) error {
	name, value, _ := strings.Cut(text, "=")
	g, ok := models.ParseGroup(name)
	if !ok || !slices.Contains(rival.Groups(), g) {
		return fmt.Errorf("%q is no group with a weight", name)
	}
	w, err := strconv.ParseFloat(value, 64)
	if err != nil || !(w >= 0 && w <= 2) {
		return fmt.Errorf("weight %q: want a number from 0 to 2", value)
	}
	o.risk = rival.Weighed(o.risk, g, w)
	return nil
}

// check refuses what describes no run.
func (o *options) check() error {
	for _, n := range []struct {
		flag string
		is   int
	}{{"users", o.size.Users}, {"machines", o.size.Machines}, {"days", o.size.Days}} {
		if n.is < 0 {
			return fmt.Errorf("-%s %d, want a number above 0, or 0 for as many as the world has", n.flag, n.is)
		}
	}
	switch {
	case o.rba == "" && !slices.Contains([]traffic.World{traffic.WorldA, traffic.WorldB, traffic.WorldAPI}, o.world):
		return fmt.Errorf("-world %q, want a, b or api", strings.ToLower(string(o.world)))
	case o.rba != "" && o.audit:
		return errors.New("-rba and -audit, want one of them: a file is no simulation")
	case o.seeds == 0:
		return errors.New("-seeds 0, want a number above 0")
	case o.size.Machines > 0 && o.world != traffic.WorldAPI:
		return fmt.Errorf("-machines %d, want it with -world api alone", o.size.Machines)
	}
	return nil
}

func run(o *options) error {
	if o.audit {
		return audit(o)
	}
	if o.rba != "" {
		return rankFile(o)
	}
	if o.world == traffic.WorldAPI {
		return besiege(o)
	}
	return rank(o)
}

// mine tells the seeds of this run.
func (o *options) mine(seed uint64) bool { return seed >= o.seed && seed < o.seed+o.seeds }

// change rewrites the files of results.
func (o *options) change(merge func(results.File) error) error {
	path := filepath.Join(o.out, "eval.json")
	f, err := results.Read(path)
	if err != nil {
		return err
	}
	if err := merge(f); err != nil {
		return err
	}
	if err := sweep(f); err != nil {
		return err
	}
	if err := f.Set("date", time.Now().UTC().Format(time.DateOnly)); err != nil {
		return err
	}
	if err := f.Write(path); err != nil {
		return err
	}
	return table(f, filepath.Join(o.out, "eval.md"))
}

// sweep drops what the file says of models and drifts in runs of which it has no
// evaluations.
func sweep(f results.File) error {
	type run struct {
		World string
		Seed  uint64
	}
	var rows []run
	if err := results.Value(f, "evaluations", &rows); err != nil {
		return err
	}
	known := map[run]bool{}
	for _, r := range rows {
		known[r] = true
	}
	for _, name := range []string{"models", "drifts"} {
		if _, ok := f[name]; !ok {
			continue
		}
		if err := results.Merge(f, name, nil, func(r run) bool { return !known[r] }); err != nil {
			return err
		}
	}
	return nil
}

// progress reports about what runs under a name, at most every two seconds.
func progress(name string) func(int, time.Time) {
	last := time.Now()
	return func(events int, at time.Time) {
		if now := time.Now(); now.Sub(last) >= 2*time.Second {
			last = now
			fmt.Fprintf(os.Stderr, "\r%-70s", fmt.Sprintf("%s: %d events, %s", name, events, at.Format(time.DateOnly)))
		}
	}
}
