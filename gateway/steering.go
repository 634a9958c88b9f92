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

const (
	// steerEvery is how often the thresholds may move.
	steerEvery = time.Minute
	// leastMove is the smallest move, in nats, that is worth a configuration of its
	// own.
	leastMove = 0.02
	// rareShare is the largest share for which the tail is extrapolated: a quantile
	// that so few sessions exceed is followed too slowly.
	rareShare = 0.001
	// maxCallers bounds the callers told apart within an hour; more are not counted.
	maxCallers = 1 << 20

	steeringName = "steering"
)

// steering follows risk.budget. It counts one session an hour of each established
// caller that can step up, so that no flood moves it, and measures evidence from
// the configured threshold of the session's class.
type steering struct {
	mu      sync.Mutex // guards the rest
	target  float64    // 0: no budget
	explore float64    // share of sessions that are asked whatever they score
	homes   [models.NumClasses]float64
	budget  *adapt.Budget
	tail    adapt.Tail
	hour    int64
	callers map[models.Pseudonym]struct{} // seen in hour
	shift   float64                       // nats, in force
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
	s.explore = float64(c.Learning.Explore)
	if target := float64(c.Budget.StepUp); target != s.target {
		s.target, s.budget, s.tail, s.shift = target, nil, adapt.Tail{}, 0
		if target > 0 {
			s.budget = adapt.NewBudget(target, 0)
		}
	}
}

// see takes a look of an established caller who can step up.
func (s *steering) see(e *models.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.budget == nil || !s.first(e) {
		return
	}
	over := e.Assessment.Nats - s.homes[e.Class]
	s.tail.See(over)
	if e.Features.Has(models.Explored) {
		over = math.Inf(1) // it was asked, and counts as one that is
	}
	s.budget.See(over)
}

// first reports whether this is the caller's first session of the hour.
func (s *steering) first(e *models.Event) bool {
	if hour := e.Time.Unix() / 3600; hour != s.hour {
		s.hour, s.callers = hour, map[models.Pseudonym]struct{}{}
	}
	if _, seen := s.callers[e.Pseudonym]; seen || len(s.callers) >= maxCallers {
		return false
	}
	s.callers[e.Pseudonym] = struct{}{}
	return true
}

// move returns how far the thresholds are to be from where they are configured,
// and whether that is news, which it then is no more. One goroutine calls it.
func (s *steering) move() (shift float64, news bool) {
	s.mu.Lock()
	if s.budget == nil {
		s.mu.Unlock()
		return 0, false
	}
	want, target, rare, tail := s.budget.Nats(), s.target, s.target-s.explore, adapt.Tail{}
	if target <= rareShare {
		tail = s.tail.Clone()
	}
	s.mu.Unlock() // a fit takes milliseconds, for which no request should wait
	if nats, known := tail.Nats(rare); known {
		want = min(max(nats, -1), 1)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if math.Abs(want-s.shift) < leastMove {
		return s.shift, false
	}
	s.shift = want
	return want, true
}

// state returns the shift in force and how many sessions were counted.
func (s *steering) state() (shift float64, sessions uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.budget != nil {
		sessions = s.budget.Seen()
	}
	return s.shift, sessions
}

// of returns the share of the budget that is followed.
func (s *steering) of() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.target
}

// save returns what a restart should not forget: target, threshold, count.
func (s *steering) save() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.budget == nil {
		return nil
	}
	b := binary.LittleEndian.AppendUint64(nil, math.Float64bits(s.target))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(s.budget.Nats()))
	return binary.LittleEndian.AppendUint64(b, s.budget.Seen())
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
	if s.budget != nil && s.target == math.Float64frombits(binary.LittleEndian.Uint64(b)) {
		s.budget.Resume(math.Float64frombits(binary.LittleEndian.Uint64(b[8:])), binary.LittleEndian.Uint64(b[16:]))
		s.shift = s.budget.Nats()
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

// steer moves the thresholds from time to time until ctx ends.
func (g *Gateway) steer(ctx context.Context) {
	tick := time.NewTicker(steerEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			g.steerNow()
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
	if err := g.swap(c); err != nil {
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
