package upstream

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// liveness is how often a silent stream looks whether its client is still there.
const liveness = 5 * time.Second

// errClientGone says that the client closed its connection during a stream.
var errClientGone = errors.New("upstream: client is gone")

// Body is a response body on its way from the upstream to the client. fasthttp
// reads it to its end or closes it, in the goroutine that serves the client; no
// other runs. Closing it early closes the connection to the upstream.
type Body struct {
	target *target
	conn   *conn
	length int64 // of the whole body; -1: chunked, -2: to the end of the connection
	left   int64 // of the body, or of the chunk
	read   int64
	keep   bool // the connection can serve again after the body
	inside bool // a chunk's CRLF is still to be read
	err    error
	idle   time.Duration
	pulse  time.Duration // how often a silent stream looks for its client

	client  net.Conn
	raw     syscall.RawConn // of client
	patient time.Duration   // write timeout per piece
	gone    bool
	look    func(fd uintptr)

	ended  func(bytes int64, err error)
	closed atomic.Bool
}

// Watch gives the stream its client: each piece must be written within timeout,
// counted anew (a deadline set once would cut long streams), and while the
// upstream is silent the stream ends when the client leaves. The deadline is
// lifted when the stream ends. A timeout of 0 leaves deadlines alone. Wrappers of
// the client's connection are looked through where they have a NetConn method,
// as tls.Conn has; else leaving is noticed by the next write only.
func (b *Body) Watch(client net.Conn, timeout time.Duration) {
	b.client, b.patient, b.raw = client, timeout, rawConn(client)
	b.look = func(fd uintptr) { b.gone = pollGone(fd) }
}

// OnEnd has f called once, when the body has ended or failed, in the goroutine
// that serves the client. Bytes counts the body; err is nil if it came whole.
func (b *Body) OnEnd(f func(bytes int64, err error)) { b.ended = f }

// Read returns what the upstream has sent, as soon as there is any.
func (b *Body) Read(p []byte) (int, error) {
	piece, err := b.next(len(p))
	return copy(p, piece), b.consume(len(piece), err)
}

// SupportsBodyWriteTo tells fasthttp that WriteTo does what Read does.
func (b *Body) SupportsBodyWriteTo() bool { return true }

// WriteTo writes the body to w, piece by piece as it comes. A piece is what the
// upstream has sent, at most the buffer of its connection.
func (b *Body) WriteTo(w io.Writer) (total int64, err error) {
	for {
		piece, err := b.next(maxHead)
		if len(piece) > 0 {
			n, werr := w.Write(piece)
			total += int64(n)
			if werr != nil {
				b.err = werr
				return total, werr
			}
		}
		if err = b.consume(len(piece), err); errors.Is(err, io.EOF) {
			return total, nil
		}
		if err == nil {
			err = b.flush(w)
		}
		if err != nil {
			return total, err
		}
	}
}

// flush sends what w has gathered if the upstream has nothing more to add now.
func (b *Body) flush(w io.Writer) error {
	f, ok := w.(interface{ Flush() error })
	if !ok || b.left == 0 || b.conn.br.Buffered() > 0 {
		return nil
	}
	return f.Flush()
}

