package main

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/riskgate/riskgate/bench/eval/results"
	"github.com/riskgate/riskgate/bench/eval/siege"
	"github.com/riskgate/riskgate/bench/eval/trial"
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
)

// extras are the sizes of what belongs to the world API beside itself.
type extras struct {
	storm                 traffic.Size // users only
	attempts              int
	poison                traffic.Size
	poisoners             int // of each manner
	flooded               traffic.Size
	floods, floodAccounts int
	budget                models.Share // that the flood attacks
}

// wholeExtras are those of reports.
var wholeExtras = extras{
	storm: traffic.Size{Users: 5000}, attempts: 400_000,
	poison: traffic.Size{Users: 4000, Days: 160}, poisoners: 150,
	flooded: traffic.Size{Users: 20_000, Days: 100}, floods: 1_000_000, floodAccounts: 20, budget: 0.005,
}

// scaled returns extras for a world API of so many people, 0 for as many as it has in
// reports: smaller in proportion, but large enough to be run.
func (x extras) scaled(users int) extras {
	share := float64(users) / 900
	if users <= 0 || share >= 1 {
		return x
	}
	of := func(n, least int) int { return max(least, int(math.Round(share*float64(n)))) }
	x.storm.Users, x.attempts = of(x.storm.Users, 40), of(x.attempts, 400)
	x.poison.Users, x.poisoners = of(x.poison.Users, 150), of(x.poisoners, 1)
	x.flooded.Users, x.floods, x.floodAccounts = of(x.flooded.Users, 150), of(x.floods, 500), of(x.floodAccounts, 1)
	return x
}

// floodOver is how long a flood lasts.
const floodOver = 4 * time.Hour

// besiege runs the seeds of the world API: its attackers one by one, a storm of
// stuffing, a flood, and poisoning in worlds A and B. As many of these run at once
// as there are processors.
func besiege(o *options) error {
	found := make([]besieged, o.seeds)
	var jobs []func() error
	for i := range found {
		jobs = append(jobs, found[i].jobs(o, o.seed+uint64(i))...)
	}
	if err := inParallel(jobs); err != nil {
		return err
	}
	var all besieged
	for i := range found {
		all.add(&found[i])
	}
	fmt.Printf("%s", all.AppendMarkdown(all.AppendMedians(nil)))
	fmt.Printf("%s", trial.AppendMarkdown(nil, all.rows, nil))
	if o.out == "" {
		return nil
	}
	return all.save(o)
}

// inParallel runs the jobs in their order, and returns the error of the first that
// failed.
func inParallel(jobs []func() error) error {
	errs := make([]error, len(jobs))
	turns := make(chan int)
	var done sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		done.Go(func() {
			for i := range turns {
				errs[i] = jobs[i]()
			}
		})
	}
	for i := range jobs {
		turns <- i
	}
	close(turns)
	done.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

type besieged struct {
	siege.Found
	rows             []trial.Row
	poisonA, poisonB []siege.Poisoned
}

// jobs returns what is to be done for a seed, the longest first.
func (b *besieged) jobs(o *options, seed uint64) []func() error {
	x := &o.extras
	config := func(what string, w traffic.Config) siege.Config {
		return siege.Config{World: w, Risk: o.risk, Ablate: o.ablate, Progress: progress(fmt.Sprintf("%s, seed %d", what, seed))}
	}
	poison := func(w traffic.World, into *[]siege.Poisoned) func() error {
		return func() (err error) {
			*into, err = siege.Poison(config("poisoning of world "+string(w), traffic.NewWorld(w, seed, start, x.poison)), x.poisoners)
			return err
		}
	}
	return []func() error{
		func() error {
			r, err := siege.Run(config("world API", traffic.NewWorld(traffic.WorldAPI, seed, start, o.size).Without(traffic.Stuffing)))
			if err == nil {
				b.Sieges, b.rows = []siege.Report{*r}, r.Rows
			}
			return err
		},
		func() (err error) {
			w := traffic.NewWorld(traffic.WorldA, seed, start, x.flooded)
			b.Floods, err = siege.Floods(config("flood", w), siege.Flood{Requests: x.floods, Over: floodOver, Accounts: x.floodAccounts, Budget: x.budget})
			return err
		},
		func() error {
			s, err := siege.RunStorm(config("stuffing", siege.StormWorld(seed, start, x.storm.Users, x.attempts)))
			if err == nil {
				b.Storms = []siege.Storm{*s}
			}
			return err
		},
		poison(traffic.WorldA, &b.poisonA), poison(traffic.WorldB, &b.poisonB),
	}
}

func (b *besieged) add(more *besieged) {
	b.rows = append(b.rows, more.rows...)
	b.Sieges, b.Storms, b.Floods = append(b.Sieges, more.Sieges...), append(b.Storms, more.Storms...), append(b.Floods, more.Floods...)
	b.Poisoned = append(append(b.Poisoned, more.poisonA...), more.poisonB...)
}

func (b *besieged) save(o *options) error {
	return o.change(func(f results.File) error {
		return errors.Join(
			results.Merge(f, "evaluations", b.rows, func(r trial.Row) bool { return r.World == string(o.world) && o.mine(r.Seed) }),
			results.Merge(f, "sieges", b.Sieges, func(r siege.Report) bool { return o.mine(r.Seed) }),
			results.Merge(f, "stuffing", b.Storms, func(s siege.Storm) bool { return o.mine(s.Seed) }),
			results.Merge(f, "poisoning", b.Poisoned, func(p siege.Poisoned) bool { return o.mine(p.Seed) }),
			results.Merge(f, "floods", b.Floods, func(d siege.Flooded) bool { return o.mine(d.Seed) }),
		)
	})
}
