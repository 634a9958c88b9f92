package listener

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/gateway/deadline"
	"github.com/riskgate/riskgate/models"
)

// baseTimeout is what fasthttp is told for header and idle timeouts. The
// connection moves its deadlines to the settings in force when a wait begins, so
// that a reload reaches open connections. A wait that has begun keeps its
// deadline: a connection that is already waiting has a lowered idle timeout only
// after its next request.
const baseTimeout = time.Minute

// The bounds of a lingering close.
const (
	lingerTime  = time.Second
	lingerBytes = 256 << 10
)

// phase is what a connection is waiting for. Only its serving goroutine sets it.
type phase uint8

const (
	opening phase = iota // TLS handshake
	header               // the rest of a header
	body                 // the part of a body that is read ahead
	idle                 // the next request
)

// conn is one client connection, below TLS. Everything without atomic belongs to
// the goroutine that serves it.
type conn struct {
	net.Conn
	listener *Listener
	id       uint64
	peer     netip.Addr
	secure   *secureConn // nil: clear text
	facts    models.TLSFacts
	watch    stopwatch
	rtt      models.RoundTrips
	measured bool // rtt is final
	phase    phase
	due      time.Time     // deadline of the next read
	armed    time.Time     // deadline of reads in force; zero: unknown
	timeout  time.Duration // that due is the end of
	ended    bool          // the client has closed its side
	body     Body

	spoke  atomic.Bool  // a byte of a request has come
	muted  atomic.Bool  // nothing more is written
	linger atomic.Bool  // the client may still be sending: see Close
	timed  atomic.Bool  // crypto/tls has set a write deadline of its own
	fresh  atomic.Int64 // deadline of writes in force, in nanoseconds since the process began; 0: unknown
	closed atomic.Bool
}

// NetConn returns the connection of the kernel, so that its descriptor can be
// asked whether the client is still there.
func (c *conn) NetConn() net.Conn { return c.Conn }

// connOf returns the connection that ctx is served on.
func connOf(ctx *fasthttp.RequestCtx) *conn {
	switch c := ctx.Conn().(type) {
	case *conn:
		return c
	case *secureConn:
		return c.inner
	}
	panic("BUG: a connection that this listener did not accept")
}

// tlsFacts returns what the handshake told; the zero value for clear text.
func (c *conn) tlsFacts() models.TLSFacts {
	if c.secure != nil && c.facts.Version == 0 {
		state := c.secure.ConnectionState()
		c.facts.Version, c.facts.ALPN = state.Version, state.NegotiatedProtocol
	}
	return c.facts
}

// heard notes the result of a read above TLS.
func (c *conn) heard(n int, err error) {
	if n > 0 && !c.spoke.Load() {
		c.spoke.Store(true)
	}
	c.ended = c.ended || errors.Is(err, io.EOF)
}

// Read reads from the client. While a body is read by the handler, each read has
// a deadline of its own.
func (c *conn) Read(p []byte) (n int, err error) {
	if c.body.reading {
		c.armed = time.Time{}
		n, err = c.body.readWire(c.Conn, p)
	} else if err = c.arm(); err == nil {
		n, err = c.Conn.Read(p)
	}
	if c.secure == nil {
		c.heard(n, err)
	} else if n > 0 {
		c.watch.answered()
	}
	return n, err
}

// arm sets the deadline that is due, unless the one in force is hardly earlier.
func (c *conn) arm() error {
	if !c.armed.IsZero() && deadline.Stays(c.due.Sub(c.armed), c.timeout) {
		return nil
	}
	c.armed = c.due
	return c.Conn.SetReadDeadline(c.due)
}

// began is when the process did.
var began = time.Now()

// Write writes to the client within the write timeout.
func (c *conn) Write(p []byte) (int, error) {
	if c.muted.Load() {
		return len(p), nil
	}
	if !c.timed.Load() {
		if err := c.allow(c.listener.settings.Load().WriteTimeout); err != nil {
			return 0, err
		}
	}
	c.watch.ask()
	return c.Conn.Write(p)
}

// allow sets the deadline of writes, unless the one in force is hardly earlier.
func (c *conn) allow(timeout time.Duration) error {
	end := time.Now().Add(timeout)
	at := end.Sub(began)
	if deadline.Stays(at-time.Duration(c.fresh.Load()), timeout) {
		return nil
	}
	c.fresh.Store(int64(at))
	return c.Conn.SetWriteDeadline(end)
}

// SetWriteDeadline is called by crypto/tls when it says goodbye.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.timed.Store(!t.IsZero())
	c.fresh.Store(0)
	return c.Conn.SetWriteDeadline(t)
}

// SetReadDeadline moves the deadlines of fasthttp to the settings in force. They
// take effect with the next read: most are never waited for.
func (c *conn) SetReadDeadline(t time.Time) error {
	set := c.listener.settings.Load()
	timeout := set.ReadTimeout
	switch c.phase {
	case opening, header:
		timeout = set.HeaderTimeout
		t = t.Add(timeout - baseTimeout)
	case idle:
		timeout = set.IdleTimeout
		t = t.Add(timeout - baseTimeout)
	}
	if c.phase == header {
		c.phase = body
	}
	c.due, c.timeout = t, timeout
	return nil
}

// enter follows the states that fasthttp reports.
func (c *conn) enter(state fasthttp.ConnState) {
	switch state {
	case fasthttp.StateActive:
		c.phase = header
	case fasthttp.StateIdle:
		c.phase = idle
	}
}

// Close ends the connection once. Where the client may still be sending, what it
// sends is read over for a moment first: closing at once would make the kernel
// throw away the answer.
func (c *conn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	defer c.listener.gate.leave(c) // lingering counts
	if c.linger.Load() && !c.muted.Load() {
		c.drain()
	}
	return c.Conn.Close()
}

func (c *conn) drain() {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	if c.Conn.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	var waste [4096]byte
	for total := 0; total < lingerBytes; {
		n, err := c.Conn.Read(waste[:])
		if total += n; err != nil {
			return
		}
	}
}

// abort cuts the connection; its goroutine finds out at its next read or write.
func (c *conn) abort() { _ = c.Conn.Close() }
