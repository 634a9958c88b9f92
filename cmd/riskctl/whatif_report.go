package main

import (
	"cmp"
	"encoding/hex"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk/replay"
)

// whatifReport is a comparison for programs.
type whatifReport struct {
	Candidate string          `json:"candidate"` // file
	Hash      string          `json:"config_hash"`
	Base      string          `json:"base,omitempty"` // file; "": what was decided
	First     time.Time       `json:"first"`
	Last      time.Time       `json:"last"`
	Left      leftOut         `json:"left_out"`
	All       whatifCounts    `json:"all"`
	OldSlowed int64           `json:"old_slowed"`
	NewSlowed int64           `json:"new_slowed"`
	Classes   []whatifCounts  `json:"classes"`
	Routes    []whatifCounts  `json:"routes"`
	Countries []whatifCounts  `json:"countries"`
	Callers   int             `json:"callers_changed"`
	Subjects  []whatifSubject `json:"most_changed"`
	Anonymous int64           `json:"anonymous_changed"`
	Untracked int64           `json:"untracked_changed,omitempty"`
}

type leftOut struct {
	Unscored int64 `json:"unscored"`
	Others   int64 `json:"other_events"`
	Broken   int64 `json:"unreadable"`
}

// whatifCounts is one matrix.
type whatifCounts struct {
	Name         string        `json:"name,omitempty"`
	Decisions    int64         `json:"decisions"`
	Changed      int64         `json:"changed"`
	NewlyRefused int64         `json:"newly_refused"`
	NewlyAllowed int64         `json:"newly_allowed"`
	Matrix       replay.Matrix `json:"matrix"`
}

type whatifSubject struct {
	Subject      string `json:"subject"`
	Changed      int64  `json:"changed"`
	NewlyRefused int64  `json:"newly_refused"`
	NewlyAllowed int64  `json:"newly_allowed"`
}

func countsOf(name string, m *replay.Matrix) whatifCounts {
	return whatifCounts{Name: name, Decisions: m.Total(), Changed: m.Changed(), NewlyRefused: m.NewlyRefused(),
		NewlyAllowed: m.NewlyAllowed(), Matrix: *m}
}

func (x *whatif) report(c whatifCommand) *whatifReport {
	t := &x.tally
	hash := x.candidate.Hash()
	r := &whatifReport{
		Candidate: c.Config, Hash: hex.EncodeToString(hash[:]), Base: c.Base,
		Left: leftOut{x.census.unscored, x.census.others, x.census.broken}, All: countsOf("", &t.All),
		OldSlowed: t.OldSlowed, NewSlowed: t.NewSlowed, Callers: t.Callers(), Anonymous: t.Anonymous, Untracked: t.Untracked,
		Classes: []whatifCounts{}, Routes: list(t.Routes()), Countries: list(t.Countries()), Subjects: []whatifSubject{},
	}
	r.First, r.Last = x.census.span()
	for class := models.Normal; class < models.NumClasses; class++ {
		if m := &t.Classes[class]; m.Total() > 0 {
			r.Classes = append(r.Classes, countsOf(class.String(), m))
		}
	}
	for _, s := range t.MostChanged(c.Top) {
		r.Subjects = append(r.Subjects, whatifSubject{hex.EncodeToString(s.Pseudonym[:]), s.Changed, s.NewlyRefused, s.NewlyAllowed})
	}
	return r
}

// unnamed stands for no route, and for an unknown country.
const unnamed = "(none)"

func list(all []replay.Named) []whatifCounts {
	counts := make([]whatifCounts, len(all))
	for i := range all {
		counts[i] = countsOf(cmp.Or(all[i].Name, unnamed), &all[i].Matrix)
	}
	return counts
}
