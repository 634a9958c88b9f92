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
	risk        risk.Config
	extras      extras
}

func main() {
	var o options
	world := flag.String("world", "a", "a, b or api")
	flag.Uint64Var(&o.seed, "seed", 1, "first seed; 1 to 99 are for development, 100 to 199 are never chosen by")
	flag.Uint64Var(&o.seeds, "seeds", 1, "how many seeds, one after the other")
	flag.IntVar(&o.size.Users, "users", 0, "people, 0: as many as the world has")
	flag.IntVar(&o.size.Machines, "machines", 0, "machine clients, 0: as many as the world has")
	flag.IntVar(&o.size.Days, "days", 0, "days, 0: as many as the world has")
	flag.BoolVar(&o.ablate, "ablate", true, "also leave out each group")
	flag.BoolVar(&o.drift, "drift", true, "also a world A or B whose people change their habits")
	flag.StringVar(&o.rba, "rba", "", "CSV file of the RBA data set, instead of a world")
	flag.StringVar(&o.out, "out", "bench/results", "folder of eval.json and eval.md, empty: none")
	flag.StringVar(&o.plots, "plots", "docs/eval", "folder of the drawings of the first seed, empty: none")
	o.risk, o.extras = risk.DefaultConfig(), wholeExtras
	flag.Func("weight", "group=weight instead of the default; may be repeated", o.weigh)
	flag.Parse()
	o.world = traffic.World(strings.ToUpper(*world))
	if err := o.check(); err != nil {
		fail(exitUsage, err)
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
	os.Exit(code)
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
	case o.seeds == 0:
		return errors.New("-seeds 0, want a number above 0")
	case o.size.Machines > 0 && o.world != traffic.WorldAPI:
		return fmt.Errorf("-machines %d, want it with -world api alone", o.size.Machines)
	}
	return nil
}

func run(o *options) error {
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
	if err := f.Set("date", time.Now().UTC().Format(time.DateOnly)); err != nil {
		return err
	}
	if err := f.Write(path); err != nil {
		return err
	}
	return table(f, filepath.Join(o.out, "eval.md"))
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
