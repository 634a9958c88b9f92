package adapt

import (
	"math"
	"time"

	"github.com/riskgate/riskgate/models"
)

const (
	// leastMove is the smallest move, in nats, that is worth a configuration of its
	// own.
	leastMove = 0.02
	// rareShare is the largest share for which the tail is extrapolated: a quantile
	// that so few sessions exceed is followed too slowly.
	rareShare = 0.001
	// maxCallers bounds the callers told apart within an hour; more are not counted.
	maxCallers = 1 << 20
)

// Steering says how far, in nats, the thresholds are to be from where they are
// configured so that a given share of sessions lies above them. It counts one
// session an hour of each caller, so that nobody moves it by sending more. Not
// safe for concurrent use. Make it with NewSteering.
type Steering struct {
	target  float64
	explore float64
	budget  *Budget
	tail    Tail
	hour    int64
	callers map[models.Pseudonym]struct{} // seen in hour
	shift   float64                       // nats, in force
}

// NewSteering returns a Steering for a share of sessions in (0, 1) that has moved
// nothing yet.
func NewSteering(target float64) *Steering {
	return &Steering{target: target, budget: NewBudget(target, 0)}
}

// Explore says which share of sessions is asked whatever their evidence: they are
// part of the target.
func (s *Steering) Explore(share float64) { s.explore = share }

// See takes the evidence of a session, in nats above the configured threshold, and
// whether it is asked whatever that is. The caller must be established and able to
// step up.
func (s *Steering) See(caller models.Pseudonym, at time.Time, over float64, asked bool) {
	if !s.first(caller, at) {
		return
	}
	s.tail.See(over)
	if asked {
		over = math.Inf(1)
	}
	s.budget.See(over)
}

// first reports whether this is the caller's first session of the hour. What began
// in an hour before, less than a day ago, and ends only now does not count; what
// lies further back is a clock that was put back.
func (s *Steering) first(caller models.Pseudonym, at time.Time) bool {
	hour := at.Unix() / 3600
	if hour < s.hour && hour > s.hour-24 {
		return false
	}
	if hour != s.hour || s.callers == nil {
		s.hour, s.callers = hour, map[models.Pseudonym]struct{}{}
	}
	if _, seen := s.callers[caller]; seen || len(s.callers) >= maxCallers {
		return false
	}
	s.callers[caller] = struct{}{}
	return true
}

// Aim is where a Steering was heading. It shares nothing with it.
type Aim struct {
	rare, nats float64
	tail       Tail // empty unless the share is rare
}

// Aim returns where the thresholds should go by now.
func (s *Steering) Aim() Aim {
	a := Aim{rare: s.target - s.explore, nats: s.budget.Nats()}
	if s.target <= rareShare {
		a.tail = s.tail.Clone()
	}
	return a
}

// Nats returns the distance from the configured thresholds. Of a rare share this
// takes milliseconds.
func (a *Aim) Nats() float64 {
	if nats, known := a.tail.Nats(a.rare); known {
		return min(max(nats, -reach), reach)
	}
	return a.nats
}

// Move sets the distance in force, and reports whether that is news: a move that
// is too small to be worth while is not made.
func (s *Steering) Move(to float64) (shift float64, news bool) {
	if math.Abs(to-s.shift) < leastMove {
		return s.shift, false
	}
	s.shift = to
	return to, true
}

// Target returns the share that is followed.
func (s *Steering) Target() float64 { return s.target }

// Shift returns the distance in force.
func (s *Steering) Shift() float64 { return s.shift }

// Nats returns the distance found so far, which Resume goes on from.
func (s *Steering) Nats() float64 { return s.budget.Nats() }

// Seen returns how many sessions were counted.
func (s *Steering) Seen() uint64 { return s.budget.Seen() }

// Resume goes on from what Nats and Seen of an earlier Steering returned, and puts
// it in force.
func (s *Steering) Resume(nats float64, seen uint64) {
	s.budget.Resume(nats, seen)
	s.shift = s.budget.Nats()
}
