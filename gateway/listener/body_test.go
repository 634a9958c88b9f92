package listener

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
)

// handlerFunc is a handler for requests that are not refused; the others are
// answered with their denial.
type handlerFunc func(ctx *fasthttp.RequestCtx, view *models.Request)

func (f handlerFunc) Serve(ctx *fasthttp.RequestCtx, view *models.Request, refusal models.Denial) {
	if refusal != "" {
		ctx.SetStatusCode(refusal.Status())
		ctx.SetBodyString(string(refusal))
		return
	}
	f(ctx, view)
}

// reportBody answers with what reading the body came to.
func reportBody(ctx *fasthttp.RequestCtx, _ *models.Request) {
	payload, err := BodyOf(ctx).AppendTo(nil)
	fmt.Fprintf(ctx, "%d bytes, %q, %v", len(payload), BodyOf(ctx).Denial(), err)
}

func chunks(size, n int) string {
	return strings.Repeat(fmt.Sprintf("%x\r\n%s\r\n", size, strings.Repeat("a", size)), n)
}

func TestBodyIsBounded(t *testing.T) {
	l := start(t, handlerFunc(reportBody), func(c *Config) { c.MaxBody = 20000 })
	head := "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	chunked := head + "Transfer-Encoding: chunked\r\n\r\n"
	for _, f := range []struct{ what, raw, want string }{
		{"no body", head + "\r\n", `0 bytes, "", <nil>`},
		{"empty", head + "Content-Length: 0\r\n\r\n", `0 bytes, "", <nil>`},
		{"small", head + "Content-Length: 5\r\n\r\nhello", `5 bytes, "", <nil>`},
		{"at the limit", head + "Content-Length: 20000\r\n\r\n" + strings.Repeat("a", 20000), `20000 bytes, "", <nil>`},
		{"chunked, at the limit", chunked + chunks(1000, 20) + "0\r\n\r\n", `20000 bytes, "", <nil>`},
		{"chunked, above it", chunked + chunks(1000, 20) + "1\r\na\r\n0\r\n\r\n", `20000 bytes, "body_too_large", ` + ErrBodyTooLarge.Error()},
		{"one huge chunk", chunked + chunks(30000, 1) + "0\r\n\r\n", `20000 bytes, "body_too_large", ` + ErrBodyTooLarge.Error()},
		{"all in chunks of a byte", chunked + chunks(1, 20000) + "0\r\n\r\n", `20000 bytes, "", <nil>`},
		{"a chunk extension without end", chunked + "1;" + strings.Repeat("a", 1<<20), `0 bytes, "body_too_large", ` + ErrBodyTooLarge.Error()},
		{"a chunk size that overflows", chunked + "ffffffffffffffffff\r\n", `0 bytes, "malformed_request", ` + ErrBodyBroken.Error()},
		{"a negative chunk size", chunked + "-1\r\na\r\n0\r\n\r\n", `0 bytes, "malformed_request", ` + ErrBodyBroken.Error()},
		{"LF after a chunk size", chunked + "1\na\r\n0\r\n\r\n", `0 bytes, "malformed_request", ` + ErrBodyBroken.Error()},
		{"a chunk longer than told", chunked + "1\r\nab\r\n0\r\n\r\n", `1 bytes, "malformed_request", ` + ErrBodyBroken.Error()},
		{"a forbidden trailer", chunked + "1\r\na\r\n0\r\nAuthorization: Bearer T\r\n\r\n", `1 bytes, "malformed_request", ` + ErrBodyBroken.Error()},
	} {
		if answer := talk(t, l, f.raw); !strings.HasSuffix(answer, "\r\n\r\n"+f.want) {
			t.Errorf("%s: want %s, got %q", f.what, f.want, answer)
		}
	}
}

