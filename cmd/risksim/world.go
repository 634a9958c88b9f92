package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
)

// worldOptions say what world is simulated.
type worldOptions struct {
	world                 string
	seed                  uint64
	start                 string
	users, machines, days int
	attackers             string
	flood                 int
	honest                bool
}

// What --attackers takes beside names of labels.
const (
	everyAttacker = "all"
	noAttacker    = "none"
)

func (o *worldOptions) register(flags *flag.FlagSet, world string) {
	flags.StringVar(&o.world, "world", world, "A: logins, clean; B: logins, noisy; API: machine clients and whole sessions")
	flags.Uint64Var(&o.seed, "seed", 1, "number from which everything is drawn")
	flags.StringVar(&o.start, "start", "2026-03-02", "first day of the world")
	flags.IntVar(&o.users, "users", 0, "people; 0: as many as the world has in reports")
	flags.IntVar(&o.machines, "machines", 0, "machine clients, only in the world API; 0 as above")
	flags.IntVar(&o.days, "days", 0, "days; 0 as above")
	flags.StringVar(&o.attackers, "attackers", everyAttacker, "who attacks: all, none, or labels with commas between.\n"+knownAttackers())
	flags.IntVar(&o.flood, "flood", 0, "requests of the attacker threshold_flood, 1000000 in reports; 0: ten for each subject")
	flags.BoolVar(&o.honest, "honest", false, "the same as --attackers none")
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
	if o.users < 0 || o.machines < 0 || o.days < 0 || o.flood < 0 {
		return c, errors.New("--users, --machines, --days and --flood, want numbers from 0")
	}
	if o.machines > 0 && w != traffic.WorldAPI {
		return c, fmt.Errorf("--machines %d: machine clients exist only in the world API, not in %s", o.machines, o.world)
	}
	c = traffic.NewWorld(w, o.seed, start, traffic.Size{Users: o.users, Machines: o.machines, Days: o.days})
	return o.choose(c.WithPlans(o.flood))
}

// choose leaves those attackers in the world who were asked for.
func (o *worldOptions) choose(c traffic.Config) (traffic.Config, error) {
	chosen, err := o.labels(labelsOf(c))
	if err == nil && o.flood > 0 && !slices.Contains(chosen, traffic.ThresholdFlood) {
		err = fmt.Errorf("--flood %d, want %s among the --attackers", o.flood, traffic.ThresholdFlood)
	}
	return c.Only(chosen...), err
}

// labels returns the labels that were asked for.
func (o *worldOptions) labels(known []traffic.Label) (chosen []traffic.Label, err error) {
	switch {
	case o.honest && o.attackers != everyAttacker && o.attackers != noAttacker:
		return nil, fmt.Errorf("--honest and --attackers %s, want one of them", o.attackers)
	case o.honest, o.attackers == noAttacker:
		return nil, nil
	case o.attackers == everyAttacker:
		return known, nil
	}
	for name := range strings.SplitSeq(o.attackers, ",") {
		l, ok := traffic.ParseLabel(name)
		if !ok || !slices.Contains(known, l) {
			return nil, fmt.Errorf("--attackers %s: no %q in world %s, want all, none or some of %s",
				o.attackers, name, o.world, namesOf(known))
		}
		chosen = append(chosen, l)
	}
	return chosen, nil
}

// labelsOf returns the attackers of a world, each once.
func labelsOf(c traffic.Config) (all []traffic.Label) {
	for _, a := range c.Attacks {
		if !slices.Contains(all, a.Label) {
			all = append(all, a.Label)
		}
	}
	return all
}

func namesOf(labels []traffic.Label) string {
	names := make([]string, len(labels))
	for i, l := range labels {
		names[i] = l.String()
	}
	return strings.Join(names, ",")
}

// knownAttackers lists those of every world.
func knownAttackers() string {
	of := func(w traffic.World) string {
		return namesOf(labelsOf(traffic.NewWorld(w, 1, time.Time{}, traffic.Size{}).WithPlans(0)))
	}
	return "A, B: " + of(traffic.WorldA) + "\nAPI: " + of(traffic.WorldAPI)
}

// tellFewer says of which attacks fewer happen than the world should have.
func tellFewer(stderr io.Writer, c traffic.Config) {
	fewer := false
	for _, s := range c.Staged() {
		if s.Happen < s.Count {
			fewer = true
			say(stderr, "risksim: %d of %d %s happen: %s\n", s.Happen, s.Count, s.Attack, s.Why)
		}
	}
	if fewer {
		say(stderr, "risksim: hint: a larger world has more victims; --attackers leaves them to those it names\n")
	}
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
