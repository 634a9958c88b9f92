package listener

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
)

// sayOK answers every request with its target.
var sayOK = handlerFunc(func(ctx *fasthttp.RequestCtx, view *models.Request) { ctx.Write(view.Target) })

const keepAlive = "GET /k HTTP/1.1\r\nHost: x\r\n\r\n"

// ask sends one request on a kept connection and reads its answer.
func ask(t testing.TB, c net.Conn) string {
	t.Helper()
	send(t, c, keepAlive)
	return answerOn(t, c)
}

func answerOn(t testing.TB, c net.Conn) string {
	t.Helper()
	br := bufio.NewReader(c)
	var resp fasthttp.Response
	if err := resp.Read(br); err != nil {
		t.Fatal(err)
	}
	return resp.String()
}

// turnedAway reports whether the listener closed c without a word.
func turnedAway(c net.Conn) bool {
	c.Write([]byte(keepAlive))
	got, _ := io.ReadAll(c)
	return len(got) == 0
}

// settle waits until as many connections are open.
func settle(t testing.TB, l *Listener, open int) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); l.Stats().Open != open; {
		if time.Now().After(end) {
			t.Fatalf("%d connections are open, want %d", l.Stats().Open, open)
		}
		time.Sleep(time.Millisecond)
	}
}

