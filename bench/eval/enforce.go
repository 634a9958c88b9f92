package eval

import (
	"math"
	"time"

	"github.com/riskgate/riskgate/models"
)

// assess scores the evidence. An answered challenge turns into credit, and the
// request is scored again with it.
func (g *Gate) assess(ev *models.Event, answered bool) {
	k := challengedBy(ev)
	if ev.Evidence[models.Session].State == models.Hit {
		g.stepups.void(ev.Pseudonym)
	} else if ev.Subject != models.Anonymous {
		g.credit(ev, g.stepups.credit(k, ev.Time))
	}
	g.score(ev)
	if !answered || !ev.CanStepUp {
		return
	}
	ev.Passed = true
	g.stepups.answer(k)
	if earned := g.engine.CreditFor(&ev.Assessment, ev.Class); earned < 0 {
		g.stepups.grant(k, earned, ev.Time)
		g.credit(ev, earned)
		g.score(ev)
	}
}

func (g *Gate) score(ev *models.Event) {
	g.engine.Assess(&ev.Features, &ev.Evidence, ev.Class, &ev.Assessment)
}

func (g *Gate) credit(ev *models.Event, nats float64) {
	if nats < 0 {
		ev.Features.Set(models.CreditNats, nats)
		ev.Features.Flags |= models.HoldsCredit
	}
}

// enforce applies what the score comes to for this caller.
func (g *Gate) enforce(ev *models.Event) {
	r := g.engine.Resolve(&ev.Assessment, &ev.Features, ev.Class, ev.CanStepUp)
	ev.Action, ev.ByRisk, ev.Finding = r.Action, r.Action, string(r.Finding)
	switch {
	case r.Action == models.Deny:
		ev.Denial = models.RiskDenied
	case r.Action == models.StepUp:
		g.challenge(ev)
	case !g.spend(ev.Pseudonym, r.Refill, ev.Time):
		ev.Action, ev.Denial = models.Throttle, models.SubjectRate
	}
}

func (g *Gate) challenge(ev *models.Event) {
	k := challengedBy(ev)
	ev.Denial = models.StepUpRequired
	if g.stepups.ask(k, ev.Time) {
		ev.Action, ev.Denial = models.Deny, models.StepUpExhausted
	}
}

// spend takes one request from a bucket by the generic cell rate algorithm, and
// reports whether there was one: a bucket is the time at which it is full again.
// At a smaller refill a request costs more of that time.
func (g *Gate) spend(p models.Pseudonym, refill float64, now time.Time) bool {
	interval := 1 / g.config.Rate
	cost := interval / refill
	debt := max(0, g.buckets[p].Sub(now).Seconds()) + cost
	if debt > max(g.config.Burst*interval, cost)+1e-9 {
		return false
	}
	g.buckets[p] = now.Add(time.Duration(math.Round(debt * float64(time.Second))))
	return true
}
