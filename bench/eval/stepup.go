package eval

import (
	"time"

	"github.com/riskgate/riskgate/models"
)

// challenged is who is asked to step up: a credit holds for that device there.
type challenged struct {
	subject     models.Pseudonym
	fingerprint uint32
	network     uint32
}

func challengedBy(ev *models.Event) challenged {
	return challenged{ev.Pseudonym, ev.Observed.Fingerprint, ev.Observed.Network}
}

// pending is one pending challenge, or the credit for one that was passed.
type pending struct {
	asked      time.Time
	unanswered int
	nats       float64
	granted    time.Time
}

type stepups struct {
	halfLife time.Duration
	limit    int
	entries  map[challenged]*pending
	of       map[models.Pseudonym][]challenged
}

func newStepups(c Config) stepups {
	return stepups{halfLife: c.Credit, limit: c.Challenges,
		entries: map[challenged]*pending{}, of: map[models.Pseudonym][]challenged{}}
}

const forgiven = 15 * time.Minute // after which unanswered challenges are

// ask counts a challenge. It reports whether too many stayed unanswered.
func (s *stepups) ask(k challenged, now time.Time) (exhausted bool) {
	e := s.take(k)
	if now.Sub(e.asked) > forgiven {
		e.unanswered = 0
	}
	again := now.Sub(e.asked) < time.Second // a page asks for several things at once
	switch {
	case again && e.unanswered > 0:
		return false
	case e.unanswered >= s.limit:
		return true
	}
	e.unanswered++
	e.asked = now
	return false
}

func (s *stepups) answer(k challenged) { s.take(k).unanswered = 0 }

func (s *stepups) grant(k challenged, nats float64, now time.Time) {
	if e := s.take(k); nats < s.credit(k, now) {
		e.nats, e.granted = nats, now
	}
}

// credit returns what is left of a credit, in nats, zero or negative.
func (s *stepups) credit(k challenged, now time.Time) float64 {
	e := s.entries[k]
	if e == nil {
		return 0
	}
	left := models.Decay(e.nats, now.Sub(e.granted), s.halfLife)
	if left > -1.0/128 {
		return 0
	}
	return left
}

// void takes every credit of a subject away.
func (s *stepups) void(p models.Pseudonym) {
	for _, k := range s.of[p] {
		s.entries[k].nats = 0
	}
}

func (s *stepups) take(k challenged) *pending {
	e := s.entries[k]
	if e == nil {
		e = &pending{}
		s.entries[k] = e
		s.of[k.subject] = append(s.of[k.subject], k)
	}
	return e
}
