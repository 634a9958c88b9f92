package pipeline

import (
	"encoding/hex"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/gateway/listener"
	"github.com/riskgate/riskgate/gateway/ratelimit"
	"github.com/riskgate/riskgate/gateway/upstream"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/device"
)

// forward sends the request to the route's pool and finishes the exchange, for
// a streamed answer when its body has ended.
func (x *exchange) forward() {
	e, ctx := &x.event, x.ctx
	if denial := x.prepare(); denial != "" {
		x.refuse(denial)
		return
	}
	sent := time.Now()
	result := x.route.Pool.Forward(&x.out, &ctx.Response)
	answered := time.Now()
	e.UpstreamTime, e.Upstream = answered.Sub(sent), result.Target
	x.route.metrics.latency.Observe(e.UpstreamTime.Seconds())
	x.watch.lap(stageForward)
	if x.view.BodyLength < 0 {
		e.BytesIn = listener.BodyOf(ctx).Count()
	}
	if result.Denial != "" {
		x.fault(result)
		return
	}
	e.Status = ctx.Response.StatusCode()
	e.Login = x.route.Login.outcome(e.Status)
	if happened(e.Status) {
		x.act(x.route.Activity)
	}
	x.decorate(&ctx.Response)
	x.giveToken(&ctx.Response)
	if result.Body == nil {
		e.BytesOut, e.Duration = int64(len(ctx.Response.Body())), answered.Sub(x.started)
		x.finish()
		return
	}
	result.Body.Watch(ctx.Conn(), 0)
	result.Body.OnEnd(func(n int64, _ error) {
		defer x.survive()
		e.BytesOut = n
		x.finish()
	})
}

// survive keeps a panic at the end of a streamed body from ending the gateway:
// nobody above it recovers. Deferred only.
func (x *exchange) survive() {
	reason := recover()
	if reason == nil {
		return
	}
	x.pipeline.Metrics.panics.Inc()
	x.pipeline.Log.Error().Interface("reason", reason).Bytes("stack", debug.Stack()).Msg("the end of a stream panicked")
	if x.snapshot != nil {
		x.snapshot.release()
	}
}

// prepare builds the outbound request from the view and the decision.
func (x *exchange) prepare() models.Denial {
	v := x.view
	if v.BodyLength != 0 {
		if x.route.MaxBody > 0 {
			if denial := listener.LimitBody(x.ctx, x.route.MaxBody); denial != "" {
				return denial
			}
		}
		if x.body != nil && x.route.Login.needsBody() {
			x.out.SetBody(x.body)
		} else {
			x.out.SetBodyStream(listener.BodyOf(x.ctx), v.BodyLength)
		}
	}
	x.tell()
	return upstream.Prepare(&x.out, v, &x.headers)
}

// tell fills what the upstream learns about the decision.
func (x *exchange) tell() {
	e, h := &x.event, &x.headers
	x.requestID()
	if x.identity != nil {
		who := &x.identity.Subject
		h.Subject, h.Kind, h.Issuer = x.keep(who.ID), x.keep(who.Kind.String()), x.keep(who.Issuer)
	}
	from := len(x.text)
	x.text = strconv.AppendInt(x.text, int64(e.Assessment.Score), 10)
	h.Score = x.text[from:len(x.text):len(x.text)]
	h.Level, h.Action = x.keep(e.Assessment.Level.String()), x.keep(e.Action.String())
	h.RequestID = e.RequestID
	h.TraceID, h.SpanID = x.trace()
}

// keep copies s into memory that lives as long as the exchange.
func (x *exchange) keep(s string) []byte {
	from := len(x.text)
	x.text = append(x.text, s...)
	return x.text[from:len(x.text):len(x.text)]
}

// trace continues the client's trace, or starts one from the event id, and
// returns it with a new span.
func (x *exchange) trace() (trace, span []byte) {
	e := &x.event
	if id := upstream.TraceID(x.view); id != nil {
		e.TraceID = append(e.TraceID[:0], id...)
	} else {
		e.TraceID = hex.AppendEncode(e.TraceID[:0], e.ID[:])
	}
	from := len(x.text)
	x.text = hex.AppendEncode(x.text, e.ID[8:]) // the random half of the event id
	return e.TraceID, x.text[from:len(x.text):len(x.text)]
}

// requestID writes the event's id as a UUID: what a caller quotes is what an
// analyst looks up.
func (x *exchange) requestID() {
	e := &x.event
	if len(e.RequestID) > 0 {
		return
	}
	e.RequestID = appendUUID(e.RequestID, e.ID)
}

// appendUUID appends an event id in the form of RFC 9562.
func appendUUID(dst []byte, id models.EventID) []byte {
	for i, part := range [][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}

// fault answers for an upstream that did not, or for a client whose body could
// not be read.
func (x *exchange) fault(r upstream.Result) {
	if c := x.route.metrics.faults[r.Denial]; c != nil {
		c.Inc()
	}
	denial := r.Denial
	if d := listener.BodyOf(x.ctx).Denial(); d != "" {
		denial = d
	}
	x.event.Denial = denial
	a := answers[denial]
	x.event.Status = a.status
	a.write(&x.ctx.Response, x.event.RequestID)
	if r.ProxyError != "" {
		x.ctx.Response.Header.Set("Proxy-Status", "riskgate; error="+r.ProxyError)
	}
	x.decorate(&x.ctx.Response)
	x.finish()
}

// decorate adds what every answer carries: the request id, the state of the
// subject's bucket, and HSTS.
func (x *exchange) decorate(resp *fasthttp.Response) {
	h := &resp.Header
	x.requestID()
	replace(h, "X-Request-Id", x.event.RequestID)
	if x.route != nil && x.route.Limited && x.identity != nil && x.bucket.Scope == ratelimit.BySubject {
		from := len(x.text)
		x.text = x.pipeline.Limiter.AppendPolicy(x.text, ratelimit.BySubject)
		replace(h, "RateLimit-Policy", x.text[from:])
		from = len(x.text)
		x.text = x.bucket.AppendLimit(x.text)
		replace(h, "RateLimit", x.text[from:])
	}
	if x.snapshot.HSTS && x.view.Secure {
		h.Del("Strict-Transport-Security")
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// replace sets a field and removes every other of that name: the upstream may
// have sent several, of which Set would replace the first.
func replace(h *fasthttp.ResponseHeader, name string, value []byte) {
	h.Del(name)
	h.SetBytesV(name, value)
}

// giveToken hands a device token to a browser that earned one. Cookies of that
// kind exist only over TLS.
func (x *exchange) giveToken(resp *fasthttp.Response) {
	if !x.view.Secure || x.identity == nil {
		return
	}
	from := len(x.text)
	x.text = append(append(x.text, device.CookieName...), '=')
	var issued bool
	if x.text, issued = x.pipeline.Collector.IssueToken(x.text, &x.event); !issued {
		return
	}
	x.text = append(x.text, "; Max-Age="...)
	x.text = strconv.AppendInt(x.text, int64(device.MaxAge/time.Second), 10)
	x.text = append(x.text, "; Path=/; Secure; HttpOnly; SameSite=Lax"...)
	resp.Header.AddBytesV("Set-Cookie", x.text[from:])
}
