package eval

import (
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/risk/adapt"
)

// steerEvery is how often the gateway lets thresholds move.
const steerEvery = time.Minute

// steering follows risk.budget by the gateway's rule, in the time of the requests.
type steering struct {
	*adapt.Steering
	homes  [models.NumClasses]float64 // configured thresholds, in nats
	looked time.Time                  // when the thresholds were last looked after
}

// newSteering returns nil without a budget.
func newSteering(c *risk.Config) *steering {
	if c.Budget.StepUp == 0 {
		return nil
	}
	s, engine := &steering{Steering: adapt.NewSteering(float64(c.Budget.StepUp))}, risk.New(*c)
	for class := range s.homes {
		s.homes[class] = engine.NatsAt(engine.Thresholds(models.Class(class)).StepUp)
	}
	return s
}

// over returns the evidence of a decision above the configured threshold.
func (s *steering) over(ev *models.Event) float64 { return ev.Assessment.Nats - s.homes[ev.Class] }

// Counts reports whether risk.budget counts a decision if it is the caller's first
// of the hour.
func Counts(ev *models.Event) bool {
	return ev.CanStepUp && ev.Features.Has(models.IsLook|models.IsEstablished)
}

// steer counts a decision, and moves the thresholds when it is time.
func (g *Gate) steer(ev *models.Event) {
	s := g.steering
	if s == nil {
		return
	}
	if Counts(ev) {
		s.See(ev.Pseudonym, ev.Time, s.over(ev), false)
	}
	if ev.Time.Sub(s.looked) < steerEvery {
		return
	}
	s.looked = ev.Time
	aim := s.Aim()
	if shift, news := s.Move(aim.Nats()); news {
		g.engine = risk.New(g.config.Risk.Shifted(shift))
	}
}

// Shift returns how far, in nats, risk.budget has moved the thresholds.
func (g *Gate) Shift() float64 {
	if g.steering == nil {
		return 0
	}
	return g.steering.Shift()
}

// Sessions returns how many sessions risk.budget has counted.
func (g *Gate) Sessions() uint64 {
	if g.steering == nil {
		return 0
	}
	return g.steering.Seen()
}