// arrive waits until as many connections have been accepted.
func arrive(t testing.TB, l *Listener, accepted uint64) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); l.Stats().Accepted < accepted; {
		if time.Now().After(end) {
			t.Fatalf("%d connections were accepted, want %d", l.Stats().Accepted, accepted)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestConnectionsPerAddress(t *testing.T) {
	l := start(t, sayOK, func(c *Config) { c.ConnectionsPerAddress = 2 })
	first, second := dial(t, l), dial(t, l)
	ask(t, first)
	ask(t, second)
	if !turnedAway(dial(t, l)) {
		t.Error("a third connection was let in")
	}
	first.Close()
	settle(t, l, 1)
	ask(t, dial(t, l))
	if s := l.Stats(); s.Refused != 1 || s.Accepted != 4 {
		t.Errorf("stats %+v", s)
	}
}

func TestTrustedProxiesMayHaveMoreConnections(t *testing.T) {
	l := start(t, sayOK, func(c *Config) { c.ConnectionsPerAddress, c.TrustedProxies = 1, loopback })
	for range 3 {
		ask(t, dial(t, l))
	}
}

func TestAllConnections(t *testing.T) {
	l := start(t, sayOK, func(c *Config) { c.MaxConnections, c.TrustedProxies = 2, loopback })
	ask(t, dial(t, l))
	ask(t, dial(t, l))
	if !turnedAway(dial(t, l)) {
		t.Error("a third connection was let in")
	}
}

func TestConnectionsAreCountedExactly(t *testing.T) {
	l := start(t, handlerFunc(reportBody), func(c *Config) { c.HeaderTimeout = 50 * time.Millisecond })
	for range 20 {
		for _, raw := range []string{"", "GET", "nonsense\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\nx", second} {
			c := dial(t, l)
			send(t, c, raw)
			c.Close()
		}
	}
	arrive(t, l, 100)
	settle(t, l, 0)
	if len(l.gate.per) != 0 {
		t.Errorf("%d addresses are still counted", len(l.gate.per))
	}
	if s := l.Stats(); s.Accepted != 100 || s.Refused != 0 || s.Panics != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestIPv6IsCountedByNetwork(t *testing.T) {
	for _, f := range []struct{ peer, key string }{
		{"192.0.2.1", "192.0.2.1"}, {"2001:db8::1", "2001:db8::"}, {"2001:db8:0:0:ffff::9", "2001:db8::"},
		{"2001:db8:0:1::1", "2001:db8:0:1::"},
	} {
		if got := countKey(netip.MustParseAddr(f.peer)); got != netip.MustParseAddr(f.key) {
			t.Errorf("%s is counted as %s, want %s", f.peer, got, f.key)
		}
	}
}

// flaky is a listener that fails before it accepts.
type flaky struct {
	net.Listener
	failures int
}

func (f *flaky) Accept() (net.Conn, error) {
	if f.failures > 0 {
		f.failures--
		return nil, errors.New("too many open files")
	}
	return f.Listener.Accept()
}

func TestAcceptingSurvivesFailures(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := New(DefaultConfig(), sayOK, time.Now, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	l.gate.Listener = &flaky{Listener: ln, failures: 3}
	l.serving.Go(func() { l.server.Serve(l.gate) })
	ask(t, dial(t, l))
	if err := l.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPanicIsAnswered(t *testing.T) {
	l := start(t, handlerFunc(func(*fasthttp.RequestCtx, *models.Request) { panic("BUG: a test") }), nil)
	if answer := talk(t, l, keepAlive); !strings.HasPrefix(answer, "HTTP/1.1 500 ") {
		t.Errorf("got %q", answer)
	}
	if n := l.Stats().Panics; n != 1 {
		t.Errorf("%d panics, want 1", n)
	}
}

func TestDrainLetsStreamsEnd(t *testing.T) {
	release := make(chan struct{})
	l := start(t, handlerFunc(func(ctx *fasthttp.RequestCtx, view *models.Request) {
		if string(view.Path) != "/stream" {
			return
		}
		ctx.SetBodyStream(io.MultiReader(strings.NewReader("begin "), waiting{release}, strings.NewReader("end")), -1)
	}), nil)
	stream, resting, silent := dial(t, l), dial(t, l), dial(t, l)
	send(t, stream, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
	got := bufio.NewReader(stream)
	for line := ""; line != "begin \r\n"; {
		var err error
		if line, err = got.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	ask(t, resting)
	stopped := make(chan error)
	go func() { stopped <- l.Stop(context.Background()) }()
	if rest, _ := io.ReadAll(resting); len(rest) != 0 { // returns once it is closed
		t.Errorf("the idle connection got %q", rest)
	}
	if rest, _ := io.ReadAll(silent); len(rest) != 0 {
		t.Errorf("the silent connection got %q", rest)
	}
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		c.Close()
		t.Error("still accepting while draining")
	}
	close(release)
	if rest, err := io.ReadAll(got); err != nil || !strings.Contains(string(rest), "end\r\n0\r\n\r\n") {
		t.Errorf("the stream ended with %q, %v", rest, err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if n := l.Stats().Open; n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// The write timeout is for each write: a stream may last longer.
func TestStreamsOutlastTheWriteTimeout(t *testing.T) {
	const timeout = 100 * time.Millisecond
	l := start(t, handlerFunc(func(ctx *fasthttp.RequestCtx, _ *models.Request) {
		ctx.SetBodyStream(&paced{pause: timeout, left: 3}, -1)
	}), func(c *Config) { c.WriteTimeout = timeout })
	if answer := ask(t, dial(t, l)); !strings.HasSuffix(answer, "...") {
		t.Errorf("got %q", answer)
	}
}

// paced is a stream of dots with pauses.
type paced struct {
	pause time.Duration
	left  int
}

func (s *paced) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	s.left--
	time.Sleep(s.pause)
	return copy(p, "."), nil
}

// waiting is a reader that ends when its channel is closed.
type waiting struct{ release chan struct{} }

func (w waiting) Read([]byte) (int, error) {
	<-w.release
	return 0, io.EOF
}

func TestDrainAnnouncesTheClose(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	l := start(t, handlerFunc(func(*fasthttp.RequestCtx, *models.Request) { close(entered); <-release }), nil)
	c := dial(t, l)
	send(t, c, keepAlive)
	<-entered
	stopped := make(chan error)
	go func() { stopped <- l.Stop(context.Background()) }()
	<-l.gate.stop
	close(release)
	if answer, err := io.ReadAll(c); err != nil || !strings.Contains(string(answer), "Connection: close") {
		t.Errorf("got %q, %v", answer, err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestDrainCutsWhatIsLeft(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	l := start(t, handlerFunc(func(*fasthttp.RequestCtx, *models.Request) { close(entered); <-release }), nil)
	c := dial(t, l)
	send(t, c, keepAlive)
	<-entered
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	err := l.Stop(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "1 connections cut") {
		t.Errorf("got %v", err)
	}
	if answer, _ := io.ReadAll(c); len(answer) != 0 {
		t.Errorf("got %q", answer)
	}
	close(release)
	settle(t, l, 0)
}

func TestReload(t *testing.T) {
	l := start(t, sayOK, nil)
	old := l.start
	for _, f := range []struct {
		what, want string
		change     func(*Config)
	}{
		{"address", "listener.address: 127.0.0.1:1, want 127.0.0.1:0 until a restart", func(c *Config) { c.Address = "127.0.0.1:1" }},
		{"TLS", "listener.tls: turned on or off, want no such change until a restart", func(c *Config) { c.TLS = TLS{"a", "b"} }},
		{"larger header", "listener.max_header: 32KiB, want at most 16KiB until a restart", func(c *Config) { c.MaxHeader = 32 << 10 }},
		{"a mistake", "listener.read_timeout: 0s, want more than 0s and at most 24h", func(c *Config) { c.ReadTimeout = 0 }},
	} {
		cfg := old
		f.change(&cfg)
		if err := l.Reload(cfg); err == nil || err.Error() != f.want {
			t.Errorf("%s: got %v, want %s", f.what, err, f.want)
		}
	}
	cfg := old
	cfg.MaxHeader, cfg.MaxBody, cfg.IdleTimeout = 1024, 3, 20*time.Millisecond
	c := dial(t, l)
	ask(t, c)
	if err := l.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	if answer := ask(t, c); !strings.Contains(answer, "/k") { // and now the new idle timeout holds
		t.Errorf("got %q", answer)
	}
	if rest, err := io.ReadAll(c); err != nil || len(rest) != 0 {
		t.Errorf("got %q, %v", rest, err)
	}
	if answer := talk(t, l, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nfour"); !strings.HasSuffix(answer, "body_too_large") {
		t.Errorf("got %q", answer)
	}
	if answer := talk(t, l, "GET / HTTP/1.1\r\nHost: x\r\nA: "+strings.Repeat("b", 1024)+"\r\n\r\n"); !strings.HasSuffix(answer, "header_too_large") {
		t.Errorf("got %q", answer)
	}
}
