package gateway

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/risk/adapt"
)

// steerEvery is how often the thresholds may move.
const steerEvery = time.Minute

const steeringName = "steering"

// steering follows risk.budget. It counts one session an hour of each established
// caller that can step up, so that no flood moves it, and measures evidence from
// the configured threshold of the session's class.
type steering struct {
	mu      sync.Mutex // guards the rest
	homes   [models.NumClasses]float64
	follows *adapt.Steering // nil: no budget
}

// configure takes over a risk section. What was learned goes on unless the budget
// is another.
func (s *steering) configure(c *risk.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	engine := risk.New(*c)
	for class := range s.homes {
		s.homes[class] = engine.NatsAt(engine.Thresholds(models.Class(class)).StepUp)
	}
	switch target := float64(c.Budget.StepUp); {
	case target == 0:
		s.follows = nil
	case s.follows == nil || s.follows.Target() != target:
		s.follows = adapt.NewSteering(target)
	}
	if s.follows != nil {
		s.follows.Explore(float64(c.Learning.Explore))
	}
}

// see takes a look of an established caller who can step up.
func (s *steering) see(e *models.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.follows != nil {
		s.follows.See(e.Pseudonym, e.Time, e.Assessment.Nats-s.homes[e.Class], e.Features.Has(models.Explored))
	}
}

// move returns how far the thresholds are to be from where they are configured,
// and whether that is news, which it then is no more. One goroutine calls it.
func (s *steering) move() (shift float64, news bool) {
	s.mu.Lock()
	if s.follows == nil {
		s.mu.Unlock()
		return 0, false
	}
	follows, aim := s.follows, s.follows.Aim()
	s.mu.Unlock() // a fit takes milliseconds, for which no request should wait
	nats := aim.Nats()
	s.mu.Lock()
	defer s.mu.Unlock()
	return follows.Move(nats)
}

// state returns the shift in force and how many sessions were counted.
func (s *steering) state() (shift float64, sessions uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.follows == nil {
		return 0, 0
	}
	return s.follows.Shift(), s.follows.Seen()
}

// of returns the share of the budget that is followed.
func (s *steering) of() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.follows == nil {
		return 0
	}
	return s.follows.Target()
}

// save returns what a restart should not forget: target, threshold, count.
func (s *steering) save() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.follows == nil {
		return nil
	}
	b := binary.LittleEndian.AppendUint64(nil, math.Float64bits(s.follows.Target()))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(s.follows.Nats()))
	return binary.LittleEndian.AppendUint64(b, s.follows.Seen())
}

// load goes on from what save returned, if the budget is still the same.
func (s *steering) load(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if len(b) != 24 {
		return fmt.Errorf("load %s: %d bytes, want 24", steeringName, len(b))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.follows != nil && s.follows.Target() == math.Float64frombits(binary.LittleEndian.Uint64(b)) {
		s.follows.Resume(math.Float64frombits(binary.LittleEndian.Uint64(b[8:])), binary.LittleEndian.Uint64(b[16:]))
	}
	return nil
}

// riskOf returns the risk section that is in force under c: as it is configured,
// or with weights and slope that were learned and thresholds that the budget has
// moved.
func (g *Gateway) riskOf(c *config.Config) risk.Config {
	target, r := float64(c.Risk.Budget.StepUp), g.learning.of(c.Risk)
	shift, _ := g.steering.state()
	if target == 0 || target != g.steering.of() { // not, or not yet
		return r
	}
	return r.Shifted(shift)
}

// steer moves the thresholds, looks for an attack, and saves logoffs, from time to time
// until ctx ends.
func (g *Gateway) steer(ctx context.Context) {
	tick := time.NewTicker(steerEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			g.steerNow()
			g.lookForAttack()
			if err := g.saveEnded(); err != nil {
				g.log.Error().Err(err).Msg("logoffs cannot be saved")
			}
		case <-ctx.Done():
			return
		}
	}
}

// steerNow moves the thresholds if that is worth while. A move is a configuration
// like any other: swapped in whole, published, and said.
func (g *Gateway) steerNow() {
	g.reloading.Lock()
	defer g.reloading.Unlock()
	shift, news := g.steering.move()
	if !news {
		return
	}
	c := g.config.Load()
	if err := g.swapRisk(c); err != nil {
		g.log.Error().Err(err).Msg("thresholds cannot be moved")
		return
	}
	g.publishConfig(c)
	r := g.riskOf(c)
	g.log.Info().Str("component", "risk").Float64("nats", shift).Float64("step_up_normal", r.Classes.Normal.StepUp).
		Str("budget", r.Budget.StepUp.String()).Msg("step_up thresholds moved to keep the budget")
}

// saveSteering keeps what was learned of the budget.
func (g *Gateway) saveSteering() error {
	b := g.steering.save()
	if b == nil {
		return nil
	}
	if err := g.memory.PutGlobal(steeringName, b); err != nil {
		return fmt.Errorf("save %s: %w", steeringName, err)
	}
	return nil
}

func (g *Gateway) loadSteering() error {
	b, err := g.memory.Global(steeringName)
	return errors.Join(err, g.steering.load(b))
}
