package main

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk/replay"
)

// scoreActions are the actions that a score asks for; it never throttles.
var scoreActions = []models.Action{models.Allow, models.Monitor, models.StepUp, models.Deny}

// render writes a comparison for a human reader.
func (x *whatif) render(c whatifCommand) []byte {
	t := &x.tally
	against := "what was decided"
	if x.base != nil {
		against = c.Base
	}
	first, last := x.census.span()
	b := fmt.Appendf(nil, "candidate    %s, risk section %x, against %s\n", clean(c.Config), x.candidate.Hash(), clean(against))
	b = fmt.Appendf(b, "decisions    %d from %s to %s\n\n", x.census.decisions, first.Format("2006-01-02 15:04:05"), last.Format("2006-01-02 15:04:05 MST"))
	b = appendMatrix(b, &t.All)
	b = fmt.Appendf(b, "changed        %s\n", share(t.All.Changed(), t.All.Total()))
	b = fmt.Appendf(b, "newly refused  %s\n", share(t.All.NewlyRefused(), t.All.Total()))
	b = fmt.Appendf(b, "newly allowed  %s\n", share(t.All.NewlyAllowed(), t.All.Total()))
	b = fmt.Appendf(b, "slowed down    %d, was %d\n", t.NewSlowed, t.OldSlowed)

	var classes []replay.Named
	for class := models.Normal; class < models.NumClasses; class++ {
		if m := &t.Classes[class]; m.Total() > 0 {
			classes = append(classes, replay.Named{Name: class.String(), Matrix: *m})
		}
	}
	b = appendNamed(b, "class", classes, len(classes))
	b = appendNamed(b, "route", t.Routes(), c.Top)
	b = appendNamed(b, "country", t.Countries(), c.Top)
	return x.appendSubjects(b, c.Top)
}

// share writes a count with its percentage.
func share(n, of int64) string {
	return fmt.Sprintf("%d (%s)", n, percent(n, of))
}

func percent(n, of int64) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3g %%", 100*float64(n)/float64(of))
}

func appendMatrix(b []byte, m *replay.Matrix) []byte {
	b = append(b, "old \\ new  "...)
	for _, now := range scoreActions {
		b = fmt.Appendf(b, "  %10s", now)
	}
	b = append(b, "         sum\n"...)
	for _, old := range scoreActions {
		b = fmt.Appendf(b, "%-11s", old)
		for _, now := range scoreActions {
			b = fmt.Appendf(b, "  %10d", m[old][now])
		}
		b = fmt.Appendf(b, "  %10d\n", m.Old(old))
	}
	b = fmt.Appendf(b, "%-11s", "sum")
	for _, now := range scoreActions {
		b = fmt.Appendf(b, "  %10d", m.New(now))
	}
	return fmt.Appendf(b, "  %10d\n\n", m.Total())
}

// appendNamed writes one line for each of the first n matrices.
func appendNamed(b []byte, what string, all []replay.Named, n int) []byte {
	n = min(n, len(all))
	if n == 0 {
		return b
	}
	b = fmt.Appendf(b, "\n%-20s  decisions    changed  newly refused  newly allowed       step_up          deny\n", "by "+what)
	for i := range n {
		m := &all[i].Matrix
		name := clean(cmp.Or(all[i].Name, unnamed))
		line := fmt.Sprintf("%-20s %10d %10d %14d %14d %13s %13s", name, m.Total(), m.Changed(), m.NewlyRefused(), m.NewlyAllowed(),
			fmt.Sprintf("%d > %d", m.Old(models.StepUp), m.New(models.StepUp)), fmt.Sprintf("%d > %d", m.Old(models.Deny), m.New(models.Deny)))
		b = append(append(b, strings.TrimRight(line, " ")...), '\n')
	}
	if n < len(all) {
		b = fmt.Appendf(b, "and %d more\n", len(all)-n)
	}
	return b
}

func (x *whatif) appendSubjects(b []byte, n int) []byte {
	t := &x.tally
	if t.Callers() > 0 && n > 0 {
		b = append(b, "\nmost changed callers                 changed  newly refused  newly allowed\n"...)
		for _, s := range t.MostChanged(n) {
			b = fmt.Appendf(b, "%s %11d %14d %14d\n", hex.EncodeToString(s.Pseudonym[:]), s.Changed, s.NewlyRefused, s.NewlyAllowed)
		}
	}
	b = fmt.Appendf(b, "\n%d callers with changes; %d changes of anonymous callers\n", t.Callers(), t.Anonymous)
	if t.Untracked > 0 {
		b = fmt.Appendf(b, "%d changes of callers beyond the first %d are not counted by caller\n", t.Untracked, t.Callers())
	}
	return b
}
