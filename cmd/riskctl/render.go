package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
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
	b = appendWords(b, x)
	b = appendTable(b, x, engine)
	b = appendVerdict(b, e, x, engine)
	if l := x.Learned; l != (risk.Learned{}) {
		b = fmt.Appendf(b, "learned      weights or slope, from %d labels: %d attacks, %d genuine\n", l.Labels, l.Attacks, l.Labels-l.Attacks)
	}
	return fmt.Appendf(b, "recomputed   bit-identical, by risk section %x\n", e.ConfigHash)
}

func appendHead(b []byte, e *models.Event, x *pipeline.Explanation) []byte {
	b = fmt.Appendf(b, "event        %s %s, %s on %s\n", e.Kind, x.Event, e.Time.UTC().Format("2006-01-02 15:04:05.000 MST"), clean(e.Node))
	b = fmt.Appendf(b, "request      %s %s%s, route %s, class %s\n", clean(e.Method), clean(e.Host), clean(e.Path), clean(e.Route), e.Class)
	b = fmt.Appendf(b, "caller       %s %s by %s from %s\n", e.Subject, subject(e, 32), e.Credential, origin(e))
	return fmt.Appendf(b, "answer       %s\n\n", answer(e))
}

// appendWords writes the decision as a sentence, and what each group adds in words,
// in the order in which they raise the score, or would add if it had a weight.
func appendWords(b []byte, x *pipeline.Explanation) []byte {
	if x.Sentence != "" {
		b = fmt.Appendf(b, "in words     %s\n", x.Sentence)
	}
	lines := slices.Clone(x.Contributions)
	slices.SortStableFunc(lines, func(a, b pipeline.Explained) int { return compare(b.Points, a.Points) })
	b = fmt.Appendf(b, "%12.2f  without evidence\n", x.Base)
	for _, l := range lines {
		switch {
		case l.Points != 0:
			b = fmt.Appendf(b, "%+12.2f  %s\n", l.Points, l.Words)
		case l.Words != "":
			b = fmt.Appendf(b, "%12s  %s\n", "weight 0", l.Words)
		}
	}
	return fmt.Appendf(b, "%12.2f  the score\n\n", x.Score)
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
	var silent [models.NumStates][]string
	lowered := false
	for i := range lines {
		l := &lines[i]
		if l.Lambda == 0 && l.Nats == 0 && l.Points == 0 && len(l.Facts) == 0 {
			if state, ok := stateOf(l.State); ok {
				silent[state] = append(silent[state], l.Group)
			}
			continue
		}
		mark := " "
		if less(l, weights[l.Group]) {
			mark, lowered = "*", true
		}
		line := fmt.Sprintf("%-15s  %-11s %+7.3f  %6s  %10.2f  %+7.3f%s %+7.2f  %s",
			l.Group, l.State, l.Lambda, weights[l.Group], l.Confidence, l.Nats, mark, l.Points, facts(l.Facts))
		b = append(append(b, strings.TrimRight(line, " ")...), '\n')
	}
	b = fmt.Appendf(b, "%-15s  %-11s %7s  %6s  %10.2f  %+7.3f  %+7.2f\n", "sum", "", "", "", x.Confidence, x.Nats, x.Score-x.Base)
	if lowered {
		b = append(b, "* less than lambda: a joint limit, or another group says the same, or it does not speak for this caller\n"...)
	}
	for state, groups := range silent {
		if len(groups) > 0 {
			b = fmt.Appendf(b, "no evidence, %s: %s\n", models.State(state), strings.Join(groups, ", "))
		}
	}
	return append(b, '\n')
}

func stateOf(name string) (models.State, bool) {
	for s := models.State(0); s < models.NumStates; s++ {
		if s.String() == name {
			return s, true
		}
	}
	return 0, false
}

// less reports whether a group counts for less than its weight, confidence and
// lambda make.
func less(l *pipeline.Explained, weight string) bool {
	w, err := strconv.ParseFloat(weight, 64)
	if err != nil {
		if l.Lambda == 0 {
			return false // a verdict, or credit: no lambda stands behind their nats
		}
		w = 1 // it carries nats of its own
	}
	return math.Abs(float64(w*l.Confidence*l.Lambda)-l.Nats) > 1e-6
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
		texts = append(texts, name+" "+short(float64(value)))
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}

// short writes about four digits, without an exponent where that is readable.
func short(v float64) string {
	if a := math.Abs(v); a >= 1000 && a < 1e9 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// appendVerdict writes what the score comes to.
func appendVerdict(b []byte, e *models.Event, x *pipeline.Explanation, engine *risk.Engine) []byte {
	t := x.Thresholds
	b = fmt.Appendf(b, "score        %.2f, %s; %.2f without evidence; actor %.2f\n", x.Score, x.Level, x.Base, x.ActorScore)
	b = fmt.Appendf(b, "thresholds   monitor %g, throttle %g, step_up %g, deny %g\n", t.Monitor, t.Throttle, t.StepUp, t.Deny)
	b = fmt.Appendf(b, "action       %s\n", reasoned(e, x, engine))
	return appendCounterfactual(b, e, x.Counterfactual)
}

// goals are the labels of counterfactuals.
var goals = map[string]string{
	risk.LetThrough.String(): "let through", risk.Unasked.String(): "not asked", risk.Unnoticed.String(): "unnoticed",
}

// appendCounterfactual writes without what the score would have come to less, and
// what would be left of it.
func appendCounterfactual(b []byte, e *models.Event, c *pipeline.Counterfactual) []byte {
	if c == nil {
		return b
	}
	b = fmt.Appendf(b, "%-13s", goals[c.Goal])
	switch {
	case e.Mode == models.Shadow:
		b = append(b, "if enforced: "...)
	case e.Features.Has(models.Explored) && e.ByRisk == models.StepUp && c.Goal != risk.LetThrough.String():
		b = append(b, "but for the sample: "...)
	}
	if c.Without == nil {
		return append(b, "never: the thresholds or an attack elsewhere suffice\n"...)
	}
	b = fmt.Appendf(b, "without %s; no fewer suffice", strings.Join(c.Without, ", "))
	if c.Action != models.Allow.String() {
		b = append(b, "; still marked"...)
	}
	if c.Refill < 1 {
		b = fmt.Appendf(b, ", at %.3g of the base rate", c.Refill)
	}
	if e.ByPolicy >= models.StepUp && e.PolicyMode == models.Enforce {
		b = fmt.Appendf(b, "; policy asks for %s all the same", e.ByPolicy)
	}
	return append(b, '\n')
}

// reasoned tells how the action came about.
func reasoned(e *models.Event, x *pipeline.Explanation, engine *risk.Engine) string {
	text := fmt.Sprintf("%s: the score asks for %s", x.Applied, x.Wanted)
	switch {
	case x.Explored && e.ByRisk == models.StepUp:
		text += ", and the session is explored: step_up"
	case e.ByRisk != e.Assessment.Wanted:
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
	if r := engine.Resolve(&e.Assessment, &e.Features, e.Class, e.CanStepUp); r.Refill < 1 {
		text += fmt.Sprintf("; the rate falls to %.3g of the base rate", r.Refill)
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
