package main

import (
	"fmt"
	"os"

	"github.com/riskgate/riskgate/bench/eval/results"
	"github.com/riskgate/riskgate/bench/eval/siege"
	"github.com/riskgate/riskgate/bench/eval/trial"
	"github.com/riskgate/riskgate/bench/traffic"
)

// The sizes of what belongs to the world API beside itself.
const (
	stormUsers    = 5000
	stormAttempts = 400_000
	poisonUsers   = 4000
	poisonDays    = 160
	poisoners     = 150 // of each manner
)

// besiege runs the seeds of the world API: its attackers one by one, a storm of
// stuffing, and poisoning in worlds A and B.
func besiege(o *options) error {
	var found besieged
	for seed := o.seed; seed < o.seed+o.seeds; seed++ {
		if err := found.add(o, seed); err != nil {
			return err
		}
	}
	fmt.Printf("%s", siege.AppendMarkdown(nil, found.reports, found.storms, found.poisoned))
	fmt.Printf("%s", trial.AppendMarkdown(nil, found.rows, nil))
	if o.out == "" {
		return nil
	}
	return found.save(o)
}

type besieged struct {
	reports  []siege.Report
	storms   []siege.Storm
	poisoned []siege.Poisoned
	rows     []trial.Row
}

func (b *besieged) add(o *options, seed uint64) error {
	say := func(what string) { fmt.Fprintf(os.Stderr, "\n%s, seed %d\n", what, seed) }
	say("world API")
	r, err := siege.Run(siege.Config{World: traffic.NewWorld(traffic.WorldAPI, seed, start, o.size).Without(traffic.Stuffing), Risk: o.risk, Progress: progress()})
	if err != nil {
		return err
	}
	b.reports, b.rows = append(b.reports, *r), append(b.rows, r.Rows...)
	say("stuffing")
	s, err := siege.RunStorm(siege.Config{World: siege.StormWorld(seed, start, stormUsers, stormAttempts), Risk: o.risk, Progress: progress()})
	if err != nil {
		return err
	}
	b.storms = append(b.storms, *s)
	for _, w := range []traffic.World{traffic.WorldA, traffic.WorldB} {
		say("poisoning of world " + string(w))
		world := traffic.NewWorld(w, seed, start, traffic.Size{Users: poisonUsers, Days: poisonDays})
		p, err := siege.Poison(siege.Config{World: world, Risk: o.risk, Progress: progress()}, poisoners)
		if err != nil {
			return err
		}
		b.poisoned = append(b.poisoned, p...)
	}
	return nil
}

func (b *besieged) save(o *options) error {
	return o.change(func(f results.File) error {
		if err := results.Merge(f, "evaluations", b.rows, func(r trial.Row) bool { return r.World == string(o.world) && o.mine(r.Seed) }); err != nil {
			return err
		}
		if err := results.Merge(f, "sieges", b.reports, func(r siege.Report) bool { return o.mine(r.Seed) }); err != nil {
			return err
		}
		if err := results.Merge(f, "stuffing", b.storms, func(s siege.Storm) bool { return o.mine(s.Seed) }); err != nil {
			return err
		}
		return results.Merge(f, "poisoning", b.poisoned, func(p siege.Poisoned) bool { return o.mine(p.Seed) })
	})
}
