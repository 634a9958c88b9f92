package stepup

import (
	"math"
	"time"

	"github.com/riskgate/riskgate/models"
)

// Service asks for stronger authentication under one configuration. It is safe
// for concurrent use and allocates nothing.
type Service struct {
	cfg     Config
	table   *Table
	demands map[Want]*demand
	levels  []uint64 // hashes of ACRLevels
}

// New returns a Service for a valid configuration. Wants are those of routes
// and policies, made ready ahead; others are made when they are asked for.
func New(c Config, t *Table, wants ...Want) *Service {
	s := &Service{cfg: c, table: t, demands: map[Want]*demand{{}: c.demand(Want{})}}
	for _, w := range wants {
		s.demands[w] = c.demand(w)
	}
	for _, l := range c.ACRLevels {
		s.levels = append(s.levels, t.hash(l))
	}
	return s
}

func (s *Service) demand(w Want) *demand {
	if d := s.demands[w]; d != nil {
		return d
	}
	return s.cfg.demand(w)
}

// Meets reports whether the caller's token already shows what is wanted: an
// authentication context class at or above it, and an authentication within its
// MaxAge.
func (s *Service) Meets(id *models.Identity, w Want, now time.Time) bool {
	d := s.demand(w)
	return s.cfg.above(id.ACR, d.want.ACR) && s.recent(id.AuthTime, d.want.MaxAge, now)
}

// recent reports whether an authentication lies within maxAge of now, and not in
// the future.
func (s *Service) recent(at time.Time, maxAge time.Duration, now time.Time) bool {
	return !at.IsZero() && now.Sub(at) <= maxAge+s.cfg.Leeway && at.Sub(now) <= s.cfg.Leeway
}

// Ask returns the challenge for a caller and counts it as unanswered. Exhausted
// says that too many were not answered: refuse instead.
func (s *Service) Ask(id *models.Identity, k Key, w Want, now time.Time) (c Challenge, exhausted bool) {
	d := s.demand(w)
	if s.count(k, d, now) {
		return Challenge{}, true
	}
	return s.challenge(id, d, now), false
}

// Challenge returns what Ask does, and counts nothing.
func (s *Service) Challenge(id *models.Identity, w Want, now time.Time) Challenge {
	return s.challenge(id, s.demand(w), now)
}

func (s *Service) challenge(id *models.Identity, d *demand, now time.Time) Challenge {
	if s.recent(id.AuthTime, d.want.MaxAge, now) {
		return d.now // with the usual max_age the issuer would not ask
	}
	return d.usual
}

// Leeway is how far the clock of an issuer may be off, where auth_time is compared.
func (s *Service) Leeway() time.Duration { return s.cfg.Leeway }

func (s *Service) count(k Key, d *demand, now time.Time) (exhausted bool) {
	set := s.table.set(k.Subject)
	set.mu.Lock()
	defer set.mu.Unlock()
	e := set.take(k)
	e.expire(now, s.cfg.Forget)
	again := e.asked != 0 && now.UnixNano()-e.asked < int64(s.cfg.Together)
	if !again && int(e.unanswered) >= s.cfg.Challenges {
		return true
	}
	if !again {
		e.unanswered++
		e.asked = now.UnixNano()
	}
	e.acr, e.maxAge = s.table.hash(d.want.ACR), int32(d.want.MaxAge/time.Second)
	return false
}

// Answered reports whether a challenge of k is pending and the caller's token
// answers it: a class at or above the one asked for, and an authentication after
// the challenge and within its max_age. The challenge is then no longer pending.
func (s *Service) Answered(id *models.Identity, k Key, now time.Time) bool {
	set := s.table.look(k.Subject)
	if set == nil {
		return false
	}
	set.mu.Lock()
	defer set.mu.Unlock()
	e := set.find(k)
	if e == nil {
		return false
	}
	e.expire(now, s.cfg.Forget)
	after := id.AuthTime.UnixNano() >= e.asked-int64(s.cfg.Leeway)
	if e.asked == 0 || id.AuthTime.IsZero() || !after || !s.answers(id.ACR, e.acr) ||
		!s.recent(id.AuthTime, time.Duration(e.maxAge)*time.Second, now) {
		return false
	}
	e.asked, e.unanswered = 0, 0
	return true
}

// answers is Config.above for a class of which only the hash was kept.
func (s *Service) answers(have string, want uint64) bool {
	h := s.table.hash(have)
	if h == want || want == s.table.hash("") {
		return true
	}
	found := false
	for _, l := range s.levels {
		if found && l == h {
			return true
		}
		found = found || l == want
	}
	return false
}

// Grant gives k a credit of that many nats, which must not be negative, unless
// more is left of an earlier one.
func (s *Service) Grant(k Key, nats float64, now time.Time) {
	if !(nats > 0) || math.IsInf(nats, 0) {
		return
	}
	set := s.table.set(k.Subject)
	set.mu.Lock()
	defer set.mu.Unlock()
	if e := set.take(k); nats > e.credit(now, s.cfg.Credit) {
		e.nats, e.granted = float32(nats), now.UnixNano()
	}
}

// Credit returns what is left of k's credit, in nats: zero or negative, as it is
// added to the evidence. It halves with every half-life.
func (s *Service) Credit(k Key, now time.Time) float64 {
	set := s.table.look(k.Subject)
	if set == nil {
		return 0
	}
	set.mu.Lock()
	defer set.mu.Unlock()
	e := set.find(k)
	if e == nil {
		return 0
	}
	left := e.credit(now, s.cfg.Credit)
	if left == 0 {
		e.granted = 0
		return 0
	}
	return -left
}

// worthless is what a credit is forgotten below, in nats.
const worthless = 1.0 / 128

func (e *entry) credit(now time.Time, halfLife time.Duration) float64 {
	if e.granted == 0 {
		return 0
	}
	age := max(0, float64(now.UnixNano()-e.granted)/float64(halfLife))
	if left := float64(e.nats) * models.Exp2(-age); left >= worthless {
		return left
	}
	return 0
}

// Void takes every credit of a subject away. Pending challenges stay.
func (s *Service) Void(p models.Pseudonym) {
	s.table.each(p, func(e *entry) { e.granted = 0 })
}

// Forgive forgets every challenge that a subject has not answered. Credits stay.
func (s *Service) Forgive(p models.Pseudonym) {
	s.table.each(p, func(e *entry) { e.asked, e.unanswered = 0, 0 })
}
