package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/riskgate/riskgate/models"
)

// topReasons is how many reasons a line shows.
const topReasons = 3

// appendLine writes one event for a human reader: time, what was done, score,
// level, route, method, status, origin, subject, and why.
func appendLine(b []byte, e *models.Event) []byte {
	done, why := summary(e)
	score, level := "-", "-"
	if e.Assessment.Base != 0 {
		score, level = strconv.FormatFloat(e.Assessment.Score, 'f', 1, 64), e.Assessment.Level.String()
	}
	line := fmt.Sprintf("%s  %-9s %5s %-8s  %-20s %-7s %3s  %-11s  %-8s  %s",
		e.Time.UTC().Format("2006-01-02T15:04:05.000Z"), done, score, level, dash(clean(e.Route)), dash(clean(e.Method)),
		status(e), origin(e), subject(e, 8), why)
	return append(append(b, strings.TrimRight(line, " ")...), '\n')
}

// summary returns what was done, in one word, and why.
func summary(e *models.Event) (done, why string) {
	switch e.Kind {
	case models.RefusalEvent:
		return "refused", fmt.Sprintf("%s, %d times from %s", clean(e.Denial), e.Count, from(e))
	case models.AuthenticationEvent:
		if e.Passed {
			return "passed", "step-up passed"
		}
		return "failed", "step-up failed: " + clean(e.Denial)
	case models.FindingEvent:
		if e.Closed {
			return "finding", clean(e.Finding) + ": closed"
		}
		return "finding", clean(e.Finding) + ": " + reasons(e)
	case models.ConfigEvent:
		return "config", fmt.Sprintf("risk section %x in force on %s", e.ConfigHash, clean(e.Node))
	}
	return e.Action.String(), because(e)
}

func from(e *models.Event) string {
	if e.Prefix.IsValid() {
		return e.Prefix.String()
	}
	return "anywhere"
}

// because joins denial, reasons and what was only recorded.
func because(e *models.Event) string {
	var parts []string
	if e.Denial != "" {
		parts = append(parts, clean(e.Denial))
	}
	if e.Features.Has(models.Explored) {
		parts = append(parts, "explored")
	}
	if r := reasons(e); r != "" {
		parts = append(parts, r)
	}
	if e.Mode == models.Shadow && e.ByRisk > e.Action {
		parts = append(parts, "shadow: score asks for "+e.ByRisk.String())
	}
	if e.PolicyMode == models.Shadow && e.ByPolicy > e.Action {
		parts = append(parts, "shadow: policy asks for "+e.ByPolicy.String())
	}
	return strings.Join(parts, "; ")
}

// reasons lists the groups that raise the score most, with their points.
func reasons(e *models.Event) string {
	var all []string
	for i, g := range e.Assessment.Top() {
		if i == topReasons {
			break
		}
		all = append(all, fmt.Sprintf("%s %+.1f", g, e.Assessment.Contributions[g].Points))
	}
	return strings.Join(all, ", ")
}

func status(e *models.Event) string {
	if e.Status == 0 {
		return "-"
	}
	return strconv.Itoa(e.Status)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
