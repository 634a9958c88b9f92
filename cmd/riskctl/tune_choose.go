package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/risk/tune"
)

// choice is what was found for one class.
type choice struct {
	done         bool
	thresholds   risk.Thresholds
	stepUp, deny *tune.Result // nil: no budget for it
}

// thresholdsOf returns the thresholds of a class in a section.
func thresholdsOf(c *risk.Config, class models.Class) *risk.Thresholds {
	return [...]*risk.Thresholds{&c.Classes.Normal, &c.Classes.Sensitive, &c.Classes.Admin, &c.Classes.Login}[class]
}

// choose finds the thresholds of every class that is asked for and has requests.
// What is missing is said of all classes before it fails.
func (x *tuning) choose(s streams) error {
	sessions := x.sessions.Close()
	failed := false
	for class := models.Normal; class < models.NumClasses; class++ {
		wanted := slices.Contains(x.command.Class, class)
		if len(x.command.Class) > 0 && !wanted || !wanted && x.requests[class].Len() == 0 {
			continue
		}
		c := &x.chosen[class]
		c.done, c.thresholds = true, *thresholdsOf(&x.section, class)
		failed = !x.chooseStepUp(c, &sessions[class], class, s) || failed
		failed = !x.chooseDeny(c, &x.requests[class], class, s) || failed
	}
	if failed {
		return withHint(errTooFew, "record longer, give a larger budget, or leave a class out with --class")
	}
	return nil
}

// errTooFew says that there are no thresholds for a budget; why was printed.
var errTooFew = errors.New("no thresholds: the recording does not support the budget")

func (x *tuning) chooseStepUp(c *choice, v *tune.Values, class models.Class, s streams) bool {
	b := x.command.Budget.stepUp
	if b == 0 {
		return true
	}
	r, err := v.Threshold(b, c.thresholds.Throttle, x.command.Seed)
	if err != nil {
		return complain(err, s, "step_up", class, b, v, "sessions of verified callers")
	}
	c.stepUp, c.thresholds.StepUp = &r, r.Threshold
	c.thresholds.Deny = max(c.thresholds.Deny, r.Threshold)
	return true
}

// leastDeny is the score below which nobody is to be denied for whom a step-up
// would do, unless the section denies below it already.
const leastDeny = 50

func (x *tuning) chooseDeny(c *choice, v *tune.Values, class models.Class, s streams) bool {
	b := x.command.Budget.deny
	if b == 0 {
		return true
	}
	floor := max(c.thresholds.StepUp, min(c.thresholds.Deny, leastDeny))
	r, err := v.Threshold(b, floor, x.command.Seed)
	if err != nil {
		return complain(err, s, "deny", class, b, v, "requests")
	}
	c.deny, c.thresholds.Deny = &r, r.Threshold
	return true
}

// complain says what is missing, and returns false.
func complain(err error, s streams, what string, class models.Class, budget float64, v *tune.Values, unit string) bool {
	if errors.Is(err, tune.ErrTooFew) {
		s.say("class %s: %s=%s: %d %s of %d callers, want at least %d of %d", class, what, asPercent(budget),
			v.Len(), unit, v.Subjects(), tune.Needed(budget), tune.LeastSubjects)
	} else {
		s.say("class %s: %s=%s: %v", class, what, asPercent(budget), err)
	}
	return false
}

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
	}
	b = append(b, "risk:\n  classes:\n"...)
	for class := range x.chosen {
		if c := &x.chosen[class]; c.done {
			t := &c.thresholds
			b = fmt.Appendf(b, "    %s: {monitor: %s, throttle: %s, step_up: %s, deny: %s}\n", models.Class(class),
				short(t.Monitor), short(t.Throttle), short(t.StepUp), short(t.Deny))
		}
	}
	return b
}

func appendResult(b []byte, class models.Class, what string, r *tune.Result, budget float64, unit string) []byte {
	if r == nil {
		return b
	}
	interval := fmt.Sprintf("%.1f to %.1f", r.Low, r.High)
	return fmt.Appendf(b, "# %-9s  %-8s %5.1f  %19s  %10s %10s  %d %s of %d callers\n", class, what, r.Threshold, interval,
		asPercent(r.Share()), asPercent(budget), r.Values, unit, r.Subjects)
}
