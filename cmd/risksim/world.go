package main

import (
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
)

// worldOptions say what world is simulated.
type worldOptions struct {
	world                 string
	seed                  uint64
	start                 string
	users, machines, days int
	honest                bool
}

func (o *worldOptions) register(flags *flag.FlagSet, world string) {
	flags.StringVar(&o.world, "world", world, "A: logins, clean; B: logins, noisy; API: machine clients and whole sessions")
	flags.Uint64Var(&o.seed, "seed", 1, "number from which everything is drawn")
	flags.StringVar(&o.start, "start", "2026-03-02", "first day of the world")
	flags.IntVar(&o.users, "users", 0, "people; 0: as many as the world has in reports")
	flags.IntVar(&o.machines, "machines", 0, "machine clients, only in the world API; 0 as above")
	flags.IntVar(&o.days, "days", 0, "days; 0 as above")
	flags.BoolVar(&o.honest, "honest", false, "without attackers")
}

// config returns the world.
func (o *worldOptions) config() (c traffic.Config, err error) {
	w := traffic.World(o.world)
	if w != traffic.WorldA && w != traffic.WorldB && w != traffic.WorldAPI {
		return c, fmt.Errorf("--world %s, want A, B or API", o.world)
	}
	start, err := time.Parse(time.DateOnly, o.start)
	if err != nil {
		return c, fmt.Errorf("--start %s, want a day like 2026-03-02", o.start)
	}
	if o.users < 0 || o.machines < 0 || o.days < 0 {
		return c, fmt.Errorf("--users, --machines and --days, want numbers from 0")
	}
	c = traffic.NewWorld(w, o.seed, start, traffic.Size{Users: o.users, Machines: o.machines, Days: o.days})
	if o.honest {
		c.Attacks = nil
	}
	return c, nil
}

// newFlags returns the flag set of a command.
func newFlags(name, usage string, stderr io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		say(stderr, "%s\n", usage)
		flags.PrintDefaults()
	}
	return flags
}
