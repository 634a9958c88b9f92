package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/riskgate/riskgate/bench/eval/results"
	"github.com/riskgate/riskgate/bench/eval/trial"
	"github.com/riskgate/riskgate/bench/traffic"
)

// rank runs the seeds of a login world.
func rank(o *options) error {
	var found ranked
	for seed := o.seed; seed < o.seed+o.seeds; seed++ {
		if err := found.add(o, seed); err != nil {
			return err
		}
	}
	fmt.Printf("%s", trial.AppendMarkdown(nil, found.rows, found.sums))
	fmt.Printf("%s", trial.AppendMedians(nil, found.rows, found.sums, found.drifts))
	if o.out == "" {
		return nil
	}
	return found.save(o)
}

// add runs one seed, and draws the first.
func (r *ranked) add(o *options, seed uint64) error {
	name := fmt.Sprintf("world %s, seed %d", o.world, seed)
	c := trial.Config{World: traffic.NewWorld(o.world, seed, start, o.size), Risk: o.risk, Ablate: o.ablate, Progress: progress(name)}
	one, err := trial.Run(c)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Fprintf(os.Stderr, "\n%s: %+v\n", name, one.Events)
	r.rows, r.sums = append(r.rows, one.Rows...), append(r.sums, one.Models...)
	if seed == o.seed && o.plots != "" {
		if err := draw(o.plots, o.world, seed, &one.Figures); err != nil {
			return err
		}
	}
	if !o.drift {
		return nil
	}
	c.Progress = progress(name + ", drift")
	drifts, err := trial.RunDrift(c)
	r.drifts = append(r.drifts, drifts...)
	return err
}

// ranked is what the seeds of a login world came to.
type ranked struct {
	rows   []trial.Row
	sums   []trial.Summary
	drifts []trial.Drift
}

// save replaces what the file says about these seeds of this world.
func (r *ranked) save(o *options) error {
	world := string(o.world)
	return o.change(func(f results.File) error {
		err := errors.Join(
			results.Merge(f, "evaluations", r.rows, func(r trial.Row) bool { return r.World == world && o.mine(r.Seed) }),
			results.Merge(f, "models", r.sums, func(s trial.Summary) bool { return s.World == world && o.mine(s.Seed) }),
		)
		if err != nil || len(r.drifts) == 0 {
			return err
		}
		return results.Merge(f, "drifts", r.drifts, func(d trial.Drift) bool { return d.World == world && o.mine(d.Seed) })
	})
}
