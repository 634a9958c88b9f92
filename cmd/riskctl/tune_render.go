package main

import (
	"fmt"

	"github.com/riskgate/riskgate/models"
)

// render writes the section, with what it rests on as comments.
func (x *tuning) render(name string, found *census) []byte {
	first, last := found.span()
	const day = "2006-01-02 15:04"
	b := fmt.Appendf(nil, "# thresholds for %s, from %d decisions of %s, %s to %s\n", x.command.Budget, found.decisions, clean(name),
		first.Format(day), last.Format(day+" MST"))
	if x.command.Config != "" {
		b = fmt.Appendf(b, "# for the weights and the other thresholds of %s: put them into its section risk\n", clean(x.command.Config))
	}
	b = append(b, "#\n# class      threshold            95 % interval        share     budget  of\n"...)
	for class := range x.chosen {
		c := &x.chosen[class]
		b = appendResult(b, models.Class(class), "step_up", c.stepUp, x.command.Budget.stepUp, "sessions")
		b = appendResult(b, models.Class(class), "deny", c.deny, x.command.Budget.deny, "requests")
		for _, left := range c.left {
			b = fmt.Appendf(b, "# %-9s  %s\n", models.Class(class), left)
		}
	}
	b = append(b, "risk:\n  classes:\n"...)
	for class := range x.chosen {
		if c := &x.chosen[class]; c.done() {
			t := &c.thresholds
			b = fmt.Appendf(b, "    %s: {monitor: %s, throttle: %s, step_up: %s, deny: %s}\n", models.Class(class),
				short(t.Monitor), short(t.Throttle), short(t.StepUp), short(t.Deny))
		}
	}
	return b
}

func appendResult(b []byte, class models.Class, what string, r *bounded, budget float64, unit string) []byte {
	if r == nil {
		return b
	}
	interval := fmt.Sprintf("%.1f to %.1f", r.Low, r.High)
	b = fmt.Appendf(b, "# %-9s  %-8s %5.1f  %19s  %10s %10s  %d %s of %d callers", class, what, r.Threshold, interval,
		asPercent(r.Share()), asPercent(budget), r.Values, unit, r.Subjects)
	if r.bound != "" {
		b = fmt.Appendf(b, "; a bound: not below %s", r.bound)
	}
	return append(b, '\n')
}
