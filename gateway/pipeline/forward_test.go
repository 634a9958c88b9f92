package pipeline

import (
	"crypto/tls"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/models"
)

// echo answers with the body it got and notes the header.
func echo(into *http.Header) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		*into = r.Header.Clone()
		body, _ := io.ReadAll(r.Body)
		_, _ = rw.Write(body)
	}
}

func TestTheUpstreamIsToldWhatWasDecided(t *testing.T) {
	var h http.Header
	w := newWorld(t, func(s *settings) { s.upstream = echo(&h) })
	_, e := w.ask(shot{token: w.token("ada: %é"), fields: []string{
		"X-Riskgate-Subject: root", "X-Riskgate-Score: 0", "x-riskgate-extra: 1", "X-Riskgate-Issuer: mine", "X-Request-Id: mine",
		"Forwarded: for=8.8.8.8", "X-Real-IP: 8.8.8.8",
		"traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01",
	}})
	for name, want := range map[string]string{
		"X-Riskgate-Subject": "ada:%20%25%C3%A9", "X-Riskgate-Score": "9", "X-Riskgate-Level": "low", "X-Riskgate-Action": "allow",
		"X-Riskgate-Kind": "user", "X-Riskgate-Issuer": testIssuer, "X-Riskgate-Extra": "", "X-Real-Ip": "", "X-Forwarded-For": berlin, "X-Forwarded-Proto": "http",
		"X-Forwarded-Host": "api.example", "Forwarded": `for=192.0.2.10;proto=http;host="api.example"`,
		"X-Request-Id": string(appendUUID(nil, e.ID)),
	} {
		if got := strings.Join(h.Values(name), "|"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := h.Get("Traceparent"); !regexp.MustCompile(`^00-0123456789abcdef0123456789abcdef-[0-9a-f]{16}-00$`).MatchString(got) ||
		strings.Contains(got, "-0123456789abcdef-") {
		t.Errorf("traceparent %q, want the client's trace with a span of our own", got)
	}
	if string(e.TraceID) != "0123456789abcdef0123456789abcdef" {
		t.Errorf("event has trace %s", e.TraceID)
	}
}

func TestAnonymousRoute(t *testing.T) {
	var h http.Header
	w := newWorld(t, func(s *settings) { s.upstream, s.routes[0].Accept = echo(&h), authn.None })
	got, e := w.ask(shot{fields: []string{"X-Riskgate-Subject: root"}})
	if got.StatusCode != 200 || e.Subject != models.Anonymous || e.Credential != models.NoCredential || len(h.Values("X-Riskgate-Subject")) != 0 {
		t.Errorf("%d, subject %s by %s, upstream reads %v", got.StatusCode, e.Subject, e.Credential, h.Values("X-Riskgate-Subject"))
	}
	if h.Get("X-Riskgate-Score") == "" {
		t.Error("the upstream is not told the score")
	}
}

// What an upstream says about the gateway's own matters does not reach the client.
func TestTheUpstreamCannotSpeakForTheGateway(t *testing.T) {
	w := newWorld(t, func(s *settings) {
		s.hsts = true
		s.upstream = func(rw http.ResponseWriter, _ *http.Request) {
			for _, name := range []string{"X-Request-Id", "X-Riskgate-Score", "RateLimit", "RateLimit-Policy", "Strict-Transport-Security"} {
				rw.Header()[name] = []string{"one", "two"}
			}
			rw.Header()["Proxy-Status"] = []string{"riskgate; error=http_request_denied"}
			rw.Header()["X-Own"] = []string{"kept"}
		}
	})
	got, e := w.ask(shot{token: w.token("ada"), fields: []string{"X-Forwarded-Proto: https"}})
	h := got.Header
	for _, name := range []string{"X-Riskgate-Score", "Proxy-Status"} {
		if len(h.Values(name)) != 0 {
			t.Errorf("%s: %q", name, h.Values(name))
		}
	}
	for name, want := range map[string]string{
		"X-Request-Id": string(appendUUID(nil, e.ID)), "RateLimit-Policy": `"subject";q=40;w=2`, "RateLimit": `"subject";r=39;t=1`,
		"Strict-Transport-Security": "max-age=31536000", "X-Own": "kept",
	} {
		if got := strings.Join(h.Values(name), "|"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestHSTSOnlyOverTLS(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.hsts = true })
	for proto, want := range map[string]string{"http": "", "https": "max-age=31536000"} {
		for _, token := range []string{w.token("ada"), ""} {
			got := w.send(shot{token: token, fields: []string{"X-Forwarded-Proto: " + proto}})
			if h := got.Header.Get("Strict-Transport-Security"); h != want {
				t.Errorf("%s, %d: %q, want %q", proto, got.StatusCode, h, want)
			}
		}
	}
}

var deviceCookie = regexp.MustCompile(`^__Host-riskgate-device=([A-Za-z0-9_-]+); Max-Age=34560000; Path=/; Secure; HttpOnly; SameSite=Lax$`)

func TestDeviceCookie(t *testing.T) {
	w := newWorld(t)
	https := []string{"X-Forwarded-Proto: https"}
	if got, _ := w.ask(shot{token: w.token("carol")}); got.Header.Get("Set-Cookie") != "" {
		t.Errorf("over clear text: %s", got.Header.Get("Set-Cookie"))
	}
	got, _ := w.ask(shot{token: w.token("ada"), fields: https})
	m := deviceCookie.FindStringSubmatch(got.Header.Get("Set-Cookie"))
	if m == nil || len(got.Header.Values("Set-Cookie")) != 1 {
		t.Fatalf("over TLS: %q", got.Header.Values("Set-Cookie"))
	}
	w.advance(time.Minute)
	got, e := w.ask(shot{token: w.token("ada"), fields: append(https, "Cookie: a=b; __Host-riskgate-device="+m[1])})
	if status := e.Features.Values[models.TokenStatus]; status != models.TokenValid || got.Header.Get("Set-Cookie") != "" {
		t.Errorf("shown again: status %g, %q", status, got.Header.Get("Set-Cookie"))
	}
	_, e = w.ask(shot{token: w.token("eve"), fields: append(https, "Cookie: __Host-riskgate-device="+m[1])})
	if status := e.Features.Values[models.TokenStatus]; status != models.TokenForeign {
		t.Errorf("shown by somebody else: status %g", status)
	}
	w.advance(24 * time.Hour)
	if got, _ = w.ask(hot(w.token("bob"))); got.Header.Get("Set-Cookie") != "" {
		t.Errorf("after a refusal: %s", got.Header.Get("Set-Cookie"))
	}
}

func TestAnswersWithoutBody(t *testing.T) {
	w := newWorld(t, func(s *settings) {
		s.upstream = func(rw http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/v1/items/204":
				rw.WriteHeader(http.StatusNoContent)
			case "/v1/items/304":
				rw.Header().Set("ETag", `"x"`)
				rw.WriteHeader(http.StatusNotModified)
			default:
				_, _ = io.WriteString(rw, "four")
			}
		}
	})
	c := w.dial() // one connection: an answer of the wrong length would show in the next
	for _, x := range []struct {
		method, target, length string
		status                 int
	}{
		{"HEAD", "/v1/items/1", "4", 200}, {"GET", "/v1/items/204", "", 204}, {"GET", "/v1/items/304", "", 304}, {"GET", "/v1/items/1", "4", 200},
	} {
		s := shot{method: x.method, target: x.target, token: w.token("ada")}
		got := w.over(c, x.method, s.text())
		if e := w.decision(); got.StatusCode != x.status || got.Header.Get("Content-Length") != x.length || e.Status != x.status || e.BytesOut != int64(len(got.body)) {
			t.Errorf("%s %s: %d, length %q, event %d with %d bytes", x.method, x.target, got.StatusCode, got.Header.Get("Content-Length"), e.Status, e.BytesOut)
		}
	}
	s := shot{method: "HEAD", token: "a.b.c"}
	if got := w.over(c, "HEAD", s.text()); got.StatusCode != 401 || got.body != "" {
		t.Errorf("a refused HEAD: %d %q", got.StatusCode, got.body)
	}
	s = shot{token: w.token("ada")}
	if got := w.over(c, "GET", s.text()); got.body != "four" {
		t.Errorf("after a refused HEAD: %d %q", got.StatusCode, got.body)
	}
}

func TestUpload(t *testing.T) {
	var h http.Header
	w := newWorld(t, func(s *settings) { s.upstream, s.routes[0].MaxBody = echo(&h), 1<<20 })
	body := strings.Repeat("0123456789abcdef", 1<<16)
	got, e := w.ask(shot{method: "POST", token: w.token("ada"), body: body})
	if got.StatusCode != 200 || got.body != body || e.BytesIn != 1<<20 || e.BytesOut != 1<<20 {
		t.Errorf("%d, %d bytes back; event %d in, %d out", got.StatusCode, len(got.body), e.BytesIn, e.BytesOut)
	}
	got, e = w.ask(shot{method: "POST", token: w.token("ada"), body: body + "x"})
	checkProblem(t, got, models.BodyTooLarge)
	if e.Denial != models.BodyTooLarge || e.Status != 413 {
		t.Errorf("event of %q, %d", e.Denial, e.Status)
	}
	s := shot{method: "POST", token: w.token("ada"), fields: []string{"Transfer-Encoding: chunked"}}
	got = w.over(w.dial(), "POST", s.text()+"5\r\nhello\r\n0\r\n\r\n")
	if e = w.decision(); got.body != "hello" || e.BytesIn != 5 {
		t.Errorf("chunked: %q, event of %d bytes in", got.body, e.BytesIn)
	}
	got = w.over(w.dial(), "POST", s.text()+"100001\r\n"+body+"x\r\n0\r\n\r\n")
	checkProblem(t, got, models.BodyTooLarge)
}

// A stage that panics costs its own request and nothing else.
func TestAPanicGivesEverythingBack(t *testing.T) {
	w := newWorld(t)
	route := w.snap.router.find(nil, []byte("GET"), []byte("/v1/items/1"))
	pool := route.Pool
	route.Pool = nil
	if got := w.send(shot{token: w.token("ada")}); got.StatusCode != 500 || w.listener.Stats().Panics != 1 {
		t.Errorf("%d, %d panics", got.StatusCode, w.listener.Stats().Panics)
	}
	if n := w.snap.users.Load(); n != 1 {
		t.Errorf("%d users of the snapshot after a panic, want that of being current", n)
	}
	route.Pool = pool
	w.status(200, shot{token: w.token("bob")})
}

// At the end of a streamed body nobody else would recover.
func TestAPanicAtTheEndOfAStreamGivesTheSnapshotBack(t *testing.T) {
	w := newWorld(t)
	x := w.begin(nil, &models.Request{})
	func() {
		defer x.survive()
		panic("fault")
	}()
	if n := w.snap.users.Load(); n != 1 {
		t.Errorf("%d users of the snapshot after a panic, want that of being current", n)
	}
	if n := testutil.ToFloat64(w.Metrics.panics); n != 1 {
		t.Errorf("%v panics counted, want 1", n)
	}
}

func TestOverTLS(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.hsts, s.secure = true, true })
	c := tls.Client(w.dial(), &tls.Config{InsecureSkipVerify: true})
	got := w.over(c, "GET", shot{token: w.token("ada")}.text())
	e := w.decision()
	if got.StatusCode != 200 || got.Header.Get("Strict-Transport-Security") == "" || len(e.TLS.JA4) != 36 || e.TLS.Version != tls.VersionTLS13 {
		t.Errorf("%d %v, TLS %+v", got.StatusCode, got.Header, e.TLS)
	}
}
