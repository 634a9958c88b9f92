package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
)

// summary is what a replay met.
type summary struct {
	Requests  int            `json:"requests"`
	Failed    int            `json:"failed"`    // no answer
	Malformed int            `json:"malformed"` // lines of the log that were not sent
	Statuses  map[string]int `json:"statuses"`
	Actions   map[string]int `json:"actions,omitempty"` // where the upstream tells them
	Reasons   map[string]int `json:"reasons,omitempty"` // titles of the gateway's refusals
	Seconds   float64        `json:"seconds"`
	Recorded  float64        `json:"recorded_seconds"` // time that the log spans
	P50       float64        `json:"p50_ms"`
	P99       float64        `json:"p99_ms"`
	Max       float64        `json:"max_ms"`
	Clients   []*client      `json:"clients"`

	times    []time.Duration
	byClient map[netip.Addr]*client
	errors   map[string]int
}

// client is what one address met.
type client struct {
	Address  netip.Addr     `json:"address"`
	Agent    string         `json:"agent"` // of its first request
	Human    bool           `json:"human"` // the agent is a browser's
	Requests int            `json:"requests"`
	Failed   int            `json:"failed,omitempty"`
	Statuses map[string]int `json:"statuses"`
}

func newSummary() *summary {
	return &summary{
		Statuses: map[string]int{}, Actions: map[string]int{}, Reasons: map[string]int{},
		byClient: map[netip.Addr]*client{}, errors: map[string]int{},
	}
}

// count adds one exchange.
func (s *summary) count(l traffic.Line, a answer, err error, took time.Duration) {
	c := s.byClient[l.Client]
	if c == nil {
		c = &client{Address: l.Client, Agent: l.Agent, Human: human(l.Agent), Statuses: map[string]int{}}
		s.byClient[l.Client] = c
	}
	s.Requests++
	c.Requests++
	if err != nil {
		s.Failed++
		c.Failed++
		s.errors[err.Error()]++
		return
	}
	status := strconv.Itoa(a.status)
	s.Statuses[status]++
	c.Statuses[status]++
	if a.action != "" {
		s.Actions[a.action]++
	}
	if a.reason != "" {
		s.Reasons[status+" "+a.reason]++
	}
	s.times = append(s.times, took)
}

// add adds what another connection met. No client is in both.
func (s *summary) add(o *summary) {
	s.Requests += o.Requests
	s.Failed += o.Failed
	for _, m := range []struct{ to, from map[string]int }{
		{s.Statuses, o.Statuses}, {s.Actions, o.Actions}, {s.Reasons, o.Reasons}, {s.errors, o.errors},
	} {
		for name, n := range m.from {
			m.to[name] += n
		}
	}
	s.times = append(s.times, o.times...)
	maps.Copy(s.byClient, o.byClient)
}

// text returns the summary for a reader and completes it for write.
func (s *summary) text() string {
	s.finish()
	var b strings.Builder
	fmt.Fprintf(&b, "%d requests of %d clients in %.1f s (%.0f/s), recorded over %s; %d without an answer, %d lines not read\n",
		s.Requests, len(s.Clients), s.Seconds, float64(s.Requests)/s.Seconds,
		(time.Duration(s.Recorded) * time.Second).String(), s.Failed, s.Malformed)
	fmt.Fprintf(&b, "latency p50 %.2f ms, p99 %.2f ms, max %.2f ms\n", s.P50, s.P99, s.Max)
	writeCounts(&b, "status", s.Statuses)
	writeCounts(&b, "action", s.Actions)
	writeCounts(&b, "refusal", s.Reasons)
	writeCounts(&b, "error", s.errors)
	s.writePeople(&b)
	return b.String()
}

// finish computes the quantiles and sorts the clients, the busiest first.
func (s *summary) finish() {
	slices.Sort(s.times)
	at := func(q float64) float64 {
		if len(s.times) == 0 {
			return 0
		}
		return float64(s.times[int(q*float64(len(s.times)-1))]) / float64(time.Millisecond)
	}
	s.P50, s.P99, s.Max = at(0.5), at(0.99), at(1)
	s.Clients = slices.SortedFunc(maps.Values(s.byClient), func(a, b *client) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), a.Address.Compare(b.Address))
	})
}

func writeCounts(b *strings.Builder, what string, counts map[string]int) {
	for _, name := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	}) {
		fmt.Fprintf(b, "%-8s %8d  %s\n", what, counts[name], name)
	}
}

// writePeople tells how many clients that look like people were refused how.
func (s *summary) writePeople(b *strings.Builder) {
	people := 0
	met := map[string]int{}
	for _, c := range s.Clients {
		if !c.Human {
			continue
		}
		people++
		for _, status := range []string{"401", "403", "429"} {
			if c.Statuses[status] > 0 {
				met[status]++
			}
		}
	}
	fmt.Fprintf(b, "clients with a browser's agent: %d, of which met 401: %d, 403: %d, 429: %d\n",
		people, met["401"], met["403"], met["429"])
}

// write saves the summary with every client as JSON.
func (s *summary) write(path string) error {
	content, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(content, '\n'), 0o644)
}

// Words that robots put into an agent that else looks like a browser's.
var robotWords = []string{
	"bot", "crawl", "spider", "slurp", "feed", "rss", "http://", "https://", "monitor", "preview", "archiver",
	"scan", "fetch", "python", "java/", "curl", "wget", "library", "validator", "@",
}

// human reports whether the agent is that of a browser.
func human(agent string) bool {
	if !strings.HasPrefix(agent, "Mozilla/") && !strings.HasPrefix(agent, "Opera/") {
		return false
	}
	lower := strings.ToLower(agent)
	return !slices.ContainsFunc(robotWords, func(w string) bool { return strings.Contains(lower, w) })
}
