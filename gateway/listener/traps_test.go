package listener

import (
	"net"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// second follows every trap on the same connection. It must not be handled
// after a refusal.
const second = "GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

func TestTrapsAreRefused(t *testing.T) {
	u := newUpstream(t)
	l := start(t, &forwarder{to: u.Addr().String()}, nil)
	get := func(lines ...string) string {
		return "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
	}
	post := func(body string, lines ...string) string {
		return "POST / HTTP/1.1\r\nHost: x\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n" + body
	}
	target := func(target string) string { return "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n" }
	host := func(host string) string { return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n" }
	for _, f := range []struct {
		what, raw string
		want      models.Denial
	}{
		// 1: credentials in the authority
		{"userinfo in Host", "GET / HTTP/1.1\r\nHost: admin:pw@internal\r\nAuthorization: Bearer T\r\n\r\n", models.BadAuthority},
		{"userinfo in the target", "GET http://admin:pw@x/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer T\r\n\r\n", models.BadAuthority},
		{"userinfo in both", "GET http://a@x/ HTTP/1.1\r\nHost: a@x\r\n\r\n", models.BadAuthority},
		{"target unlike Host", "GET http://evil/ HTTP/1.1\r\nHost: x\r\n\r\n", models.BadAuthority},
		// 2: versions and names
		{"HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", models.UnsupportedVersion},
		{"HTTP/1.9", "GET / HTTP/1.9\r\nHost: x\r\n\r\n", models.UnsupportedVersion},
		{"HTTP/2.0", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", models.UnsupportedVersion},
		{"HTTP/0.9", "GET / HTTP/0.9\r\nHost: x\r\n\r\n", models.UnsupportedVersion},
		{"the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", models.UnsupportedVersion},
		{"no version", "GET /\r\nHost: x\r\n\r\n", models.MalformedRequest},
		{"space inside a name", get("A B: x"), models.BadFieldName},
		{"space before the colon", get("A : x"), models.MalformedRequest},
		{"no colon", get("AB"), models.MalformedRequest},
		{"empty name", get(": x"), models.MalformedRequest},
		// 3: two framings
		{"length and coding", post("5\r\nhello\r\n0\r\n\r\n", "Content-Length: 5", "Transfer-Encoding: chunked"), models.AmbiguousFraming},
		{"coding and length", post("0\r\n\r\n", "Transfer-Encoding: chunked", "Content-Length: 5"), models.AmbiguousFraming},
		{"CHUNKED and length", post("0\r\n\r\n", "Transfer-Encoding: CHUNKED", "Content-Length: 5"), models.AmbiguousFraming},
		{"chunked, tab, and length", post("0\r\n\r\n", "Transfer-Encoding: chunked\t", "Content-Length: 5"), models.AmbiguousFraming},
		{"identity and length", post("hello", "Transfer-Encoding: identity", "Content-Length: 5"), models.AmbiguousFraming},
		{"identity", post("", "Transfer-Encoding: identity"), models.AmbiguousFraming},
		{"folded coding", post("0\r\n\r\n", "Transfer-Encoding:", " chunked", "Content-Length: 5"), models.FoldedHeader},
		{"bare LF between lines", "POST / HTTP/1.1\r\nHost: x\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", models.MalformedRequest},
		{"bare LFs end the block", "GET / HTTP/1.1\r\nHost: x\n\nX: y\r\n\r\n", models.MalformedRequest},
		{"xchunked", post("0\r\n\r\n", "Transfer-Encoding: xchunked"), models.AmbiguousFraming},
		{"gzip, chunked", post("0\r\n\r\n", "Transfer-Encoding: gzip, chunked"), models.AmbiguousFraming},
		{"two codings", post("0\r\n\r\n", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), models.AmbiguousFraming},
		{"coding in HTTP/1.0", "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", models.AmbiguousFraming},
		{"two lengths", post("hello", "Content-Length: 5", "Content-Length: 5"), models.AmbiguousFraming},
		// 4: lengths and folds
		{"obs-fold", get("A: b", " c"), models.FoldedHeader},
		{"obs-fold by tab", get("A: b", "\tc"), models.FoldedHeader},
		{"fold before the first name", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", models.MalformedRequest},
		{"leading zero", post("12345678", "Content-Length: 010"), models.AmbiguousFraming},
		{"plus sign", post("hello", "Content-Length: +5"), models.MalformedRequest},
		{"list of lengths", post("hello", "Content-Length: 5, 5"), models.MalformedRequest},
		{"NUL in a value", get("A: b\x00c"), models.MalformedRequest},
		{"CR in a value", get("A: b\rc"), models.MalformedRequest},
		// 5: paths
		{"encoded slash", target("/a%2fb"), models.EncodedPath},
		{"encoded slash and dots", target("/a%2f..%2fadmin"), models.EncodedPath},
		{"encoded dots", target("/%2e%2e/admin"), models.EncodedPath},
		{"half encoded dots", target("/a/.%2E/admin"), models.EncodedPath},
		{"encoded dot", target("/%2e/admin"), models.EncodedPath},
		{"dots with a parameter", target("/public/..;/admin"), models.EncodedPath},
		{"dots with an encoded parameter", target("/public/..%3bx/admin"), models.EncodedPath},
		{"backslash", target(`/a\..\admin`), models.EncodedPath},
		{"encoded backslash", target("/a%5c..%5cadmin"), models.EncodedPath},
		{"encoded NUL", target("/a%00.png"), models.EncodedPath},
		{"encoded CRLF", target("/a%0d%0aX:%20y"), models.EncodedPath},
		{"overlong slash", target("/a%c0%afadmin"), models.EncodedPath},
		{"broken escape", target("/a%zz"), models.BadTarget},
		{"short escape", target("/a%2"), models.BadTarget},
		{"fragment", target("/a#b"), models.BadTarget},
		{"fragment in the query", target("/a?b#c"), models.BadTarget},
		{"asterisk", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", models.BadTarget},
		{"other scheme", target("ftp://x/"), models.BadTarget},
		{"relative", target("a/b"), models.MalformedRequest},
		// 7: expectations
		{"another expectation", post("", "Content-Length: 5", "Expect: 200-maybe"), models.UnknownExpectation},
		{"two expectations", post("", "Content-Length: 5", "Expect: 100-continue", "Expect: x"), models.UnknownExpectation},
		// hosts and methods
		{"no Host", "GET / HTTP/1.1\r\nA: b\r\n\r\n", models.MalformedRequest},
		{"no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", models.BadAuthority},
		{"two Hosts", get("Host: y"), models.MalformedRequest},
		{"empty port", host("x:"), models.BadAuthority},
		{"port 0", host("x:0"), models.BadAuthority},
		{"port 65536", host("x:65536"), models.BadAuthority},
		{"port name", host("x:http"), models.BadAuthority},
		{"space in Host", host("x y"), models.BadAuthority},
		{"slash in Host", host("x/y"), models.BadAuthority},
		{"two colons", host("x:1:2"), models.BadAuthority},
		{"broken IPv6", host("[::1"), models.BadAuthority},
		{"IPv6 zone", host("[fe80::1%25eth0]"), models.BadAuthority},
		{"CONNECT", "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", models.MethodNotSupported},
		{"TRACE", "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", models.MethodNotSupported},
		{"trace", "trace / HTTP/1.1\r\nHost: x\r\n\r\n", models.MethodNotSupported},
		// sizes
		{"65 fields", get(strings.TrimSuffix(strings.Repeat("A: b\r\n", 64), "\r\n")), models.TooManyFields},
		{"long header", get("A: " + strings.Repeat("b", 17<<10)), models.HeaderTooLarge},
		{"long target", target("/" + strings.Repeat("b", 17<<10)), models.HeaderTooLarge},
		{"large body, told", post("x", "Content-Length: 4194305"), models.BodyTooLarge},
		{"large body, told, not sent", post("", "Content-Length: 4194305"), models.BodyTooLarge},
		{"large body, expected", post("", "Content-Length: 4194305", "Expect: 100-continue"), models.BodyTooLarge},
	} {
		answer := talk(t, l, f.raw+second)
		if got := strings.Count(answer, "HTTP/1.1 "); got != 1 {
			t.Errorf("%s: %d answers, want one: %q", f.what, got, answer)
		}
		status, _, _ := strings.Cut(strings.TrimPrefix(answer, "HTTP/1.1 "), " ")
		if !strings.HasSuffix(answer, "\r\n\r\n"+string(f.want)) || f.want.Status() != atoi(status) {
			t.Errorf("%s: want %s, got %q", f.what, f.want, answer)
		}
		if !strings.Contains(answer, "Connection: close\r\n") {
			t.Errorf("%s: the answer does not announce the close: %q", f.what, answer)
		}
		if sent := u.take(); len(sent) > 0 {
			t.Errorf("%s: the upstream received %q", f.what, sent)
		}
	}
	if n := l.Stats().Panics; n != 0 {
		t.Errorf("%d panics", n)
	}
}

func atoi(s string) (n int) {
	for _, c := range s {
		n = n*10 + int(c-'0')
	}
	return n
}

func TestWhatTheUpstreamReceives(t *testing.T) {
	u := newUpstream(t)
	var faults models.Fault
	l := start(t, &forwarder{to: u.Addr().String(), seen: func(r *models.Request) { faults = r.Faults }}, nil)
	get := func(target string) string {
		return "GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	}
	out := func(target string) string { return "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n" }
	for _, f := range []struct {
		what, raw, want string
		faults          models.Fault
	}{
		{"a plain request", get("/a"), out("/a"), 0},
		{"dot segments", get("/a/../admin"), out("/admin"), models.DotSegment},
		{"dot segments above the root", get("/../../a/./b/.."), out("/a/"), models.DotSegment},
		{"two slashes", get("//admin//x"), out("/admin/x"), models.DoubleSlash},
		{"an unreserved escape", get("/%61dmin%2epng"), out("/admin.png"), 0},
		{"other escapes", get("/a%20b%3fc%23%25d"), out("/a%20b%3Fc%23%25d"), 0},
		{"UTF-8", get("/caf%c3%a9"), out("/caf%C3%A9"), 0},
		{"bytes above 127", get("/caf\xc3\xa9"), out("/caf%C3%A9"), models.NonASCIIPath},
		{"a raw query", get("/a?b=%2F..%2f&c=d"), out("/a?b=%2F..%2f&c=d"), 0},
		{"a control in the query", get("/a?b=%0a"), out("/a?b=%0a"), models.ControlInQuery},
		{"a repeated parameter", get("/a?b=1&%62=2"), out("/a?b=1&%62=2"), models.RepeatedParameter},
		{"a repeated parameter in front", get("/a?b&b&c=1"), out("/a?b&b&c=1"), models.RepeatedParameter},
		{"a repeated value", get("/a?b=1&c=1&=&&="), out("/a?b=1&c=1&=&&="), 0},
		{"no query after all", get("/a?"), out("/a"), 0},
		{"absolute form", "GET HTTP://X:80?q HTTP/1.1\r\nhost: x:80\r\nConnection: Close\r\n\r\n",
			"GET /?q HTTP/1.1\r\nHost: x:80\r\n\r\n", 0},
		{"HTTP/1.0", "GET /a HTTP/1.0\r\nHost: x\r\n\r\n", out("/a"), 0},
		{"empty lines first", "\r\n\n" + get("/a"), out("/a"), 0},
		{"an underscore", "GET / HTTP/1.1\r\nHost: x\r\nX_User: evil\r\nX-User: bob\r\nConnection: close\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: x\r\nX-User: bob\r\n\r\n", models.UnderscoreField},
		{"no defaults added", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
			"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 0},
		{"an upgrade", "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nConnection: close, Upgrade, HTTP2-Settings\r\n\r\n",
			out("/"), models.UpgradeStripped},
		{"the caller's Authorization", "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer T\r\nConnection: close, Authorization\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer T\r\n\r\n", 0},
		{"chunks made anew", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\nTE: gzip\r\nTrailer: X\r\nConnection: close\r\n\r\n" +
			"5 \r\nhello\r\n1;ext=y\r\n!\r\n0\r\nX-User: admin\r\n\r\n",
			"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nhello!", 0},
		{"GET with a body", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
			"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", models.BodyOnGet},
		{"X-Forwarded-For of a stranger", "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\nConnection: close\r\n\r\n",
			out("/"), 0},
		{"an expectation in HTTP/1.0", "POST / HTTP/1.0\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
			"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 0},
		{"an expectation without a body", "GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n", out("/"), 0},
	} {
		faults = 0
		answer := talk(t, l, f.raw)
		if !strings.HasSuffix(answer, "\r\n\r\nok") || strings.Count(answer, "HTTP/1.1 ") != 1 {
			t.Errorf("%s: answered %q", f.what, answer)
		}
		if got := u.take(); len(got) != 1 || got[0] != f.want {
			t.Errorf("%s: the upstream received %q, want %q", f.what, got, f.want)
		}
		if faults != f.faults {
			t.Errorf("%s: faults %b, want %b", f.what, faults, f.faults)
		}
	}
}

func TestExpectationIsMetBeforeTheBody(t *testing.T) {
	u := newUpstream(t)
	l := start(t, &forwarder{to: u.Addr().String()}, nil)
	for _, spelling := range []string{"100-continue", "100-Continue"} {
		c := dial(t, l)
		send(t, c, "POST / HTTP/1.1\r\nHost: x\r\nExpect: "+spelling+"\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
		expectPrefix(t, c, "HTTP/1.1 100 Continue\r\n\r\n")
		send(t, c, "hello")
		expectPrefix(t, c, "HTTP/1.1 200 OK\r\n")
	}
	if got := u.take(); len(got) != 2 || !strings.HasSuffix(got[0], "\r\n\r\nhello") {
		t.Errorf("the upstream received %q", got)
	}
}

func send(t testing.TB, c net.Conn, raw string) {
	t.Helper()
	if _, err := c.Write([]byte(raw)); err != nil {
		t.Fatal(err)
	}
}

func expectPrefix(t testing.TB, c net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	for n := 0; n < len(got); {
		m, err := c.Read(got[n:])
		if n += m; err != nil {
			t.Fatalf("got %q, %v; want %q", got[:n], err, want)
		}
	}
	if string(got) != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}
