package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/riskgate/riskgate/bench/eval/trial"
	"github.com/riskgate/riskgate/bench/traffic"
)

// auditedSize is the world API that is audited by default: the published one has too
// few victims for each of its attackers.
var auditedSize = traffic.Size{Users: 8000, Machines: 1000}

// errTold says that a generator gives attacks away.
var errTold = errors.New("attacks are told apart by what must not differ")

// audit tries to tell the attacks of the seeds of a world from what is honest by
// what must not differ.
func audit(o *options) error {
	size := o.size
	if o.world == traffic.WorldAPI && size.Users == 0 && size.Machines == 0 {
		size.Users, size.Machines = auditedSize.Users, auditedSize.Machines
	}
	var told []string
	for seed := o.seed; seed < o.seed+o.seeds; seed++ {
		name := fmt.Sprintf("world %s, seed %d", o.world, seed)
		fmt.Fprintf(os.Stderr, "rank: audit of %s\n", name)
		found := traffic.NewWorld(o.world, seed, start, size).ForAudit().Audit()
		fmt.Printf("%s", appendAudit(nil, name, found))
		here, judged := toldApart(found)
		if judged == 0 {
			return fmt.Errorf("%s: %w: want %d attacks of a kind and as many honest events", name, trial.ErrTooSmall, traffic.LeastAudited)
		}
		for _, one := range here {
			told = append(told, name+": "+one)
		}
	}
	return verdict(told)
}

// verdict returns errTold where attacks are given away.
func verdict(told []string) error {
	if len(told) == 0 {
		return nil
	}
	return fmt.Errorf("%w: AUC above %g of %s", errTold, traffic.MostSeparation, strings.Join(told, "; "))
}

// toldApart lists what gives attacks away, and counts the figures that are judged.
func toldApart(found []traffic.Separation) (told []string, judged int) {
	for _, s := range found {
		if s.Judged() {
			judged++
		}
		if s.Told() {
			told = append(told, fmt.Sprintf("%s by %s (%.3f)", traffic.Attack{Label: s.Label, Variant: s.Variant}, s.Attribute, s.AUC))
		}
	}
	return told, judged
}

// appendAudit appends a table of the figures.
func appendAudit(dst []byte, name string, found []traffic.Separation) []byte {
	dst = fmt.Appendf(dst, "\n## Audit of %s\n\nHow well attacks are told from what is honest by what must not differ; 0.5 is chance, "+
		"at most %g is wanted. What an attack is about is left out.\n\n"+
		"| attacker | attribute | attacks | honest | AUC | |\n|---|---|---|---|---|---|\n", name, traffic.MostSeparation)
	for _, s := range found {
		note := ""
		switch {
		case !s.Judged():
			note = "too few to judge"
		case s.Told():
			note = "told apart"
		}
		dst = fmt.Appendf(dst, "| %s | %s | %d | %d | %.3f | %s |\n",
			traffic.Attack{Label: s.Label, Variant: s.Variant}, s.Attribute, s.Attacks, s.Honest, s.AUC, note)
	}
	return dst
}
