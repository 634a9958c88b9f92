package deadline

import (
	"testing"
	"time"
)

// A wait has the timeout in force, whichever was in force at the wait before. At most a
// 16th of it may be missing, and nothing may be too much.
func TestStays(t *testing.T) {
	now := time.Now()
	armed := time.Time{} // the deadline in force
	for _, step := range []struct {
		after, timeout time.Duration
		missing        time.Duration
	}{
		{0, 2 * time.Second, 0},
		{100 * time.Millisecond, 2 * time.Second, 100 * time.Millisecond}, // hardly earlier: left as it is
		{24 * time.Millisecond, 2 * time.Second, 124 * time.Millisecond},
		{time.Millisecond, 2 * time.Second, 0}, // a 16th
		{time.Millisecond, time.Minute, 0},     // raised by a reload
		{time.Millisecond, 2 * time.Second, 0}, // lowered by one
		{time.Millisecond, time.Minute, 0},
		{time.Second, time.Minute, time.Second},
		{3 * time.Second, time.Minute, 0},
		{0, time.Minute, 0},
		{0, 59 * time.Second, 0}, // never later
	} {
		now = now.Add(step.after)
		if due := now.Add(step.timeout); !Stays(due.Sub(armed), step.timeout) {
			armed = due
		}
		if left, want := armed.Sub(now), step.timeout-step.missing; left != want {
			t.Errorf("a wait of %v has %v, want %v", step.timeout, left, want)
		}
	}
}
