// Command rank lets riskgate and the models it is compared with score a simulated
// world, and writes down how well each tells attacks from honest logins: a JSON
// file, a table and drawings.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/riskgate/riskgate/bench/eval/results"
	"github.com/riskgate/riskgate/bench/eval/trial"
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/risk"
)

// start is a Monday, like the first day of the published data set.
var start = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

type options struct {
	world       traffic.World
	seed, seeds uint64
	size        traffic.Size
	ablate      bool
	out, plots  string
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
	flag.StringVar(&o.out, "out", "bench/results", "folder of eval.json and eval.md, empty: none")
	flag.StringVar(&o.plots, "plots", "docs/eval", "folder of the drawings of the first seed, empty: none")
	flag.Parse()
	o.world = traffic.World(strings.ToUpper(*world))
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(o *options) error {
	switch o.world {
	case traffic.WorldA, traffic.WorldB:
		return rank(o)
	}
	return fmt.Errorf("world %q: want a or b", o.world)
}

// rank runs the seeds of a login world.
func rank(o *options) error {
	var rows []trial.Row
	var models []trial.Summary
	for seed := o.seed; seed < o.seed+o.seeds; seed++ {
		fmt.Fprintf(os.Stderr, "world %s, seed %d\n", o.world, seed)
		r, err := trial.Run(trial.Config{
			World: traffic.NewWorld(o.world, seed, start, o.size), Risk: risk.DefaultConfig(),
			Ablate: o.ablate, Progress: progress(),
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "\n%+v\n", r.Events)
		rows, models = append(rows, r.Rows...), append(models, r.Models...)
		if seed == o.seed && o.plots != "" {
			if err := draw(o.plots, o.world, seed, &r.Figures); err != nil {
				return err
			}
		}
	}
	os.Stdout.Write(trial.AppendMarkdown(nil, rows, models))
	os.Stdout.Write(trial.AppendMedians(nil, rows))
	if o.out == "" {
		return nil
	}
	return save(o, rows, models)
}

// save replaces what the file says about these seeds of this world.
func save(o *options, rows []trial.Row, models []trial.Summary) error {
	path := filepath.Join(o.out, "eval.json")
	f, err := results.Read(path)
	if err != nil {
		return err
	}
	mine := func(world string, seed uint64) bool {
		return world == string(o.world) && seed >= o.seed && seed < o.seed+o.seeds
	}
	if err := results.Merge(f, "evaluations", rows, func(r trial.Row) bool { return mine(r.World, r.Seed) }); err != nil {
		return err
	}
	if err := results.Merge(f, "models", models, func(s trial.Summary) bool { return mine(s.World, s.Seed) }); err != nil {
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

const preamble = `# Evaluation

Written by ` + "`make eval`" + ` from simulated worlds with published marginals; see ` + "`bench/eval`" + `. Nothing here says how
accurate the score is on real logins. *lmlr* is riskgate where browsers keep device tokens, *lmlr_no_token* where none was
ever issued; *freeman* is the published algorithm in the same harness. Attacks are scored and never learned.
Seeds 1 to 99 served development, 100 to 199 were never used to choose anything.
`

// table writes everything in the file as Markdown.
func table(f results.File, path string) error {
	rows, err := results.List[trial.Row](f, "evaluations")
	if err != nil {
		return err
	}
	models, err := results.List[trial.Summary](f, "models")
	if err != nil {
		return err
	}
	slices.SortStableFunc(rows, func(a, b trial.Row) int {
		if c := strings.Compare(a.World, b.World); c != 0 {
			return c
		}
		return int(a.Seed) - int(b.Seed)
	})
	text := trial.AppendMedians([]byte(preamble), rows)
	return os.WriteFile(path, trial.AppendMarkdown(text, rows, models), 0o644)
}

// progress reports at most every two seconds.
func progress() func(int, time.Time) {
	last := time.Now()
	return func(events int, at time.Time) {
		if now := time.Now(); now.Sub(last) >= 2*time.Second {
			last = now
			fmt.Fprintf(os.Stderr, "\r%d events, %s", events, at.Format(time.DateOnly))
		}
	}
}
