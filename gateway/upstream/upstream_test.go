package upstream

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"
)

// rawUpstream is a TCP server that runs script on each connection and records
// what it reads.
type rawUpstream struct {
	net.Listener
	mu    sync.Mutex // guards conns
	conns int
	wait  sync.WaitGroup
}

func startRaw(t *testing.T, script func(n int, c net.Conn, br *bufio.Reader)) *rawUpstream {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &rawUpstream{Listener: l}
	u.wait.Add(1)
	go func() {
		defer u.wait.Done()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			u.mu.Lock()
			u.conns++
			n := u.conns
			u.mu.Unlock()
			u.wait.Add(1)
			go func() {
				defer u.wait.Done()
				defer c.Close()
				script(n, c, bufio.NewReader(c))
			}()
		}
	}()
	t.Cleanup(func() { l.Close() })
	return u
}

func (u *rawUpstream) url() string { return "http://" + u.Addr().String() }

func (u *rawUpstream) accepted() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.conns
}

// readRequestHead returns a request header up to and with its empty line.
func readRequestHead(br *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		line, err := br.ReadString('\n')
		b.WriteString(line)
		if err != nil || line == "\r\n" {
			return b.String(), err
		}
	}
}

// answering replies text to every request without a body.
func answering(text string) func(int, net.Conn, *bufio.Reader) {
	return func(_ int, c net.Conn, br *bufio.Reader) {
		for {
			if _, err := readRequestHead(br); err != nil {
				return
			}
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
		}
	}
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func testPool(t testing.TB, change func(*PoolConfig), targets ...string) *Pool {
	t.Helper()
	_, p := testUpstreams(t, change, targets...)
	return p
}

func testUpstreams(t testing.TB, change func(*PoolConfig), targets ...string) (*Upstreams, *Pool) {
	t.Helper()
	c := PoolConfig{Targets: targets}
	if change != nil {
		change(&c)
	}
	u, err := New(Config{Pools: map[string]PoolConfig{"web": c}}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := u.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return u, u.Pool("web")
}

// viewOf parses a header block as the listener's guard does.
func viewOf(method, target, block string) *models.Request {
	v := &models.Request{
		Method: []byte(method), Target: []byte(target), Raw: []byte(block), Minor: 1,
		Host: []byte("api.example"), Client: netip.MustParseAddr("203.0.113.9"), Secure: true,
	}
	for rest := v.Raw; len(rest) > 0; {
		line, after, _ := bytes.Cut(rest, []byte("\r\n"))
		from := uint32(len(v.Raw) - len(rest))
		rest = after
		colon := bytes.IndexByte(line, ':')
		if colon < 0 {
			continue
		}
		value := bytes.Trim(line[colon+1:], " \t")
		at := from + uint32(bytes.LastIndex(line, value))
		v.Fields[v.NumFields] = models.Field{
			Name:  models.Span{From: from, To: from + uint32(colon)},
			Value: models.Span{From: at, To: at + uint32(len(value))},
		}
		v.NumFields++
	}
	return v
}

// prepared returns an outbound request, with body unless it is nil.
func prepared(method, target, block string, body []byte) *Request {
	req := new(Request)
	req.SetBody(body)
	v := viewOf(method, target, block)
	v.BodyLength = int64(len(body))
	Prepare(req, v, new(Headers))
	return req
}

// streamed returns an outbound request whose body is a stream; size -1: chunked.
func streamed(method string, body io.Reader, size int) *Request {
	req := new(Request)
	req.SetBodyStream(body, int64(size))
	v := viewOf(method, "/", "")
	v.BodyLength = int64(size)
	Prepare(req, v, new(Headers))
	return req
}

func get(t *testing.T, p *Pool) (*fasthttp.Response, Result) {
	t.Helper()
	resp := new(fasthttp.Response)
	return resp, p.Forward(prepared("GET", "/", "", nil), resp)
}

// within fails the test if ch is not closed in time.
func within(t *testing.T, what string, ch <-chan struct{}) {
	t.Helper()
	select {
	case <-ch:
	case <-time.After(5 * time.Second):
		t.Fatalf("%s did not happen", what)
	}
}

// eventually fails the test if ok does not become true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
	}
}