// The stream of fasthttp reports the end of the connection as the end of the
// body.
func TestBodyBrokenOffIsNoBody(t *testing.T) {
	l := start(t, handlerFunc(reportBody), nil)
	head := "POST / HTTP/1.1\r\nHost: x\r\n"
	for _, f := range []struct{ what, raw, want string }{
		{"before the first chunk", head + "Transfer-Encoding: chunked\r\n\r\n", "0 bytes"},
		{"between chunks", head + "Transfer-Encoding: chunked\r\n\r\n" + chunks(5, 2), "10 bytes"},
		{"within a chunk", head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhe", "2 bytes"},
		{"before the last line", head + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "0 bytes"},
		{"of known length", head + "Content-Length: 20000\r\n\r\n" + strings.Repeat("a", 15000), "15000 bytes"},
	} {
		c := dial(t, l)
		send(t, c, f.raw)
		c.(interface{ CloseWrite() error }).CloseWrite()
		answer, _ := io.ReadAll(c)
		if want := f.want + `, "malformed_request", ` + ErrBodyBroken.Error(); !strings.HasSuffix(string(answer), want) {
			t.Errorf("%s: want %s, got %q", f.what, want, answer)
		}
	}
}

func TestLimitBodyLowersTheLimit(t *testing.T) {
	l := start(t, handlerFunc(func(ctx *fasthttp.RequestCtx, view *models.Request) {
		if LimitBody(ctx, 10) != "" {
			ctx.WriteString("told")
			return
		}
		LimitBody(ctx, 1<<40)
		reportBody(ctx, view)
	}), nil)
	head := "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	for _, f := range []struct{ what, raw, want string }{
		{"within", head + "Content-Length: 10\r\n\r\n0123456789", `10 bytes, "", <nil>`},
		{"above, told", head + "Content-Length: 11\r\n\r\n01234567890", "told"},
		{"above, chunked", head + "Transfer-Encoding: chunked\r\n\r\n" + chunks(6, 2) + "0\r\n\r\n", `10 bytes, "body_too_large", ` + ErrBodyTooLarge.Error()},
	} {
		if answer := talk(t, l, f.raw); !strings.HasSuffix(answer, "\r\n\r\n"+f.want) {
			t.Errorf("%s: want %s, got %q", f.what, f.want, answer)
		}
	}
}

