package tune

import "github.com/riskgate/riskgate/models"

// Pause is how long, in milliseconds, a caller must be silent for a session to
// end: 30 minutes.
const Pause = 30 * 60 * 1000

// Sessions turns the scores of requests into those of sessions: the highest of a
// run of requests of one caller to routes of one class. The zero value is empty.
type Sessions struct {
	values [models.NumClasses]Values
	open   map[sessionKey]*session
}

type sessionKey struct {
	subject uint32
	class   models.Class
}

type session struct {
	last  int64
	score float64
}

// Add counts a request at a time in Unix milliseconds. Requests of one caller come
// in the order of their times.
func (s *Sessions) Add(subject uint32, class models.Class, milli int64, score float64) {
	if s.open == nil {
		s.open = map[sessionKey]*session{}
	}
	k := sessionKey{subject, class}
	at := s.open[k]
	switch {
	case at == nil:
		at = &session{score: score}
		s.open[k] = at
	case milli-at.last > Pause:
		s.values[class].Add(subject, at.score)
		at.score = score
	default:
		at.score = max(at.score, score)
	}
	at.last = max(at.last, milli)
}

// Close ends every session and returns their scores by class. Nothing may be added
// afterwards. The order of the values is not fixed; no threshold depends on it.
func (s *Sessions) Close() *[models.NumClasses]Values {
	for k, at := range s.open {
		s.values[k.class].Add(k.subject, at.score)
	}
	s.open = nil
	return &s.values
}
