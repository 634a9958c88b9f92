package upstream

import (
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riskgate/riskgate/models"
)

// pieceSize is how much of a streamed request body is held at once.
const pieceSize = 32 << 10

// piece is a buffer with room for chunk framing around the bytes.
type piece struct {
	b [chunkRoom + pieceSize + 2]byte
}

// chunkRoom holds the size of a chunk, at most 8000, and CRLF.
const chunkRoom = 6

var pieces = sync.Pool{New: func() any { return new(piece) }}

// lastWord is how long an answer may take that was on its way when the upload
// failed.
const lastWord = 50 * time.Millisecond

// answer is the response header as read beside the upload.
type answer struct {
	h     head
	begun bool
	err   error
	early atomic.Bool // there is no point in sending more
	cut   bool        // something was not sent for that reason; of the sender only
	done  chan struct{}
}

// upload sends the header and the client's body, while another goroutine, which
// it waits for, reads the response header. A final answer of 300 and above, or
// the end of the connection, stops the upload. Success before the end does not:
// the answer then waits for the rest of the body.
func (c *call) upload(cn *conn) (head, *failure) {
	deadline := time.Now().Add(c.pool.config.IdleTimeout)
	if err := cn.net.SetDeadline(deadline); err != nil {
		return head{}, writeFailure(err)
	}
	if _, err := cn.net.Write(c.head); err != nil {
		return head{}, writeFailure(err)
	}
	if err := cn.net.SetReadDeadline(time.Time{}); err != nil {
		return head{}, writeFailure(err)
	}
	a := &answer{done: make(chan struct{})}
	go c.listen(cn, a)
	f := c.sendBody(cn, a)
	wait := c.pool.config.ResponseTimeout
	if f != nil {
		wait = min(wait, lastWord)
	}
	_ = cn.net.SetReadDeadline(time.Now().Add(wait)) // listen reports it
	<-a.done
	return c.conclude(a, f)
}

// listen reads the response header.
func (c *call) listen(cn *conn, a *answer) {
	a.h, a.begun, a.err = readHead(cn.br, c.resp)
	if a.err != nil || a.h.status >= 300 {
		a.early.Store(true)
		_ = cn.net.SetWriteDeadline(time.Unix(1, 0)) // ends a write that waits
	}
	close(a.done)
}

// conclude decides between what happened to the upload and the answer.
func (c *call) conclude(a *answer, f *failure) (head, *failure) {
	switch {
	case f != nil && f.proxy == "":
		if a.err == nil {
			c.resp.Reset()
		}
		return a.h, f
	case a.err == nil:
		a.h.keep = a.h.keep && f == nil && !a.cut && !c.unread
		return a.h, nil
	case a.begun || f == nil:
		return a.h, readFailure(a.err, a.begun)
	}
	return a.h, f
}

// sendBody copies the client's body to cn. It returns nil if it stopped for the
// answer.
func (c *call) sendBody(cn *conn, a *answer) *failure {
	p := pieces.Get().(*piece)
	defer pieces.Put(p)
	size := c.req.length
	body, total := c.req.stream, int64(0)
	for !a.early.Load() {
		n, err := body.Read(p.b[chunkRoom : chunkRoom+pieceSize])
		if total += int64(n); total > int64(c.pool.config.MaxBody) {
			return &failure{denial: models.BodyTooLarge, err: errBig}
		}
		if err != nil && err != io.EOF {
			return clientFailure(err)
		}
		if n > 0 {
			if f := c.sendPiece(cn, a, p, n, size < 0); f != nil {
				return f
			}
		}
		if err == io.EOF || total == size { // not every reader says so with the last byte
			return c.sendEnd(cn, a, total)
		}
	}
	return nil
}

func (c *call) sendPiece(cn *conn, a *answer, p *piece, n int, chunked bool) *failure {
	from, to := chunkRoom, chunkRoom+n
	if chunked {
		from, to = frame(p, n)
	}
	return c.send(cn, a, p.b[from:to])
}

// frame writes chunk framing around the n bytes of p and returns its range.
func frame(p *piece, n int) (from, to int) {
	var digits [chunkRoom]byte
	size := append(strconv.AppendInt(digits[:0], int64(n), 16), '\r', '\n')
	from, to = chunkRoom-len(size), chunkRoom+n
	copy(p.b[from:], size)
	p.b[to], p.b[to+1] = '\r', '\n'
	return from, to + 2
}

// sendEnd ends the body after total bytes. A client that leaves in the middle of
// a sized body looks like one that is done.
func (c *call) sendEnd(cn *conn, a *answer, total int64) *failure {
	n := c.req.length
	if n >= 0 && n != total {
		return clientFailure(io.ErrUnexpectedEOF)
	}
	c.unread = false
	if n >= 0 {
		return nil
	}
	return c.send(cn, a, []byte("0\r\n\r\n"))
}

// send writes b. The deadline is set before early is asked: an answer that comes
// in between moves it into the past.
func (c *call) send(cn *conn, a *answer, b []byte) *failure {
	_ = cn.net.SetWriteDeadline(time.Now().Add(c.pool.config.IdleTimeout)) // the write reports it
	if a.cut = a.cut || a.early.Load(); a.cut {
		return nil
	}
	_, err := cn.net.Write(b)
	if a.cut = err != nil && a.early.Load(); err != nil && !a.cut {
		return writeFailure(err)
	}
	return nil
}