// What a handler leaves unread must not become a request.
func TestUnreadBodyIsNeverARequest(t *testing.T) {
	var handled []string
	l := start(t, handlerFunc(func(_ *fasthttp.RequestCtx, view *models.Request) {
		handled = append(handled, string(view.Path))
	}), nil)
	for _, f := range []struct {
		what, raw string
		want      string
	}{
		{"small: read ahead", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" + second, "/a /second"},
		{"as much as is read ahead", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 8192\r\n\r\n" + strings.Repeat("a", 8192) + second, "/a /second"},
		{"larger", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 8240\r\n\r\n" + strings.Repeat("a", 8192) + second[:48] + second, "/a"},
		{"chunked", "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + second, "/a"},
	} {
		handled = nil
		talk(t, l, f.raw)
		if got := strings.Join(handled, " "); got != f.want {
			t.Errorf("%s: handled %s, want %s", f.what, got, f.want)
		}
	}
}

func TestReadBodyIsFollowedByTheNextRequest(t *testing.T) {
	l := start(t, handlerFunc(reportBody), nil)
	answer := talk(t, l, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n"+strings.Repeat("a", 9000)+
		"POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"+chunks(3, 3)+"0\r\n\r\n"+second)
	if strings.Count(answer, "HTTP/1.1 200") != 3 || !strings.Contains(answer, "9000 bytes") || !strings.Contains(answer, "9 bytes") {
		t.Errorf("got %q", answer)
	}
}

// A reader in another goroutine that outlives the handler is stopped.
func TestBodyReadTooLate(t *testing.T) {
	begun, result := make(chan struct{}), make(chan error, 2)
	l := start(t, handlerFunc(func(ctx *fasthttp.RequestCtx, _ *models.Request) {
		b := BodyOf(ctx)
		go func() {
			p := make([]byte, 10)
			_, err := b.Read(p)
			result <- err
			close(begun)
			for err == nil || errors.Is(err, ErrBodyTimeout) {
				if _, err = b.Read(p); errors.Is(err, ErrBodyTimeout) {
					break
				}
			}
			_, err = b.Read(p)
			result <- err
		}()
		<-begun
	}), nil)
	c := dial(t, l)
	send(t, c, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"+chunks(3, 1))
	answer, _ := io.ReadAll(c)
	if !strings.Contains(string(answer), "200 OK") || !strings.Contains(string(answer), "Connection: close") {
		t.Errorf("got %q", answer)
	}
	if err := <-result; err != nil {
		t.Errorf("the first read failed: %v", err)
	}
	if err := <-result; err == nil {
		t.Error("the body could be read after the handler returned")
	}
}

// Each of these clients stops in the middle, and the connection ends by itself.
func TestSlowClientsAreCutOff(t *testing.T) {
	const short = 250 * time.Millisecond
	l := start(t, handlerFunc(reportBody), func(c *Config) {
		c.HeaderTimeout, c.ReadTimeout, c.IdleTimeout = short, short, short
	})
	post := "POST / HTTP/1.1\r\nHost: x\r\n"
	for _, f := range []struct{ what, raw, want string }{
		{"nothing sent", "", ""},
		{"half a request line", "GET /", "body_timeout"},
		{"half a header", "GET / HTTP/1.1\r\nHost: x\r\nA", "body_timeout"},
		{"no body", post + "Content-Length: 5\r\n\r\n", "body_timeout"},
		{"half a body", post + "Content-Length: 5\r\n\r\nhe", "body_timeout"},
		{"half a large body", post + "Content-Length: 50000\r\n\r\n" + strings.Repeat("a", 20000), `20000 bytes, "body_timeout", ` + ErrBodyTimeout.Error()},
		{"no chunk", post + "Transfer-Encoding: chunked\r\n\r\n", `0 bytes, "body_timeout", ` + ErrBodyTimeout.Error()},
		{"half a chunk", post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhe", `2 bytes, "body_timeout", ` + ErrBodyTimeout.Error()},
		{"half a chunk size", post + "Transfer-Encoding: chunked\r\n\r\n5", `0 bytes, "body_timeout", ` + ErrBodyTimeout.Error()},
		{"no last line", post + "Transfer-Encoding: chunked\r\n\r\n0\r\n", `0 bytes, "body_timeout", ` + ErrBodyTimeout.Error()},
		{"idle after a request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", `0 bytes, "", <nil>`},
	} {
		t.Run(f.what, func(t *testing.T) {
			t.Parallel()
			if answer := talk(t, l, f.raw); !strings.HasSuffix(answer, f.want) || f.want == "" && answer != "" {
				t.Errorf("want %q, got %q", f.want, answer)
			}
		})
	}
}

func TestSlowHandshakesAreCutOff(t *testing.T) {
	l, _ := startTLS(t, sayOK)
	cfg := l.start
	cfg.HeaderTimeout = 50 * time.Millisecond
	if err := l.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{"", "\x16\x03\x01\x02\x00\x01\x00"} {
		if answer := talk(t, l, raw); strings.Contains(answer, "HTTP") {
			t.Errorf("after %q: got %q", raw, answer)
		}
	}
	settle(t, l, 0)
}

func TestClientsThatDoNotReadAreCutOff(t *testing.T) {
	l := start(t, handlerFunc(func(ctx *fasthttp.RequestCtx, _ *models.Request) {
		ctx.SetBodyStream(endless{}, -1)
	}), func(c *Config) { c.WriteTimeout = 50 * time.Millisecond })
	send(t, dial(t, l), keepAlive)
	arrive(t, l, 1)
	settle(t, l, 0)
}

// endless is a stream without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestPatienceShrinksWithWaiting(t *testing.T) {
	b := Body{set: &settings{Config: Config{ReadTimeout: 10 * time.Second, MinBodyRate: 1024}}}
	for _, f := range []struct {
		what   string
		count  int64
		waited time.Duration
		want   time.Duration
	}{
		{"at first", 0, 0, 10 * time.Second},
		{"after a silent wait", 0, 4 * time.Second, 6 * time.Second},
		{"a fast client", 1 << 20, 4 * time.Second, 10 * time.Second},
		{"a drip", 20, 15 * time.Second, -5*time.Second + 20*time.Second/1024},
	} {
		b.count, b.waited = f.count, f.waited
		if got := b.patience(); got != f.want {
			t.Errorf("%s: %v, want %v", f.what, got, f.want)
		}
	}
	b.set.MinBodyRate = 0
	if got := b.patience(); got != 10*time.Second {
		t.Errorf("without a rate: %v, want 10s", got)
	}
}

func TestBodyTimeoutIsATimeout(t *testing.T) {
	if !errors.Is(ErrBodyTimeout, os.ErrDeadlineExceeded) {
		t.Error("a caller that looks for timeouts would miss it")
	}
}
