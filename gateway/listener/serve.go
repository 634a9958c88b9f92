package listener

import (
	"errors"
	"io"
	"math"
	"os"
	"runtime/debug"

	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
)

// handle serves a request whose header fasthttp could read.
func (l *Listener) handle(ctx *fasthttp.RequestCtx) {
	c := connOf(ctx)
	set := l.settings.Load()
	v := l.visits.Get().(*visit)
	denial := v.read(set, c, &ctx.Request.Header, l.now())
	if denial == "" && v.asks() {
		l.answer(ctx, c, v)
	} else {
		l.serve(ctx, c, v, denial)
	}
	l.visits.Put(v)
}

// serve calls the handler and sees to it that nothing can be read as a request
// that is left of this one.
func (l *Listener) serve(ctx *fasthttp.RequestCtx, c *conn, v *visit, denial models.Denial) {
	c.body.begin(c, ctx.RequestBodyStream(), v.set, v.view.BodyLength)
	l.call(ctx, &v.view, denial)
	l.settle(ctx, c, v, denial)
}

// settle ends the body, and the connection where it cannot go on.
func (l *Listener) settle(ctx *fasthttp.RequestCtx, c *conn, v *visit, denial models.Denial) {
	clean := c.body.finish()
	if denial != "" || !clean {
		c.linger.Store(true)
	}
	if denial != "" || !clean || v.close || l.draining.Load() {
		ctx.Response.SetConnectionClose()
	}
}

// answer calls the handler for a proxy that asks. What may be wrong with the
// request asked about is no reason to distrust the proxy's own framing.
func (l *Listener) answer(ctx *fasthttp.RequestCtx, c *conn, v *visit) {
	asked := v.readOriginal()
	c.body.begin(c, ctx.RequestBodyStream(), v.set, v.view.BodyLength)
	l.call(ctx, &v.view, asked)
	l.settle(ctx, c, v, "")
}

// call keeps a handler that panics from ending the gateway.
func (l *Listener) call(ctx *fasthttp.RequestCtx, view *models.Request, denial models.Denial) {
	defer func() {
		if reason := recover(); reason != nil {
			l.panics.Add(1)
			l.log.Error().Interface("reason", reason).Bytes("stack", debug.Stack()).Msg("handler panicked")
			ctx.Response.Reset()
			ctx.Response.SetStatusCode(fasthttp.StatusInternalServerError)
			ctx.Response.SetConnectionClose()
		}
	}()
	l.handler.Serve(ctx, view, denial)
}

// prepare runs between header and body. It hands fasthttp the timeouts in force,
// and keeps it from waiting for bodies that will be refused.
func (l *Listener) prepare(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	set := l.settings.Load()
	length := h.ContentLength()
	if int64(length) > int64(set.MaxBody) {
		h.SetContentLength(0) // refused in handle, which reads the raw header
	}
	if expect := h.Peek(fasthttp.HeaderExpect); len(expect) > 0 {
		known := models.EqualFold(expect, "100-continue")
		switch {
		case !known:
			h.Del(fasthttp.HeaderExpect)
			h.SetContentLength(0)
		case !h.IsHTTP11() || length == 0 || length == -2:
			h.Del(fasthttp.HeaderExpect) // to be ignored: there is nothing to wait for
		default:
			h.Set(fasthttp.HeaderExpect, "100-continue") // fasthttp compares bytes
		}
	}
	return fasthttp.RequestConfig{ReadTimeout: set.ReadTimeout, MaxRequestBodySize: math.MaxInt}
}

// expect decides whether a client that waits may send its body. After any other
// status than 100 fasthttp writes the response and closes.
func (l *Listener) expect(ctx *fasthttp.RequestCtx) int {
	c := connOf(ctx)
	v := l.visits.Get().(*visit)
	defer l.visits.Put(v)
	denial := v.read(l.settings.Load(), c, &ctx.Request.Header, l.now())
	if denial == "" {
		return fasthttp.StatusContinue
	}
	l.serve(ctx, c, v, denial)
	return ctx.Response.StatusCode()
}

// fail serves a request that fasthttp could not read. It closes the connection
// afterwards.
func (l *Listener) fail(ctx *fasthttp.RequestCtx, err error) {
	c := connOf(ctx)
	if !c.spoke.Load() || c.secure != nil && !c.secure.complete() {
		c.muted.Store(true) // nobody asked anything
		return
	}
	denial := denialOf(err)
	if denial == "" {
		c.muted.Store(true)
		return
	}
	v := l.visits.Get().(*visit)
	defer l.visits.Put(v)
	set := l.settings.Load()
	if len(ctx.Request.Header.RawHeaders()) > 0 {
		if exact := v.read(set, c, &ctx.Request.Header, l.now()); exact != "" && denial == models.MalformedRequest {
			denial = exact
		}
	} else {
		v.begin(set, c, l.now())
	}
	v.view.BodyLength = 0
	l.serve(ctx, c, v, denial)
}

// denialOf names what fasthttp failed with, "" if the connection broke.
func denialOf(err error) models.Denial {
	var small *fasthttp.ErrSmallBuffer
	switch {
	case errors.As(err, &small):
		return models.HeaderTooLarge
	case errors.Is(err, fasthttp.ErrDuplicateContentLength), errors.Is(err, fasthttp.ErrUnsupportedTransferEncoding):
		return models.AmbiguousFraming
	case errors.Is(err, os.ErrDeadlineExceeded):
		return models.BodyTimeout // of the header too: the request did not come in time
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return models.MalformedRequest
	}
	var broken interface{ Timeout() bool } // any net.Error: the client is gone
	if errors.As(err, &broken) {
		return ""
	}
	return models.MalformedRequest
}
