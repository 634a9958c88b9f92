package main

import (
	"errors"
	"fmt"

	"github.com/riskgate/riskgate/bench/eval/results"
)

// field is what real data and the cost of a request came to: bench/eval writes it.
type field struct {
	SSH *struct {
		Attackers int `json:"attackers"`
		Many      int `json:"attackers_with_5_attempts"`
		Stopped   int `json:"stopped"`
		Median    int `json:"attempts_until_stopped_median"`
		P95       int `json:"attempts_until_stopped_p95"`
		Accepted  int `json:"accepted"`
		Sources   int `json:"accepted_sources"`
		Hindered  int `json:"accepted_hindered"`
	}
	Web *struct {
		Clients  int `json:"clients"`
		Alarms   int `json:"with_alarm"`
		Behavior int `json:"with_alarm_by_behavior"`
	}
	API *struct {
		Normal   int     `json:"normal"`
		Outliers int     `json:"outliers"`
		AUC      float64 `json:"uniqueness_auc"`
	}
	Places *struct {
		Far  float64 `json:"london_changchun_30m_nats"`
		Near float64 `json:"london_boxford_3h_nats"`
	}
	Costs []struct {
		Subjects int     `json:"subjects"`
		Nanos    float64 `json:"ns_per_request"`
		Allocs   float64 `json:"allocations_per_request"`
		Bytes    float64 `json:"bytes_per_subject"`
	}
}

func fieldOf(f results.File) (d field, err error) {
	return d, errors.Join(
		results.Value(f, "real_ssh_log", &d.SSH), results.Value(f, "real_web_log", &d.Web), results.Value(f, "real_api_behavior", &d.API),
		results.Value(f, "real_places", &d.Places), results.Value(f, "costs", &d.Costs),
	)
}

// append says what is known.
func (d *field) append(dst []byte) []byte {
	if d.SSH != nil || d.Web != nil || d.API != nil || d.Places != nil {
		dst = append(dst, "\n## Real data\n\n| data | figure | |\n|---|---|---|\n"...)
	}
	line := func(data, figure, format string, values ...any) {
		dst = fmt.Appendf(dst, "| %s | %s | %s |\n", data, figure, fmt.Sprintf(format, values...))
	}
	if s := d.SSH; s != nil {
		const data = "SSH log of a real host"
		line(data, "attacking addresses, with 5 attempts or more", "%d, %d", s.Attackers, s.Many)
		line(data, "stopped", "%d", s.Stopped)
		line(data, "attempts until stopped: median, p95", "%d, %d", s.Median, s.P95)
		line(data, "genuine logins hindered", "%d of %d, from %d addresses", s.Hindered, s.Accepted, s.Sources)
	}
	if w := d.Web; w != nil {
		line("log of a real web server", "clients with people's browsers alarmed, by behavior", "%d, %d of %d", w.Alarms, w.Behavior, w.Clients)
	}
	if a := d.API; a != nil {
		line("API access behavior set", "AUC of uniqueness", "%.3f of %d outliers and %d others", a.AUC, a.Outliers, a.Normal)
	}
	if p := d.Places; p != nil {
		line("MaxMind's test databases", "travel, in nats: London to Changchun in 30 min, to Boxford in 3 h", "%.1f, %.1f", p.Far, p.Near)
	}
	return d.appendCosts(dst)
}

func (d *field) appendCosts(dst []byte) []byte {
	if len(d.Costs) == 0 {
		return dst
	}
	dst = append(dst, "\n## Cost\n\nCollecting evidence, scoring and learning, one after the other on one processor:\n\n"+
		"| subjects | ns per request | allocations per request | bytes per subject |\n|---|---|---|---|\n"...)
	for _, c := range d.Costs {
		dst = fmt.Appendf(dst, "| %d | %.0f | %.2f | %.0f |\n", c.Subjects, c.Nanos, c.Allocs, c.Bytes)
	}
	return dst
}
