package upstream

import (
	"bufio"
	"net"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

const browserBlock = "Host: api.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0\r\n" +
	"Accept: application/json\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\nReferer: https://app.example/\r\n" +
	"Connection: keep-alive\r\nCookie: session=0123456789abcdef\r\nAuthorization: Bearer 0123456789abcdef0123456789abcdef\r\n"

func testHeaders() *Headers {
	return &Headers{
		Subject: []byte("https://idp.example|jane"), Score: []byte("7.5"), Level: []byte("low"), Action: []byte("allow"),
		RequestID: []byte("0192f0c0-0000-7000-8000-000000000000"),
		TraceID:   []byte("0af7651916cd43dd8448eb211c80319c"), SpanID: []byte("00f067aa0ba902b7"),
	}
}

// replayer answers each header without allocating.
func replayer(answer string) func(int, net.Conn, *bufio.Reader) {
	out := []byte(answer)
	return func(_ int, c net.Conn, br *bufio.Reader) {
		for {
			line, err := br.ReadSlice('\n')
			if err != nil {
				return
			}
			if len(line) == 2 {
				if _, err := c.Write(out); err != nil {
					return
				}
			}
		}
	}
}

func BenchmarkPrepare(b *testing.B) {
	req, h := new(Request), testHeaders()
	v := viewOf("GET", "/v1/items", browserBlock)
	b.ReportAllocs()
	for b.Loop() {
		Prepare(req, v, h)
	}
}

// BenchmarkForward is to be read against BenchmarkBareHostClient: the same
// upstream, the same number of fields.
func BenchmarkForward(b *testing.B) {
	p := testPool(b, nil, benchUpstream(b))
	req, resp, h := new(Request), new(fasthttp.Response), testHeaders()
	v := viewOf("GET", "/v1/items", browserBlock)
	b.ReportAllocs()
	for b.Loop() {
		resp.Reset()
		Prepare(req, v, h)
		if r := p.Forward(req, resp); r.Denial != "" {
			b.Fatal(r)
		}
	}
}

func BenchmarkBareHostClient(b *testing.B) {
	c := &fasthttp.HostClient{Addr: strings.TrimPrefix(benchUpstream(b), "http://")}
	req, resp := new(fasthttp.Request), new(fasthttp.Response)
	req.SetRequestURI("http://api.example/v1/items")
	for _, line := range strings.Split(browserBlock, "\r\n") {
		if name, value, ok := strings.Cut(line, ": "); ok && name != "Host" && name != "Connection" {
			req.Header.Set(name, value)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Do(req, resp); err != nil {
			b.Fatal(err)
		}
	}
}

func benchUpstream(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	serve := replayer("HTTP/1.1 200 OK\r\nServer: up\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n" +
		"Content-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(0, c, bufio.NewReader(c))
		}
	}()
	return "http://" + l.Addr().String()
}
