package gateway

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/models"
)

// Risk implements admin.Gateway. What it returns decides as the section in force
// does, and goes on doing so: learning and budget are left out.
func (g *Gateway) Risk() ([]byte, error) {
	c := g.config.Load()
	r := g.riskOf(c)
	frozen := r.Frozen()
	section, err := config.RiskYAML(&frozen)
	if err != nil {
		return nil, err
	}
	b := fmt.Appendf(nil, "# the risk section in force, config_hash %x\n", hashOf(&r))
	switch l := r.Learned; {
	case r.Learned.Labels > 0:
		b = fmt.Appendf(b, "# weights or slope learned from the latest %d labels: %d attacks, %d genuine\n", l.Labels, l.Attacks, l.Labels-l.Attacks)
	case c.Risk.Learning.Any():
		labels, attacks := g.learning.kept()
		b = fmt.Appendf(b, "# weights and slope as configured; nothing better was learned from %d labels so far: %d attacks, %d genuine\n",
			labels, attacks, labels-attacks)
	}
	if c.Risk.Learning.Any() {
		home, learned := g.learning.foretold()
		b = fmt.Appendf(b, "# labels were foretold at a loss of %.4f nats by what was learned, %.4f as configured\n", learned, home)
	}
	if shift, _ := g.steering.state(); c.Risk.Budget.StepUp > 0 {
		b = fmt.Appendf(b, "# step_up thresholds moved by %.4g nats for a budget of %s\n", shift, c.Risk.Budget.StepUp)
	}
	if c.Risk.Learning.Any() || c.Risk.Budget.StepUp > 0 {
		b = append(b, "# learning and budget are off here: nothing below moves by itself\n"...)
	}
	return append(b, section...), nil
}

// learningReadings are what operators see of risk.learning, and of what is in
// force.
func (g *Gateway) learningReadings() []reading {
	all := []reading{
		gauge("riskgate_risk_slope", "Slope of the risk section in force.", nil, func(s *gauges) float64 { return s.risk.Slope }),
		counter("riskgate_risk_learned_sections_total", "Times that learned weights or a slope were taken into force or withdrawn.", nil,
			func(*gauges) float64 { return float64(g.learning.takings()) }),
	}
	for group := models.Network; group < models.NumGroups; group++ {
		if group.Weighed() {
			all = append(all, gauge("riskgate_risk_weight", "Weight of a group in the risk section in force.",
				prometheus.Labels{"group": group.String()}, func(s *gauges) float64 { return s.risk.ByGroup()[group] }))
		}
	}
	for i, name := range sourceNames {
		all = append(all, counter("riskgate_risk_labels_total", "Labels that were learned from, by where they came from.",
			prometheus.Labels{"source": name}, func(*gauges) float64 { n, _ := g.learning.tallies(); return float64(n[i]) }))
	}
	for i, name := range lossNames {
		all = append(all, counter("riskgate_risk_labels_lost_total", "Labels that were not learned from, by reason.",
			prometheus.Labels{"reason": name}, func(*gauges) float64 { _, n := g.learning.tallies(); return float64(n[i]) }))
	}
	const loss, help = "riskgate_risk_learning_loss_nats", "Mean loss of the labels kept, as they were foretold before they were learned from."
	return append(all,
		gauge(loss, help, prometheus.Labels{"by": "configured"}, func(*gauges) float64 { home, _ := g.learning.foretold(); return home }),
		gauge(loss, help, prometheus.Labels{"by": "learned"}, func(*gauges) float64 { _, learned := g.learning.foretold(); return learned }))
}
