package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/riskgate/riskgate/models"
)

// render writes the report for a human reader.
func (r *replayReport) render(name string, top int) []byte {
	const stamp = "2006-01-02 15:04:05"
	b := fmt.Appendf(nil, "%s: %d requests of %d clients, %s to %s, scored from nothing\n", clean(name), r.requests,
		len(r.clients), r.first.UTC().Format(stamp), r.last.UTC().Format(stamp+" MST"))
	b = r.appendLimits(b)
	b = append(b, "what the score asks for\n"...)
	for _, a := range scoreActions {
		b = fmt.Appendf(b, "  %-22s %10d  %s\n", actionWords[a], r.actions[a], percent(r.actions[a], r.requests))
	}
	b = fmt.Appendf(b, "  %-22s %10d  %s\n", "slower, any of these", r.slowed, percent(r.slowed, r.requests))
	b = fmt.Appendf(b, "  %-22s %10d  %s\n", "held to 1/16 or less", r.held, percent(r.held, r.requests))
	b = r.appendScores(b)
	b = r.appendReasons(b)
	return r.appendClients(b, top)
}

// appendLimits says what could not be judged.
func (r *replayReport) appendLimits(b []byte) []byte {
	if r.anonymous > 0 {
		b = fmt.Appendf(b, "%s of anonymous callers: only source, client, rate and enumeration speak of them\n", share(r.anonymous, r.requests))
	}
	if r.placed == 0 {
		b = append(b, "no country of any request is known: --geo-city and --geo-asn name databases\n"...)
	}
	return append(b, '\n')
}

var actionWords = [models.NumActions]string{
	models.Allow: "allow", models.Monitor: "allow and mark", models.StepUp: "ask to step up", models.Deny: "deny",
}

const barWidth = 40

func (r *replayReport) appendScores(b []byte) []byte {
	b = append(b, "\nscores\n"...)
	most := slices.Max(r.scores[:])
	for i, n := range r.scores {
		end := 100.0
		if i+1 < len(scoreEdges) {
			end = scoreEdges[i+1]
		}
		line := fmt.Sprintf("  %3g to %-3g %10d  %s", scoreEdges[i], end, n, strings.Repeat("#", int((n*barWidth+most-1)/most)))
		b = append(append(b, strings.TrimRight(line, " ")...), '\n')
	}
	return b
}

func (r *replayReport) appendReasons(b []byte) []byte {
	all := slices.DeleteFunc(slices.Clone(r.reasons[:]), func(x reason) bool { return x.requests == 0 })
	if len(all) == 0 {
		return append(b, "\nnothing raised a score by 0.5 nats or more\n"...)
	}
	slices.SortStableFunc(all, func(x, y reason) int { return cmp.Compare(y.requests, x.requests) })
	b = append(b, "\nreasons             requests  as largest  most points\n"...)
	for _, x := range all {
		b = fmt.Appendf(b, "  %-15s %10d %11d %+12.1f  %s\n", x.group, x.requests, x.first, x.points, x.words)
	}
	return b
}

func (r *replayReport) appendClients(b []byte, top int) []byte {
	all := r.remarkable()
	b = fmt.Appendf(b, "\nclients of whom the score asked something: %d\n", len(all))
	for _, c := range all[:min(top, len(all))] {
		b = fmt.Appendf(b, "\n  %s, %d requests: %s\n", clean(c.name), c.requests, c.summary())
		b = fmt.Appendf(b, "    %s  %s\n", c.at.UTC().Format("2006-01-02 15:04:05 MST"), c.sentence)
	}
	if r.uncounted > 0 {
		b = fmt.Appendf(b, "\n%d requests of clients beyond the first %d are not counted by client\n", r.uncounted, maxClients)
	}
	return b
}

func (c *client) summary() string {
	var parts []string
	for _, a := range scoreActions {
		if n := c.actions[a]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, actionWords[a]))
		}
	}
	if c.held > 0 {
		parts = append(parts, fmt.Sprintf("%d held to 1/16 or less", c.held))
	}
	return strings.Join(parts, ", ")
}
