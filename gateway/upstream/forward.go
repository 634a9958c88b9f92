package upstream

import (
	"errors"
	"sync"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/valyala/fasthttp"
)

const (
	// smallBody is how much of a request body is read before it is sent: then it
	// goes in one write with the header.
	smallBody = 8 << 10
	// bufferedBody bounds a response body that is read before Forward returns,
	// which frees the connection early. Larger and unknown lengths are streamed.
	bufferedBody = 64 << 10
	// oldClientBody bounds a response of unknown length to an HTTP/1.0 client,
	// which cannot be streamed to it.
	oldClientBody = 8 << 20
)

var (
	errFull = errors.New("every target runs as many requests as it may")
	errBig  = errors.New("request body too large")
)

// call is one request on its way through its attempts.
type call struct {
	pool *Pool
	req  *Request
	resp *fasthttp.Response

	now    time.Time // of the attempt
	head   []byte    // request header as sent
	body   []byte    // request body, unless it is streamed
	buffer []byte    // memory of body where a small stream was read into it
	stream bool      // the body is streamed
	again  bool      // a request that did not reach its target may be sent again
	unread bool      // the client's body was not read to its end
}

var calls = sync.Pool{New: func() any { return new(call) }}

// Forward sends a prepared request to a target of the pool and reads the
// response into resp, from which hop-by-hop fields, Server and X-Riskgate-* are
// left out. A body that is large or of unknown length is streamed: then resp
// has a body stream, which fasthttp closes, and Result.Body is set. Where the
// client's body was not read to its end, resp says Connection: close, because
// fasthttp would take the rest for the next request.
//
// With a Denial, resp holds nothing of the upstream.
func (p *Pool) Forward(req *Request, resp *fasthttp.Response) (r Result) {
	c := calls.Get().(*call)
	c.pool, c.req, c.resp = p, req, resp
	f := c.readBody()
	if f == nil {
		f = c.try(&r)
	}
	if f != nil {
		r.Denial, r.ProxyError = f.denial, f.proxy
	}
	if c.unread {
		resp.SetConnectionClose()
	}
	c.release()
	return r
}

func (c *call) release() {
	*c = call{head: c.head[:0], buffer: c.buffer[:0]}
	calls.Put(c)
}

// readBody decides how the request body is sent, and reads it if it is small.
func (c *call) readBody() *failure {
	c.again = c.req.again
	if c.req.stream == nil {
		c.body = c.req.body
		return nil
	}
	c.unread = true
	n := c.req.length
	if n > int64(c.pool.config.MaxBody) {
		return &failure{denial: models.BodyTooLarge, err: errBig}
	}
	if n < 0 || n > smallBody {
		c.stream, c.again = true, false
		return nil
	}
	body, err := readAll(c.buffer[:0], c.req.stream, int(n))
	if err != nil {
		return clientFailure(err)
	}
	c.body, c.buffer, c.unread = body, body, false
	return nil
}

// idempotent reports whether a request may be repeated (RFC 9110 section 9.2.2).
func idempotent(method []byte) bool {
	switch string(method) {
	case "PUT", "DELETE":
		return true
	}
	return safe(method)
}

// safe reports whether a request changes nothing (RFC 9110 section 9.2.1).
func safe(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS":
		return true
	}
	return false
}

// try sends the request until it may have reached a target or attempts run out.
func (c *call) try(r *Result) (f *failure) {
	var last *target
	for r.Attempts <= max(c.pool.config.Retries, 0) {
		m := c.pool.pick(last)
		if m == nil {
			if f == nil {
				f = &failure{denial: models.UpstreamUnavailable, proxy: "connection_limit_reached", err: errFull}
			}
			return f
		}
		m.requests.Add(1)
		r.Attempts++
		r.Target = m.url
		var unreached bool
		if unreached, f = c.attempt(m, last == m.target, r); f == nil {
			if r.Body == nil {
				m.end()
			}
			return nil
		}
		m.end()
		m.fail(f.denial)
		if !unreached || !c.again {
			return f
		}
		last = m.target
	}
	return f
}

// attempt sends the request to one target. Fresh asks for a new connection.
// Unreached says that the target cannot have acted on the request, or that the
// request changes nothing and a kept connection ended under it.
func (c *call) attempt(m *member, fresh bool, r *Result) (unreached bool, f *failure) {
	var cn *conn
	c.now = time.Now()
	if !fresh {
		cn = m.take()
	}
	if cn == nil {
		n, err := m.dial(m.target, c.pool.config.ConnectTimeout)
		if err != nil {
			return true, dialFailure(err)
		}
		cn = newConn(n)
	}
	cn.open()
	if f = c.exchange(m, cn, r); f != nil {
		return f.stale, f
	}
	return false, nil
}
