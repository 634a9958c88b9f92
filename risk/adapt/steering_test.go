package adapt

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func caller(n int) models.Pseudonym { return models.Pseudonym{byte(n), byte(n >> 8), byte(n >> 16)} }

// What a caller sends beyond one session an hour is as if it had not been sent.
func TestSteeringOfAFloodIsThatOfItsFirst(t *testing.T) {
	flooded, calm := NewSteering(0.005), NewSteering(0.005)
	r := rand.New(rand.NewPCG(1, 2))
	for hour := range 100 {
		for n := range 50 {
			at, over := monday.Add(time.Duration(hour)*time.Hour+time.Duration(n)*time.Second), r.NormFloat64()-2
			calm.See(caller(n), at, over, false)
			for i := range 1 + 40*(n%2) {
				flooded.See(caller(n), at, over+30*float64(min(i, 1)), false)
			}
		}
	}
	if flooded.Nats() != calm.Nats() || flooded.Seen() != calm.Seen() || calm.Seen() != 5000 {
		t.Errorf("%g after %d sessions, want %g after %d", flooded.Nats(), flooded.Seen(), calm.Nats(), calm.Seen())
	}
}

// A request that began in the hour before and ends in this one begins no hour anew:
// two callers in turns about midnight are two sessions an hour.
func TestSteeringCountsNoLateSession(t *testing.T) {
	s := NewSteering(0.01)
	before, after := monday.Add(-time.Minute), monday
	for range 100 {
		s.See(caller(1), before, 30, false)
		s.See(caller(2), after, 30, false)
	}
	if s.Seen() != 2 {
		t.Errorf("%d sessions of two callers in two hours were counted, want one each", s.Seen())
	}
	s.See(caller(1), after, 30, false)
	s.See(caller(1), monday.Add(-23*time.Hour), 30, false)
	if s.Seen() != 3 {
		t.Errorf("%d sessions, want 3: one that began before this hour does not count", s.Seen())
	}
	s.See(caller(1), monday.Add(-24*time.Hour), 30, false)
	if s.Seen() != 4 {
		t.Errorf("%d sessions after the clock was put back by a day, want 4", s.Seen())
	}
}

// A move too small to be worth while is not made, and adds up until it is.
func TestSteeringMovesInSteps(t *testing.T) {
	s := NewSteering(0.01)
	for _, c := range []struct {
		to, want float64
		news     bool
	}{{0.019, 0, false}, {0.02, 0.02, true}, {0.03, 0.02, false}, {-0.5, -0.5, true}} {
		if shift, news := s.Move(c.to); shift != c.want || news != c.news || s.Shift() != c.want {
			t.Errorf("to %g: moved to %g, news %v, want %g, %v", c.to, shift, news, c.want, c.news)
		}
	}
}

// An aim of a rare share is that of the tail, within the reach of a budget.
func TestAimOfARareShareIsExtrapolated(t *testing.T) {
	rare, r := NewSteering(0.001), rand.New(rand.NewPCG(3, 4))
	var tail Tail
	for i := range 20_000 {
		over := 0.2*r.ExpFloat64() - 1
		rare.See(caller(i), monday, over, false)
		tail.See(over)
	}
	want, known := tail.Nats(0.001)
	aim := rare.Aim()
	if got := aim.Nats(); !known || got != want || got == rare.Nats() {
		t.Errorf("aims at %g, want %g of the tail, not %g", got, want, rare.Nats())
	}
	for range 20_000 {
		tail.See(30)
	}
	beyond := Aim{rare: 0.001, tail: tail}
	if got := beyond.Nats(); got != reach {
		t.Errorf("aims at %g, want no further than %g", got, reach)
	}
}

func TestSteeringResumes(t *testing.T) {
	s := NewSteering(0.01)
	s.Resume(0.4, 900)
	if s.Shift() != 0.4 || s.Nats() != 0.4 || s.Seen() != 900 || s.Target() != 0.01 {
		t.Errorf("resumed at %g of %d sessions", s.Shift(), s.Seen())
	}
}
