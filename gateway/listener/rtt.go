package listener

import (
	"time"

	"github.com/riskgate/riskgate/models"
)

// stopwatch times the answers of a client within the TLS handshake. The last one
// holds its Finished, which nobody can make before he has read the ServerHello
// flight: what a client sends earlier, to look nearer, does not stop the watch.
type stopwatch struct {
	running bool
	asked   time.Time     // when the last write began; zero: none yet
	trip    time.Duration // from then to the last read; 0: none
}

// ask is called before a write.
func (w *stopwatch) ask() {
	if w.running {
		w.asked = time.Now()
	}
}

// answered is called after a read.
func (w *stopwatch) answered() {
	if w.running && !w.asked.IsZero() {
		w.trip = time.Since(w.asked)
	}
}

// roundTrips returns how long the client takes to answer. It asks the kernel once,
// which costs about a microsecond: call it after the handshake, of which the least
// round trip is part.
func (c *conn) roundTrips() models.RoundTrips {
	if !c.measured {
		c.measured = true
		c.rtt = models.RoundTrips{TCP: kernelRTT(c.Conn), TLS: c.watch.trip}
	}
	return c.rtt
}
