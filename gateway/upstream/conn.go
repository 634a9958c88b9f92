package upstream

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/riskgate/riskgate/gateway/deadline"
)

// maxHead bounds a response header, and is the size of the reader of a
// connection in use.
const maxHead = 32 << 10

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, maxHead) }}

// conn is a connection to a target. While idle it holds no buffer.
type conn struct {
	net   net.Conn
	raw   syscall.RawConn // of the TCP connection; nil where there is none
	br    *bufio.Reader   // nil while idle
	since time.Time       // idle since
	armed time.Time       // deadline of a whole round trip in force; zero: another one is
	used  bool            // has served a request before
	ready bool            // result of poll
	poll  func(fd uintptr)
}

func newConn(n net.Conn) *conn {
	c := &conn{net: n, raw: rawConn(n)}
	c.poll = func(fd uintptr) { c.ready = pollReadable(fd) }
	return c
}

// rawConn returns the descriptor under n, through TLS and other wrappers that
// have a NetConn method; nil if there is none.
func rawConn(n net.Conn) syscall.RawConn {
	for {
		if sc, ok := n.(syscall.Conn); ok {
			raw, err := sc.SyscallConn()
			if err != nil {
				return nil
			}
			return raw
		}
		w, ok := n.(interface{ NetConn() net.Conn })
		if !ok {
			return nil
		}
		n = w.NetConn()
	}
}

// readable reports whether the idle connection has been closed or has bytes
// waiting.
func (c *conn) readable() bool {
	if c.raw == nil {
		return false
	}
	c.ready = true
	if err := c.raw.Control(c.poll); err != nil {
		return true
	}
	return c.ready
}

// allow gives a round trip from now on its time. A deadline in force that is
// hardly earlier is left.
func (c *conn) allow(now time.Time, timeout time.Duration) error {
	end := now.Add(timeout)
	if !c.armed.IsZero() && deadline.Stays(end.Sub(c.armed), timeout) {
		return nil
	}
	c.armed = end
	return c.net.SetDeadline(end)
}

func (c *conn) open() {
	c.br = readers.Get().(*bufio.Reader)
	c.br.Reset(c.net)
}

// release gives the buffer back.
func (c *conn) release() {
	if c.br != nil {
		c.br.Reset(nil)
		readers.Put(c.br)
		c.br = nil
	}
}

func (c *conn) close() {
	c.release()
	_ = c.net.Close()
}

// dialTarget connects, and for https verifies the certificate, within timeout.
func dialTarget(t *target, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var d net.Dialer
	n, err := d.DialContext(ctx, "tcp", t.address)
	if err != nil || t.tls == nil {
		return n, err
	}
	secure := tls.Client(n, t.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = n.Close()
		return nil, &handshakeError{err}
	}
	return secure, nil
}

// handshakeError is a failure after TCP stood.
type handshakeError struct{ error }

func (e *handshakeError) Unwrap() error { return e.error }
