package upstream

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/valyala/fasthttp"
)

// exchange sends the request over cn and reads the response. It owns cn: gives
// it back, closes it, or leaves it to the body.
func (c *call) exchange(m *member, cn *conn, r *Result) *failure {
	c.head = c.req.AppendHead(c.head[:0], m.host)
	var h head
	var f *failure
	if c.stream {
		cn.armed = time.Time{}
		h, f = c.upload(cn)
	} else {
		h, f = c.roundTrip(cn)
	}
	if f == nil {
		f = c.receive(m.target, cn, h, r)
	}
	if f != nil {
		cn.close()
	}
	return f
}

// roundTrip sends a request whose body is at hand.
func (c *call) roundTrip(cn *conn) (h head, f *failure) {
	// One deadline for both directions; a large body gets a second for the answer.
	if err := cn.allow(c.now, c.pool.config.ResponseTimeout); err != nil {
		return h, c.broken(cn, writeFailure(err), false)
	}
	small := len(c.body) <= smallBody
	if small {
		c.head = append(c.head, c.body...)
	}
	_, err := cn.net.Write(c.head)
	if err == nil && !small {
		if _, err = cn.net.Write(c.body); err == nil {
			cn.armed = time.Time{}
			err = cn.net.SetReadDeadline(time.Now().Add(c.pool.config.ResponseTimeout))
		}
	}
	if err != nil && small {
		return h, c.broken(cn, writeFailure(err), false)
	}
	// A server may answer, and close, before it has read a large body.
	h, begun, rerr := readHead(cn.br, c.resp)
	switch {
	case rerr == nil:
		h.keep = h.keep && err == nil
		return h, nil
	case err != nil:
		return h, c.broken(cn, writeFailure(err), false)
	case begun:
		return h, readFailure(rerr, true)
	}
	return h, c.broken(cn, readFailure(rerr, false), true)
}

// broken marks a failure before the first byte of the response. On a connection
// that had been kept, most often the server had closed it before the request came.
// Of a request that was written whole nobody knows: the server may have acted on
// it, which does no harm only where the method changes nothing.
func (c *call) broken(cn *conn, f *failure, written bool) *failure {
	f.stale = cn.used && f.denial == models.UpstreamRefused && (!written || c.req.safe)
	return f
}

// receive takes the response body: read at once, or left to a Body.
func (c *call) receive(t *target, cn *conn, h head, r *Result) *failure {
	resp := c.resp
	h.keep = h.keep && !t.retired.Load()
	switch {
	case c.req.head || h.status == fasthttp.StatusNotModified:
		c.describe(h)
		fallthrough
	case h.status == fasthttp.StatusNoContent:
		resp.SkipBody = true
		t.finish(cn, h.keep)
		return nil
	case h.length >= 0 && h.length <= bufferedBody:
		return c.receiveAll(t, cn, h)
	case h.length == -1 && c.receiveChunks(t, cn, h):
		return nil
	}
	cn.armed = time.Time{}
	b := &Body{
		target: t, conn: cn, length: h.length, left: max(h.length, 0), keep: h.keep,
		idle: c.pool.config.IdleTimeout, pulse: liveness,
	}
	if c.req.old && h.length < 0 {
		return c.receiveOld(t, b)
	}
	resp.SetBodyStream(b, int(max(h.length, -1)))
	resp.ImmediateHeaderFlush = h.length < 0
	r.Body = b
	return nil
}

// describe keeps the length of a body that is not sent.
func (c *call) describe(h head) {
	if h.length >= 0 {
		c.resp.Header.Set(fasthttp.HeaderContentLength, strconv.FormatInt(h.length, 10))
	}
}

// receiveAll reads a body of known, small length.
func (c *call) receiveAll(t *target, cn *conn, h head) *failure {
	n := int(h.length)
	if n > cn.br.Buffered() {
		cn.armed = time.Time{}
		if err := cn.net.SetReadDeadline(time.Now().Add(c.pool.config.IdleTimeout)); err != nil {
			return incomplete(err)
		}
	}
	// SwapBody hands us the response's own buffer, so that nothing is copied twice.
	body, err := readAll(c.resp.SwapBody(nil)[:0], cn.br, n)
	c.resp.SwapBody(body)
	if err != nil {
		c.resp.Reset()
		return incomplete(err)
	}
	t.finish(cn, h.keep)
	return nil
}

// receiveChunks takes a chunked body if it has come whole already.
func (c *call) receiveChunks(t *target, cn *conn, h head) bool {
	buffered, _ := cn.br.Peek(cn.br.Buffered())
	body, n, ok := gatherChunks(c.resp.SwapBody(nil)[:0], buffered)
	c.resp.SwapBody(body)
	if !ok {
		c.resp.ResetBody()
		return false
	}
	_, _ = cn.br.Discard(n) // peeked, so it is there
	t.finish(cn, h.keep)
	return true
}

func incomplete(err error) *failure {
	if isTimeout(err) {
		return &failure{denial: models.UpstreamTimeout, proxy: "connection_read_timeout", err: err}
	}
	return &failure{denial: models.UpstreamProtocol, proxy: "http_response_incomplete", err: err}
}

// receiveOld reads a body of unknown length for a client that knows no chunks.
func (c *call) receiveOld(t *target, b *Body) *failure {
	body, err := io.ReadAll(io.LimitReader(b, oldClientBody+1))
	if err != nil {
		c.resp.Reset()
		return incomplete(err)
	}
	if len(body) > oldClientBody {
		c.resp.Reset()
		return protocolFailure("http_response_body_size", "body of unknown length too large for an HTTP/1.0 client")
	}
	c.resp.SetBodyRaw(body)
	t.finish(b.conn, b.keep && errors.Is(b.err, io.EOF))
	return nil
}

// readAll reads n bytes behind dst.
func readAll(dst []byte, r io.Reader, n int) ([]byte, error) {
	if cap(dst) < n {
		dst = make([]byte, 0, n)
	}
	got, err := io.ReadFull(r, dst[:n])
	if err != nil {
		return dst[:got], fmt.Errorf("read %d of %d bytes of a body: %w", got, n, err)
	}
	return dst[:n], nil
}
