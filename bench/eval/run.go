package eval

import (
	"hash/fnv"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
)

// Run lets a gate that knows nobody decide every request of a world. Honest
// people answer their challenges at once and repeat the request; nobody else can.
// Watch, unless nil, is shown every decision: both arguments are valid until it
// returns.
func Run(w traffic.Config, g *Gate, watch func(*traffic.Event, *models.Event)) *Report {
	t := newTally(w.Days)
	show := func(e *traffic.Event, ev *models.Event, again bool) {
		day := min(w.Days-1, int(e.Time.Sub(w.Start).Hours()/24))
		t.take(e, ev, day, again)
		if watch != nil {
			watch(e, ev)
		}
	}
	for e := range w.Events() {
		if e.Credential == models.JWT && t.sessions[e.CredentialID] == nil && g.forgets(e) {
			g.Forget(e)
		}
		ev := g.Serve(e, false)
		show(e, ev, false)
		if e.Label == traffic.Honest && ev.Denial == models.StepUpRequired {
			show(e, g.Serve(e, true), true)
		}
	}
	return t.report()
}

// forgets draws, by the session alone, whether a visit begins without cookies.
func (g *Gate) forgets(e *traffic.Event) bool {
	h := fnv.New64a()
	_, _ = h.Write([]byte(e.CredentialID)) // never fails
	return float64(h.Sum64()>>11)/(1<<53) < g.config.Forgetful
}
