package listener

import (
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// deadlines remembers the last write deadline.
type deadlines struct {
	net.Conn
	last time.Time
}

func (d *deadlines) SetWriteDeadline(t time.Time) error { d.last = t; return nil }

// A write has the timeout in force, whichever was in force at the write before, but for
// what package deadline leaves.
func TestWritesHaveTheTimeoutInForce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kernel := new(deadlines)
		c := &conn{Conn: kernel}
		for _, step := range []struct {
			after, timeout time.Duration
			missing        time.Duration
		}{
			{0, 2 * time.Second, 0},
			{100 * time.Millisecond, 2 * time.Second, 100 * time.Millisecond}, // hardly earlier: left as it is
			{time.Millisecond, time.Minute, 0},                                // raised by a reload
			{time.Millisecond, 2 * time.Second, 0},                            // lowered by one
		} {
			time.Sleep(step.after)
			if err := c.allow(step.timeout); err != nil {
				t.Fatal(err)
			}
			if left, want := time.Until(kernel.last), step.timeout-step.missing; left != want {
				t.Errorf("a write within %v has %v, want %v", step.timeout, left, want)
			}
		}
	})
}
