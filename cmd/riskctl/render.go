package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/riskgate/riskgate/gateway/pipeline"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// render writes an explanation for a human reader.
func render(e *models.Event, x *pipeline.Explanation, engine *risk.Engine) []byte {
	b := appendHead(nil, e, x)
	b = appendTable(b, x, engine)
	b = appendVerdict(b, e, x)
	return fmt.Appendf(b, "recomputed   bit-identical, by risk section %x\n", e.ConfigHash)
}

func appendHead(b []byte, e *models.Event, x *pipeline.Explanation) []byte {
	b = fmt.Appendf(b, "event        %s %s, %s on %s\n", e.Kind, x.Event, e.Time.UTC().Format("2006-01-02 15:04:05.000 MST"), clean(e.Node))
	b = fmt.Appendf(b, "request      %s %s%s, route %s, class %s\n", clean(e.Method), clean(e.Host), clean(e.Path), clean(e.Route), e.Class)
	b = fmt.Appendf(b, "caller       %s %s by %s from %s\n", e.Subject, subject(e, 32), e.Credential, origin(e))
	return fmt.Appendf(b, "answer       %s\n\n", answer(e))
}

func answer(e *models.Event) string {
	text := e.Action.String() + ", " + strconv.Itoa(e.Status)
	if e.Denial != "" {
		text += " " + clean(e.Denial)
	}
	if e.Upstream != "" {
		text += ", upstream " + clean(e.Upstream)
	}
	return text
}

// appendTable writes one line for each group that says anything, in the order in
// which they raise the score, and names the others.
func appendTable(b []byte, x *pipeline.Explanation, engine *risk.Engine) []byte {
	weights := weightsOf(engine)
	lines := slices.Clone(x.Contributions)
	slices.SortStableFunc(lines, func(a, b pipeline.Explained) int { return compare(b.Nats, a.Nats) })
	b = append(b, "group            state        lambda  weight  confidence     nats   points  facts\n"...)
	var silent []string
	for i := range lines {
		l := &lines[i]
		if l.Lambda == 0 && l.Nats == 0 && l.Points == 0 && len(l.Facts) == 0 {
			silent = append(silent, l.Group+" "+l.State)
			continue
		}
		line := fmt.Sprintf("%-15s  %-11s %+7.3f  %6s  %10.2f  %+7.3f  %+7.2f  %s",
			l.Group, l.State, l.Lambda, weights[l.Group], l.Confidence, l.Nats, l.Points, facts(l.Facts))
		b = append(append(b, strings.TrimRight(line, " ")...), '\n')
	}
	b = fmt.Appendf(b, "%-15s  %-11s %7s  %6s  %10.2f  %+7.3f  %+7.2f\n", "sum", "", "", "", x.Confidence, x.Nats, x.Score-x.Base)
	if len(silent) > 0 {
		b = fmt.Appendf(b, "nothing from     %s\n", strings.Join(silent, ", "))
	}
	return append(b, '\n')
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// weightsOf returns the weights as they stand in the configuration, by group.
// Groups that carry nats of their own have none.
func weightsOf(engine *risk.Engine) map[string]string {
	text, err := json.Marshal(engine.Config().Weights)
	if err != nil {
		panic("BUG: weights without a JSON form: " + err.Error())
	}
	var numbers map[string]json.Number
	if err := json.Unmarshal(text, &numbers); err != nil {
		panic("BUG: weights are no numbers: " + err.Error())
	}
	weights := make(map[string]string, models.NumGroups)
	for g := models.Network; g < models.NumGroups; g++ {
		weights[g.String()] = "-"
	}
	for group, n := range numbers {
		weights[group] = n.String()
	}
	return weights
}

// facts writes facts by name, so that the same event prints the same line.
func facts(all map[string]float32) string {
	texts := make([]string, 0, len(all))
	for name, value := range all {
		texts = append(texts, name+" "+strconv.FormatFloat(float64(value), 'g', 4, 32))
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}

// appendVerdict writes what the score comes to.
func appendVerdict(b []byte, e *models.Event, x *pipeline.Explanation) []byte {
	t := x.Thresholds
	b = fmt.Appendf(b, "score        %.2f, %s; %.2f without evidence; actor %.2f\n", x.Score, x.Level, x.Base, x.ActorScore)
	b = fmt.Appendf(b, "thresholds   monitor %g, throttle %g, step_up %g, deny %g\n", t.Monitor, t.Throttle, t.StepUp, t.Deny)
	b = fmt.Appendf(b, "action       %s\n", reasoned(e, x))
	if len(x.Removing) > 0 {
		b = fmt.Appendf(b, "allowed      without %s\n", strings.Join(x.Removing, " and "))
	}
	return b
}

// reasoned tells how the action came about.
func reasoned(e *models.Event, x *pipeline.Explanation) string {
	text := fmt.Sprintf("%s: the score asks for %s", x.Applied, x.Wanted)
	if e.ByRisk != e.Assessment.Wanted {
		text += fmt.Sprintf(", which for this caller is %s", e.ByRisk)
	}
	if e.Mode == models.Shadow {
		text += " (shadow: not applied)"
	}
	if e.ByPolicy != models.Allow || len(e.Policies) > 0 {
		text += fmt.Sprintf("; policy %s asks for %s", clean(e.Policies), e.ByPolicy)
		if e.PolicyMode == models.Shadow {
			text += " (shadow: not applied)"
		}
	}
	if e.Assessment.Refill < 1 {
		text += fmt.Sprintf("; the rate is %.3g of the base rate", e.Assessment.Refill)
	}
	return text
}

// subject returns up to n hexadecimal digits of the pseudonym, "-" for anonymous
// callers, who have none outside the gateway.
func subject(e *models.Event, n int) string {
	if e.Subject == models.Anonymous {
		return "-"
	}
	return hex.EncodeToString(e.Pseudonym[:])[:n]
}

// origin returns country and AS number.
func origin(e *models.Event) string {
	country, network := "??", "AS?"
	p := &e.Observed.Place
	if p.Country != [2]byte{} {
		country = clean(p.Country[:])
	}
	if p.ASN != 0 {
		network = "AS" + strconv.FormatUint(uint64(p.ASN), 10)
	}
	return country + "/" + network
}

// clean makes text from outside safe for a terminal: what does not print, and
// what is not ASCII, becomes "?".
func clean[T ~string | ~[]byte](text T) string {
	b := []byte(text)
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}
