package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/riskgate/riskgate/bench/eval/trial"
	"github.com/riskgate/riskgate/bench/traffic"
)

// rankFile lets the models score a CSV file with the header of the RBA data set,
// which is in order of time.
func rankFile(o *options) error {
	f, err := os.Open(o.rba)
	if err != nil {
		return err
	}
	defer f.Close()
	var bad error
	first, last := time.Time{}, time.Time{}
	n := 0
	for e := range logins(f, &bad) {
		if n++; n == 1 {
			first = e.Time
		}
		last = e.Time
	}
	if n == 0 || bad != nil {
		return errors.Join(fmt.Errorf("%s: %d logins", o.rba, n), bad)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	o.world, o.seed, o.seeds = "RBA", 0, 1
	world := traffic.Config{World: o.world, Start: first.Truncate(24 * time.Hour)}
	world.Days = 1 + int(last.Sub(world.Start).Hours()/24)
	r, err := trial.Run(trial.Config{World: world, Events: logins(f, &bad), Risk: o.risk, Ablate: o.ablate, Progress: progress(o.rba)})
	if err = errors.Join(err, bad); err != nil {
		return err
	}
	fmt.Printf("%s", trial.AppendMarkdown(nil, r.Rows, r.Models))
	if o.out == "" {
		return nil
	}
	return (&ranked{rows: r.Rows, sums: r.Models}).save(o)
}

// logins returns the readable rows. An error that no row follows is stored.
func logins(r io.Reader, bad *error) iter.Seq[*traffic.Event] {
	return func(yield func(*traffic.Event) bool) {
		var last error
		for e, err := range traffic.ReadRBA(r) {
			if last = err; err == nil && !yield(e) {
				return
			}
		}
		*bad = last
	}
}
