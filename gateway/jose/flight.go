package jose

import (
	"sync"
	"time"
)

// fetchState is what is known of the fetches of a key set: there is one at a time.
type fetchState struct {
	mu        sync.Mutex // guards the rest; never held across I/O
	flight    *flight
	waiters   int
	attempted time.Time
	unknown   [64]absent // key names that the last fetches did not know
	next      int
	good, bad uint64
	err       error // of the last fetch
}

// flight is one fetch.
type flight struct {
	ended   chan struct{}
	givenUp bool      // before it had an answer; set before ended is closed
	before  time.Time // fetchState.attempted of before
}

type absent struct {
	name  uint64
	until time.Time
}

// maxWaiters bounds the requests that wait for one fetch; the rest is refused
// at once.
const maxWaiters = 1024

// absentFor is how many MinIntervals a key name that a fetch did not bring is
// not asked for again.
const absentFor = 6

// join returns the fetch under way. Mine says that the caller must make that
// fetch. Nil says that there is nothing to wait for.
func (f *fetchState) join(now time.Time, interval time.Duration) (_ *flight, mine bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.flight != nil {
		if f.waiters++; f.waiters > maxWaiters {
			return nil, false
		}
		return f.flight, false
	}
	if !f.attempted.IsZero() && now.Sub(f.attempted) < interval {
		return nil, false
	}
	f.flight = &flight{ended: make(chan struct{}), before: f.attempted}
	f.waiters, f.attempted = 0, now
	return f.flight, true
}

// land ends a fetch and reports whether it is news to an operator.
func (f *fetchState) land(flight *flight, err error) (news bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	news = (f.err == nil) != (err == nil) || f.good+f.bad == 0
	if f.err = err; err == nil {
		f.good++
	} else {
		f.bad++
	}
	f.flight = nil
	close(flight.ended)
	return news
}

// giveUp ends a fetch as if it had not been begun.
func (f *fetchState) giveUp(flight *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.attempted, f.flight = flight.before, nil
	flight.givenUp = true
	close(flight.ended)
}
