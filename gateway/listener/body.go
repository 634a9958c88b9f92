package listener

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
)

// The errors of reading a body. They come with a denial: see Body.Denial.
var (
	ErrBodyTooLarge = errors.New("listener: request body is larger than allowed")
	ErrBodyTimeout  = fmt.Errorf("listener: request body came too slowly: %w", os.ErrDeadlineExceeded)
	ErrBodyBroken   = errors.New("listener: request body is broken off or badly framed")
	ErrBodyClosed   = errors.New("listener: request body was read after its request was answered")
)

// readAhead is how much of a body of known length fasthttp reads before the
// handler runs. A body that fits is off the wire even if nobody reads it.
const readAhead = 8 << 10

// The wire may carry framingShare times as many bytes as the body may have, and
// framingSpare more: chunks of one byte take six, and extensions are for nobody.
const (
	framingShare = 8
	framingSpare = 64 << 10
)

// Body reads one request body within its limit and time. It lies over the stream
// of fasthttp, because that one cannot be replaced without being released, has
// no limit, no deadline, and must not be touched once the handler returned. Body
// may be read from another goroutine: what comes too late gets ErrBodyClosed.
type Body struct {
	mu     sync.Mutex // guards the rest; held while reading
	stream io.Reader
	set    *settings
	length int64 // -1: chunked
	limit  int64
	count  int64         // bytes delivered
	wire   int64         // bytes read for them from the connection
	waited time.Duration // for the client
	ended  bool          // the stream told its end
	err    error         // what ended reading, nil: nothing yet
	denial models.Denial

	reading bool // a Read is under way: readWire watches the time
	late    bool // the client took too long
	conn    *conn

	told    atomic.Int64 // count, for those who cannot wait for mu
	leaving atomic.Bool  // the handler has returned: a Read under way gives up
}

// BodyOf returns the body of the request under way. It is never nil; a request
// without body has an empty one.
func BodyOf(ctx *fasthttp.RequestCtx) *Body { return &connOf(ctx).body }

// LimitBody lowers the limit of the body to n bytes; it never raises it. It
// returns BodyTooLarge if the length is known to be above n; a chunked body is
// cut off with ErrBodyTooLarge while it is read.
func LimitBody(ctx *fasthttp.RequestCtx, n int64) models.Denial {
	b := BodyOf(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit = min(b.limit, n)
	if b.length > n {
		b.denial = models.BodyTooLarge
	}
	return b.denial
}

// begin takes over the body of a new request.
func (b *Body) begin(c *conn, stream io.Reader, set *settings, length int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stream, b.set, b.conn, b.late = stream, set, c, false
	b.length, b.limit, b.count, b.wire, b.waited = length, int64(set.MaxBody), 0, 0, 0
	b.told.Store(0)
	b.ended, b.err, b.denial = length == 0 || stream == nil, nil, ""
	if b.ended {
		b.err = io.EOF
	}
}

// Length returns the length told by the client, -1 if the body is chunked.
func (b *Body) Length() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.length
}

// Count returns how many bytes of the body have been read so far. It does not
// wait for a Read under way.
func (b *Body) Count() int64 { return b.told.Load() }

// Denial returns why the body could not be read, "" if nothing is wrong so far.
func (b *Body) Denial() models.Denial {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.denial
}

// Read reads the body. After its end it returns io.EOF, after a failure always
// the same error.
func (b *Body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	if left := b.limit - b.count; int64(len(p)) > left+1 {
		p = p[:left+1] // one more, to tell a body that ends from one that goes on
	}
	b.reading = true
	n, err := b.stream.Read(p)
	b.reading = false
	b.count += int64(n)
	b.told.Store(b.count)
	if over := b.count - b.limit; over > 0 {
		b.fail(ErrBodyTooLarge, models.BodyTooLarge)
		return n - int(over), b.err
	}
	switch {
	case err == nil:
	case err == io.EOF && b.complete():
		b.ended, b.err = true, io.EOF
	case b.late:
		b.fail(ErrBodyTimeout, models.BodyTimeout)
	case b.bulky():
		b.fail(ErrBodyTooLarge, models.BodyTooLarge)
	default:
		b.fail(ErrBodyBroken, models.MalformedRequest)
	}
	return n, b.err
}

// complete tells the end of a body from the end of the connection, which the
// stream of fasthttp reports alike.
func (b *Body) complete() bool {
	if b.length >= 0 {
		return b.count == b.length
	}
	return !b.conn.ended
}

func (b *Body) fail(err error, denial models.Denial) {
	b.err, b.denial = err, denial
}

// AppendTo reads the whole body and appends it to dst.
func (b *Body) AppendTo(dst []byte) ([]byte, error) {
	for {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		n, err := b.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if errors.Is(err, io.EOF) {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
}

// readWire reads from the connection for a Read under way. The client has
// ReadTimeout for each read, and in all as long as the body it sent may take at
// MinBodyRate; what the upstream takes is not counted.
func (b *Body) readWire(c net.Conn, p []byte) (int, error) {
	start := time.Now()
	if err := c.SetReadDeadline(start.Add(b.patience())); err != nil {
		return 0, err
	}
	if b.leaving.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := c.Read(p)
	b.waited += time.Since(start)
	b.late = errors.Is(err, os.ErrDeadlineExceeded)
	if b.wire += int64(n); b.bulky() {
		return n, ErrBodyTooLarge
	}
	return n, err
}

// bulky reports whether chunked framing takes more than any body needs.
func (b *Body) bulky() bool { return b.length < 0 && (b.wire-framingSpare)/framingShare > b.limit }

// patience returns how long the next bytes may take.
func (b *Body) patience() time.Duration {
	if b.set.MinBodyRate == 0 {
		return b.set.ReadTimeout
	}
	earned := time.Duration(float64(b.count) / float64(b.set.MinBodyRate) * float64(time.Second))
	return min(b.set.ReadTimeout, b.set.ReadTimeout+earned-b.waited)
}

// finish takes the body away from the handler and reports whether all of it is
// off the wire, so that the next request can be read. A Read under way in
// another goroutine is broken off, and the connection with it.
func (b *Body) finish() (clean bool) {
	alone := b.mu.TryLock()
	if !alone {
		b.leaving.Store(true)
		_ = b.conn.Conn.SetReadDeadline(time.Unix(1, 0)) // that Read reports it
		b.mu.Lock()
	}
	defer b.mu.Unlock()
	clean = alone && (b.ended || b.length >= 0 && (b.length <= readAhead || b.count == b.length))
	b.err, b.stream = ErrBodyClosed, nil
	b.leaving.Store(false)
	return clean
}
