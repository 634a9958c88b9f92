package listener

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
)

// upstream is a server that records every byte it is sent. Each connection
// carries one request, after which the sender closes its side.
type upstream struct {
	net.Listener
	mu       sync.Mutex // guards received
	received []string
}

func newUpstream(t testing.TB) *upstream {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &upstream{Listener: ln}
	var done sync.WaitGroup
	done.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			u.serve(c)
		}
	})
	t.Cleanup(func() { ln.Close(); done.Wait() })
	return u
}

func (u *upstream) serve(c net.Conn) {
	defer c.Close()
	sent, _ := io.ReadAll(c)
	u.mu.Lock()
	u.received = append(u.received, string(sent))
	u.mu.Unlock()
	io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
}

func (u *upstream) take() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	taken := u.received
	u.received = nil
	return taken
}

// forwarder is a handler that forwards what the view says, and nothing else.
type forwarder struct {
	to   string
	seen func(*models.Request)
}

func (f *forwarder) Serve(ctx *fasthttp.RequestCtx, view *models.Request, refusal models.Denial) {
	if refusal != "" {
		ctx.SetStatusCode(refusal.Status())
		ctx.SetBodyString(string(refusal))
		return
	}
	if f.seen != nil {
		f.seen(view)
	}
	payload, err := BodyOf(ctx).AppendTo(nil)
	if err != nil {
		ctx.SetStatusCode(BodyOf(ctx).Denial().Status())
		ctx.SetBodyString(string(BodyOf(ctx).Denial()))
		return
	}
	c, err := net.Dial("tcp", f.to)
	if err != nil {
		ctx.SetStatusCode(502)
		return
	}
	defer c.Close()
	c.Write(rewritten(view, payload))
	c.(*net.TCPConn).CloseWrite()
	io.ReadAll(c)
	ctx.SetBodyString("ok")
}

// hopByHop are the names that a forwarder never copies.
const hopByHop = ",host,connection,keep-alive,te,trailer,transfer-encoding,content-length,upgrade,http2-settings,expect," +
	"forwarded,x-forwarded-for,x-forwarded-proto,"

// rewritten is the request that goes upstream, made from the view alone.
func rewritten(view *models.Request, payload []byte) []byte {
	var b bytes.Buffer
	b.WriteString(string(view.Method) + " " + string(view.Target) + " HTTP/1.1\r\nHost: " + string(view.Host) + "\r\n")
	for i := range view.NumFields {
		if !strings.Contains(hopByHop, ","+strings.ToLower(string(view.Name(i)))+",") {
			b.WriteString(string(view.Name(i)) + ": " + string(view.Value(i)) + "\r\n")
		}
	}
	if view.BodyLength != 0 {
		b.WriteString("Content-Length: " + strconv.Itoa(len(payload)) + "\r\n")
	}
	b.WriteString("\r\n")
	b.Write(payload)
	return b.Bytes()
}

// start runs a listener on a free port with h behind it and stops it at the end
// of the test.
func start(t testing.TB, h Handler, change func(*Config)) *Listener {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Address = "127.0.0.1:0"
	if change != nil {
		change(&cfg)
	}
	l, err := New(cfg, h, time.Now, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		l.Stop(ctx)
	})
	return l
}

// dial opens a connection that no test can hang on.
func dial(t testing.TB, l *Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(8 * time.Second))
	return c
}

// talk sends raw and returns everything until the listener closes.
func talk(t testing.TB, l *Listener, raw string) string {
	t.Helper()
	c := dial(t, l)
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("the connection was not closed: %v after %q", err, answer)
	}
	return string(answer)
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