// next returns up to limit bytes of the body, still in the buffer, or the error
// that ends it: io.EOF where it is whole.
func (b *Body) next(limit int) ([]byte, error) {
	if b.err != nil || b.closed.Load() {
		return nil, b.ending()
	}
	if err := b.begin(); err != nil {
		return nil, err
	}
	if err := b.await(); err != nil {
		if errors.Is(err, io.EOF) && b.length != -2 {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	b.extend()
	n := min(b.conn.br.Buffered(), limit)
	if b.length != -2 {
		n = int(min(int64(n), b.left))
	}
	return b.conn.br.Peek(n)
}

func (b *Body) ending() error {
	if b.err != nil {
		return b.err
	}
	return io.ErrClosedPipe
}

// begin makes left positive: it reads the framing up to the next bytes.
func (b *Body) begin() error {
	if b.length == -2 || b.left > 0 {
		return nil
	}
	if b.length >= 0 {
		return io.EOF
	}
	if err := b.await(); err != nil {
		return unexpected(err)
	}
	b.arm()
	if b.inside {
		if line, err := readLine(b.conn.br); err != nil || len(line) > 0 {
			return orChunk(err)
		}
		b.inside = false
		if err := b.await(); err != nil {
			return unexpected(err)
		}
		b.arm()
	}
	size, err := readChunkSize(b.conn.br)
	if err != nil {
		return err
	}
	if size == 0 {
		b.arm()
		if err := skipTrailer(b.conn.br); err != nil {
			return err
		}
		return io.EOF
	}
	b.left, b.inside = size, true
	return nil
}

// arm gives a line that has only begun to come the time of a silent body.
func (b *Body) arm() {
	buffered, _ := b.conn.br.Peek(b.conn.br.Buffered())
	if bytes.IndexByte(buffered, '\n') < 0 {
		_ = b.conn.net.SetReadDeadline(time.Now().Add(b.idle)) // the read reports it
	}
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func orChunk(err error) error {
	if err == nil {
		return errChunk
	}
	return err
}

// consume takes n bytes from the buffer and remembers err.
func (b *Body) consume(n int, err error) error {
	if n > 0 {
		_, _ = b.conn.br.Discard(n) // peeked, so it is there
		b.read += int64(n)
		if b.length != -2 {
			b.left -= int64(n)
		}
	}
	if err != nil {
		b.err = err
	}
	return err
}

// await returns when there is something to read. While there is nothing, it
// looks for the client every pulse.
func (b *Body) await() error {
	if b.conn.br.Buffered() > 0 {
		return nil
	}
	for deadline := time.Now().Add(b.idle); ; {
		now := time.Now()
		if !now.Before(deadline) {
			return &failure{denial: "upstream_timeout", proxy: "connection_read_timeout", err: errSilent}
		}
		wake := deadline
		if b.raw != nil && now.Add(b.pulse).Before(deadline) {
			wake = now.Add(b.pulse)
		}
		// A deadline that cannot be set is that of a closed connection: Peek says so.
		_ = b.conn.net.SetReadDeadline(wake)
		_, err := b.conn.br.Peek(1)
		if err == nil || !isTimeout(err) {
			return err
		}
		if b.clientGone() {
			return errClientGone
		}
	}
}

var errSilent = errors.New("upstream: silent inside a body")

func (b *Body) clientGone() bool {
	if b.raw == nil {
		return false
	}
	b.gone = false
	return b.raw.Control(b.look) != nil || b.gone
}

// extend gives the client time for the next piece.
func (b *Body) extend() {
	if b.client != nil && b.patient > 0 {
		_ = b.client.SetWriteDeadline(time.Now().Add(b.patient)) // the write reports it
	}
}

// Close ends the body. The connection goes back to its pool if the body was read
// to its end and the upstream keeps it.
func (b *Body) Close() error {
	if !b.closed.CompareAndSwap(false, true) {
		return nil
	}
	whole := errors.Is(b.err, io.EOF) || b.err == nil && b.length >= 0 && b.left == 0
	b.target.finish(b.conn, whole && b.keep)
	b.target.end()
	if b.client != nil && b.patient > 0 {
		_ = b.client.SetWriteDeadline(time.Time{}) // of a connection that may be closed by now
	}
	if b.ended != nil {
		err := b.err
		if whole {
			err = nil
		} else if err == nil {
			err = io.ErrClosedPipe
		}
		b.ended(b.read, err)
	}
	return nil
}

// finish gives a connection back, or closes it.
func (t *target) finish(c *conn, keep bool) {
	if keep && c.br.Buffered() == 0 {
		c.release()
		t.put(c)
		return
	}
	c.close()
}
