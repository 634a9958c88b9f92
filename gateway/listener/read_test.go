package listener

import (
	"bufio"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
)

// browser is what a browser sends.
const browser = "GET /v1/orders/17?expand=lines&page=2 HTTP/1.1\r\n" +
	"Host: api.example.com\r\n" +
	"Connection: keep-alive\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36\r\n" +
	"Accept: application/json\r\n" +
	"X-API-Key: rk_live_0123456789abcdef0123456789abcdef\r\n" +
	"X-Forwarded-For: 203.0.113.9, 10.1.2.3\r\n" +
	"Accept-Encoding: gzip, deflate, br\r\n" +
	"Accept-Language: en-US,en;q=0.9\r\n" +
	"Cookie: session=0123456789abcdef\r\n\r\n"

var instant = time.Unix(1_800_000_000, 0)

func testSettings(t testing.TB, change func(*Config)) *settings {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Address = "127.0.0.1:0"
	cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:aaaa::/48")}
	if change != nil {
		change(&cfg)
	}
	l, err := New(cfg, nil, time.Now, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return l.settings.Load()
}

// readRaw reads the header of raw as fasthttp does and then as the guard does.
func readRaw(set *settings, peer, raw string) (*visit, models.Denial, error) {
	var h fasthttp.RequestHeader
	if err := h.Read(bufio.NewReaderSize(strings.NewReader(raw), 16<<10)); err != nil {
		return nil, "", err
	}
	c := &conn{peer: netip.MustParseAddr(peer), id: 1}
	v := new(visit)
	return v, v.read(set, c, &h, instant), nil
}

func TestReadFillsTheView(t *testing.T) {
	v, denial, err := readRaw(testSettings(t, nil), "10.0.0.1", browser)
	if err != nil || denial != "" {
		t.Fatalf("refused: %q, %v", denial, err)
	}
	r := &v.view
	for _, f := range []struct{ what, got, want string }{
		{"method", string(r.Method), "GET"},
		{"host", string(r.Host), "api.example.com"},
		{"path", string(r.Path), "/v1/orders/17"},
		{"query", string(r.Query), "expand=lines&page=2"},
		{"target", string(r.Target), "/v1/orders/17?expand=lines&page=2"},
		{"first name", string(r.Name(0)), "Host"},
		{"last value", string(r.Value(8)), "session=0123456789abcdef"},
		{"client", r.Client.String(), "203.0.113.9"},
		{"peer", r.Peer.String(), "10.0.0.1"},
		{"agent", string(r.Agent[:11]), "Mozilla/5.0"},
	} {
		if f.got != f.want {
			t.Errorf("%s is %q, want %q", f.what, f.got, f.want)
		}
	}
	if r.NumFields != 9 || r.BodyLength != 0 || r.Minor != 1 || r.Faults != 0 || !r.Time.Equal(instant) || r.ConnID != 1 {
		t.Errorf("got %d fields, body %d, minor %d, faults %b, time %v, connection %d",
			r.NumFields, r.BodyLength, r.Minor, r.Faults, r.Time, r.ConnID)
	}
}

func TestHeaderOrderTellsClientsApart(t *testing.T) {
	set := testSettings(t, nil)
	order := func(lines ...string) uint32 {
		v, denial, err := readRaw(set, "192.0.2.7", "GET / HTTP/1.1\r\n"+strings.Join(lines, "\r\n")+"\r\n\r\n")
		if err != nil || denial != "" {
			t.Fatalf("%q: %q, %v", lines, denial, err)
		}
		return v.view.HeaderOrder
	}
	base := order("Host: x", "User-Agent: a", "Accept: b")
	for _, f := range []struct {
		what  string
		lines []string
		same  bool
	}{
		{"values", []string{"Host: y", "User-Agent: c", "Accept: d"}, true},
		{"case", []string{"host: x", "USER-AGENT: a", "Accept: b"}, true},
		{"credentials and cookies", []string{"Host: x", "Authorization: z", "User-Agent: a", "Cookie: z", "X-API-Key: z", "Accept: b"}, true},
		{"what proxies add", []string{"Host: x", "User-Agent: a", "Accept: b", "X-Forwarded-For: z", "X-Forwarded-Port: z", "traceparent: z"}, true},
		{"another order", []string{"Host: x", "Accept: b", "User-Agent: a"}, false},
		{"one more", []string{"Host: x", "User-Agent: a", "Accept: b", "Accept-Language: e"}, false},
		{"one fewer", []string{"Host: x", "User-Agent: a"}, false},
		{"joined names", []string{"Host: x", "User-Agent: a", "Accep: b", "t: b"}, false},
		{"a long name", []string{"Host: x", "User-Agent: a", "Accept: b", strings.Repeat("a", 60) + ": b"}, false},
	} {
		if got := order(f.lines...); (got == base) != f.same {
			t.Errorf("%s: order %x, first %x, want the same: %v", f.what, got, base, f.same)
		}
	}
}

func TestARefusalTellsWhatIsKnown(t *testing.T) {
	v, denial, err := readRaw(testSettings(t, nil), "10.0.0.1",
		"GET /a%2fb HTTP/1.1\r\nHost: x\r\nUser-Agent: y\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n")
	if err != nil || denial != models.EncodedPath {
		t.Fatalf("denial %q, %v", denial, err)
	}
	r := &v.view
	if string(r.Method) != "GET" || string(r.Host) != "x" || string(r.Agent) != "y" || r.Client.String() != "203.0.113.9" {
		t.Errorf("got %s %s %s %s", r.Method, r.Host, r.Agent, r.Client)
	}
	if r.Path != nil || r.Target != nil {
		t.Errorf("a refused path is shown: %q, %q", r.Path, r.Target)
	}
}

func BenchmarkRead(b *testing.B) {
	set := testSettings(b, nil)
	var h fasthttp.RequestHeader
	if err := h.Read(bufio.NewReaderSize(strings.NewReader(browser), 16<<10)); err != nil {
		b.Fatal(err)
	}
	c := &conn{peer: netip.MustParseAddr("10.0.0.1"), id: 1}
	v := new(visit)
	b.ReportAllocs()
	for b.Loop() {
		if denial := v.read(set, c, &h, instant); denial != "" {
			b.Fatal(denial)
		}
	}
}

// BenchmarkServe compares with BenchmarkServeBare: the difference is the price
// of this package.
func BenchmarkServe(b *testing.B) {
	l := start(b, handlerFunc(func(*fasthttp.RequestCtx, *models.Request) {}), nil)
	b.ReportAllocs()
	l.server.ServeConn(l.gate.admit(&endlessClient{loop: b.Loop}))
}

func BenchmarkServeBare(b *testing.B) {
	s := &fasthttp.Server{Handler: func(*fasthttp.RequestCtx) {}, ReadBufferSize: 16 << 10, ReadTimeout: time.Minute}
	b.ReportAllocs()
	s.ServeConn(&endlessClient{loop: b.Loop})
}

// endlessClient sends a request for each turn of the loop and reads no answer.
type endlessClient struct {
	memory
	loop func() bool
}

func (c *endlessClient) Read(p []byte) (int, error) {
	if !c.loop() {
		return 0, io.EOF
	}
	return copy(p, browser), nil
}

func (c *endlessClient) Write(p []byte) (int, error) { return len(p), nil }
