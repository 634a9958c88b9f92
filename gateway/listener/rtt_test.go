package listener

import (
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
)

// timed is a handler that keeps the round trips of every request.
type timed struct{ seen []models.RoundTrips }

func (h *timed) Serve(_ *fasthttp.RequestCtx, r *models.Request, _ models.Denial) {
	h.seen = append(h.seen, r.RTT)
}

func skipWithoutKernelRTT(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: only Linux tells the round-trip time of a connection")
	}
}

// What is measured lies within what the client measures: TCP within TLS, which
// ends with an answer to a flight of the handshake, and TLS within the whole.
func TestRoundTripsAreMeasured(t *testing.T) {
	skipWithoutKernelRTT(t)
	h := new(timed)
	l, _ := startTLS(t, h)
	tickets := tls.NewLRUClientSessionCache(1)
	for i, cfg := range []*tls.Config{
		{MaxVersion: tls.VersionTLS12}, {ClientSessionCache: tickets}, {ClientSessionCache: tickets},
	} {
		h.seen = nil
		begin := time.Now()
		c, err := shake(t, l, cfg)
		if err != nil {
			t.Fatal(err)
		}
		ask(t, c)
		whole := time.Since(begin)
		ask(t, c)
		if resumed := c.ConnectionState().DidResume; resumed != (i == 2) {
			t.Fatalf("handshake %d: resumed is %v", i, resumed)
		}
		if len(h.seen) != 2 || h.seen[0] != h.seen[1] {
			t.Fatalf("seen %v, want the same twice: a connection is measured once", h.seen)
		}
		if r := h.seen[0]; !(0 < r.TCP && r.TCP <= r.TLS+time.Microsecond && r.TLS < whole) {
			t.Errorf("TCP %v, TLS %v, want 0 < TCP <= TLS < %v", r.TCP, r.TLS, whole)
		}
	}
}

func TestRoundTripsOfClearText(t *testing.T) {
	skipWithoutKernelRTT(t)
	h := new(timed)
	l := start(t, h, nil)
	begin := time.Now()
	ask(t, dial(t, l))
	whole := time.Since(begin)
	if r := h.seen[0]; !(0 < r.TCP && r.TCP < whole) || r.TLS != 0 {
		t.Errorf("TCP %v, TLS %v, want 0 < TCP < %v and no TLS", r.TCP, r.TLS, whole)
	}
}

// The connection of a trusted proxy says nothing of the client behind it, whether
// the proxy forwards or asks.
func TestRoundTripsOfProxiesAreNotTheClients(t *testing.T) {
	h := new(timed)
	l := start(t, h, func(c *Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		c.ForwardAuth = askPath
	})
	c := dial(t, l)
	for _, raw := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		question(true, "GET", "/a", "x"),
	} {
		send(t, c, raw)
		answerOn(t, c)
	}
	for i, r := range h.seen {
		if r != (models.RoundTrips{}) {
			t.Errorf("request %d: %v", i, r)
		}
	}
	if len(h.seen) != 3 {
		t.Errorf("%d requests were served, want 3", len(h.seen))
	}
}

// relay ends the TCP of clients next to the listener, as a proxy does, and delays
// every byte on its way to them. It returns its address.
func relay(t *testing.T, l *Listener, delay time.Duration) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	near := dial(t, l)
	go func() {
		far, err := ln.Accept()
		if err != nil {
			return
		}
		defer far.Close()
		go io.Copy(near, far)
		for p := make([]byte, 16<<10); ; {
			n, err := near.Read(p)
			if err != nil {
				return
			}
			time.Sleep(delay)
			if _, err := far.Write(p[:n]); err != nil {
				return
			}
		}
	}()
	return ln.Addr().String()
}

// Where TCP ends at a proxy, TLS takes as much longer as the client is behind it.
func TestHandshakeThroughAProxyTakesLongerThanTCP(t *testing.T) {
	skipWithoutKernelRTT(t)
	const delay = 60 * time.Millisecond
	h := new(timed)
	l, _ := startTLS(t, h)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		h.seen = nil
		raw, err := net.Dial("tcp", relay(t, l, delay))
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		c := tls.Client(raw, &tls.Config{InsecureSkipVerify: true, MaxVersion: version})
		ask(t, c)
		if r := h.seen[0]; r.TLS < delay || r.TCP == 0 || r.TCP > r.TLS/10 {
			t.Errorf("TCP %v, TLS %v, want TLS from %v on and TCP below a tenth of it", r.TCP, r.TLS, delay)
		}
	}
}

// The watch runs from the beginning of the last flight to the last read before the
// end of the handshake, and only there.
func TestStopwatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w stopwatch
		after := func(d time.Duration, event func(), want time.Duration) {
			t.Helper()
			time.Sleep(d)
			if event(); w.trip != want {
				t.Errorf("%v, want %v", w.trip, want)
			}
		}
		after(time.Second, w.ask, 0)
		after(time.Second, w.answered, 0)
		w.running = true
		after(time.Second, w.answered, 0)               // ClientHello
		after(time.Second, w.ask, 0)                    // HelloRetryRequest
		after(3*time.Second, w.answered, 3*time.Second) // ClientHello again
		after(time.Second, w.ask, 3*time.Second)        // ServerHello
		after(time.Second, w.answered, time.Second)     // what came early
		after(4*time.Second, w.answered, 5*time.Second) // Finished
		after(time.Second, w.ask, 5*time.Second)        // tickets of TLS 1.2
		w.running = false
		after(time.Second, w.answered, 5*time.Second)
	})
}
