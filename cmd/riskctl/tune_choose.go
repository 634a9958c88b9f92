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
	thresholds   risk.Thresholds
	stepUp, deny *bounded // nil: no budget for it, or left
	anonymous    bool     // there is no session of a verified caller
	left         []string // what stays as configured, and why
}

func (c *choice) done() bool { return c.stepUp != nil || c.deny != nil }

// bounded is a threshold, and below what it was not to be put where that holds it
// up; "": the budget alone does.
type bounded struct {
	tune.Result
	bound string
}

func boundedAt(r tune.Result, floor float64, name string) *bounded {
	if r.Threshold > floor {
		name = ""
	}
	return &bounded{r, name}
}

// thresholdsOf returns the thresholds of a class in a section.
func thresholdsOf(c *risk.Config, class models.Class) *risk.Thresholds {
	return [...]*risk.Thresholds{&c.Classes.Normal, &c.Classes.Sensitive, &c.Classes.Admin, &c.Classes.Login}[class]
}

// choose finds the thresholds of every class that is asked for and has requests.
// What is missing is said of all classes before it fails.
func (x *tuning) choose(s streams) error {
	sessions := x.sessions.Close()
	failed, done := false, false
	for class := models.Normal; class < models.NumClasses; class++ {
		wanted := slices.Contains(x.command.Class, class)
		if len(x.command.Class) > 0 && !wanted || !wanted && x.requests[class].Len() == 0 {
			continue
		}
		c := &x.chosen[class]
		c.thresholds, c.anonymous = *thresholdsOf(&x.section, class), sessions[class].Len() == 0
		failed = !x.chooseStepUp(c, &sessions[class], class, s) || failed
		failed = !x.chooseDeny(c, &x.requests[class], class, s) || failed
		done = done || c.done()
	}
	if failed || !done {
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
	if c.anonymous {
		return c.leave(s, "step_up", class, b, "no sessions of verified callers")
	}
	r, err := v.Threshold(b, c.thresholds.Throttle, x.command.Seed)
	if err != nil {
		return complain(err, s, "step_up", class, b, v, "sessions of verified callers")
	}
	c.stepUp, c.thresholds.StepUp = boundedAt(r, c.thresholds.Throttle, "throttle"), r.Threshold
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
	floor, name := denyFloor(&c.thresholds)
	r, err := v.Threshold(b, floor, x.command.Seed)
	if c.anonymous && errors.Is(err, tune.ErrTooFew) {
		return c.leave(s, "deny", class, b, tooFew(b, v, "requests"))
	}
	if err != nil {
		return complain(err, s, "deny", class, b, v, "requests")
	}
	c.deny, c.thresholds.Deny = boundedAt(r, floor, name), r.Threshold
	return true
}

// denyFloor returns below what deny is not to be put, and what stands there.
func denyFloor(t *risk.Thresholds) (floor float64, name string) {
	switch floor = min(t.Deny, leastDeny); {
	case t.StepUp >= floor:
		return t.StepUp, "step_up"
	case t.Deny < leastDeny:
		return floor, "deny as configured"
	}
	return floor, short(leastDeny)
}

// leave says what stays as configured, and returns true.
func (c *choice) leave(s streams, what string, class models.Class, budget float64, why string) bool {
	s.say("class %s: %s=%s: %s; left as configured", class, what, asPercent(budget), why)
	c.left = append(c.left, fmt.Sprintf("%-8s left as configured: %s", what, why))
	return true
}

func tooFew(budget float64, v *tune.Values, unit string) string {
	return fmt.Sprintf("%d %s of %d callers, want at least %d of %d", v.Len(), unit, v.Subjects(), tune.Needed(budget), tune.LeastSubjects)
}

// complain says what is missing, and returns false.
func complain(err error, s streams, what string, class models.Class, budget float64, v *tune.Values, unit string) bool {
	why := err.Error()
	if errors.Is(err, tune.ErrTooFew) {
		why = tooFew(budget, v, unit)
	}
	s.say("class %s: %s=%s: %s", class, what, asPercent(budget), why)
	return false
}
