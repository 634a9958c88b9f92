package pipeline

import (
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
)

// calm is a policy file as an operator may have it: it reads roles, the score
// and the country.
const calm = `
@id("all") permit (principal, action, resource);
@id("hot") forbid (principal, action, resource) when { context.risk.score >= 90 };
@id("far") @riskgate("step_up") forbid (principal is User, action, resource)
when { context.geo.country == "XX" && !principal.roles.contains("traveler") };`

// steady is a world in which nothing needs to be done for the first time any
// more: the caller is established, its token verified, the decision remembered.
func steady(t testing.TB) *world {
	w := newWorld(t, func(s *settings) {
		s.policies, s.target, s.discard = calm, "http://"+canned(t), true
		s.risk.Mode = models.Shadow // nobody comes every millisecond in earnest
		s.rate.Address, s.rate.Subject, s.rate.Burst = 1e6, 1e6, 1e5
		s.stream.Ring.Bytes = 64 << 20
	})
	for range 20 {
		for _, s := range []shot{{token: w.token("ada", claims{"exp": w.now().Add(1000 * time.Hour).Unix()})}, {key: w.apiKeys["good"]}} {
			w.decide(s)
		}
		w.advance(24 * time.Hour)
	}
	return w
}

// canned answers every request on a kept connection with the same bytes.
func canned(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for buffer := make([]byte, 4096); ; {
					if _, err := c.Read(buffer); err != nil {
						return
					}
					if _, err := c.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// view makes the view that the listener would make of a shot.
func (w *world) view(s shot) *models.Request {
	v := &models.Request{Time: w.now(), Peer: netip.MustParseAddr("127.0.0.1"), Client: netip.MustParseAddr(berlin), ConnID: 1,
		Method: []byte("GET"), Host: []byte("api.example"), Path: []byte("/v1/items/17"), Target: []byte("/v1/items/17"), Minor: 1}
	field := func(name, value string) []byte {
		from := uint32(len(v.Raw))
		v.Raw = append(v.Raw, name+": "+value+"\r\n"...)
		at := from + uint32(len(name)) + 2
		v.Fields[v.NumFields] = models.Field{Name: models.Span{From: from, To: from + uint32(len(name))},
			Value: models.Span{From: at, To: at + uint32(len(value))}}
		v.NumFields++
		return []byte(value)
	}
	field("Host", "api.example")
	v.Agent = field("User-Agent", firefox)
	field("Accept", "*/*")
	field("Accept-Language", "de")
	field("Accept-Encoding", "gzip")
	v.Front = s.front
	if s.token != "" {
		field("Authorization", "Bearer "+s.token)
	}
	if s.key != "" {
		field("X-Api-Key", s.key)
	}
	return v
}

// decide takes a request through stages 1 to 9 and learns from it.
func (w *world) decide(s shot) {
	w.Helper()
	var e models.Event
	if denial := w.Decide(w.view(s), &e); denial != "" {
		w.Fatalf("%s, score %g", denial, e.Assessment.Score)
	}
	e.Status = http.StatusOK
	w.Learn(&e)
}

// credentials are those that the hot path is measured with.
func (w *world) credentials() map[string]shot {
	return map[string]shot{
		"JWT":    {token: w.token("ada", claims{"exp": w.now().Add(100 * time.Hour).Unix()})},
		"APIKey": {key: w.apiKeys["good"]},
	}
}

// decider returns what decides the same request again and again, a millisecond
// later each time.
func (w *world) decider(s shot) func() {
	view, e := w.view(s), &models.Event{}
	return func() {
		w.advance(time.Millisecond)
		view.Time = w.now()
		e.Reset()
		if denial := w.Decide(view, e); denial != "" {
			w.Fatalf("%s, score %g", denial, e.Assessment.Score)
		}
	}
}

// server returns what serves the same request again and again.
func (w *world) server(s shot, status int) func() {
	view, ctx := w.view(s), &fasthttp.RequestCtx{}
	return func() {
		w.advance(time.Millisecond)
		view.Time = w.now()
		ctx.Request.Reset()
		ctx.Response.Reset()
		w.Serve(ctx, view, "")
		if got := ctx.Response.StatusCode(); got != status {
			w.Fatalf("status %d, want %d: %s", got, status, ctx.Response.Body())
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	w := steady(b)
	for name, s := range w.credentials() {
		b.Run(name, func(b *testing.B) {
			f := w.decider(s)
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}

// BenchmarkServe includes the upstream, which answers over a loopback
// connection: compare it with BenchmarkForward of package upstream.
func BenchmarkServe(b *testing.B) {
	w := steady(b)
	for name, s := range w.credentials() {
		b.Run(name, func(b *testing.B) {
			f := w.server(s, http.StatusOK)
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
	b.Run("Refused", func(b *testing.B) {
		f := w.server(shot{}, http.StatusUnauthorized)
		b.ReportAllocs()
		for b.Loop() {
			f()
		}
	})
}
