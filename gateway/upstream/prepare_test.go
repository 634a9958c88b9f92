package upstream

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/models"
	"github.com/valyala/fasthttp"
)

// recorder is an upstream that hands over each request header as it came.
func recorder(t *testing.T) (*rawUpstream, <-chan string) {
	t.Helper()
	heads := make(chan string, 8)
	return startRaw(t, func(_ int, c net.Conn, br *bufio.Reader) {
		for {
			head, err := readRequestHead(br)
			if err != nil {
				return
			}
			heads <- head
			_, _ = io.WriteString(c, okAnswer)
		}
	}), heads
}

// sent forwards what Prepare makes of the block and returns the header received.
func sent(t *testing.T, change func(*PoolConfig), v *models.Request, h *Headers) string {
	t.Helper()
	up, heads := recorder(t)
	req := new(Request)
	Prepare(req, v, h)
	if r := testPool(t, change, up.url()).Forward(req, new(fasthttp.Response)); r.Denial != "" {
		t.Fatal(r)
	}
	return strings.ReplaceAll(<-heads, up.Addr().String(), "UPSTREAM")
}

// TestPrepareWritesTheWholeHeader shows every byte that an upstream gets.
func TestPrepareWritesTheWholeHeader(t *testing.T) {
	v := viewOf("GET", "/v1/orders/7?a=%2F", "Host: api.example\r\nAuthorization: Bearer T\r\naccept: */*\r\n"+
		"Cookie: a=1\r\nCookie: b=2\r\nX-Request-Id: forged\r\n"+
		"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\ntracestate: a=1\r\ntracestate: b=2\r\n")
	v.Client = netip.MustParseAddr("2001:db8::17")
	got := sent(t, nil, v, &Headers{
		Subject: []byte("https://idp.example|jane doe\r\nX-Evil: 1"), Score: []byte("37.5"),
		Kind: []byte("user"), Issuer: []byte("https://idp.example\r\n"),
		Level: []byte("high"), Action: []byte("monitor"), RequestID: []byte("0192-abc"),
		TraceID: []byte("0af7651916cd43dd8448eb211c80319c"), SpanID: []byte("00f067aa0ba902b7"),
	})
	want := strings.ReplaceAll(`GET /v1/orders/7?a=%2F HTTP/1.1
Host: UPSTREAM
accept: */*
Cookie: a=1
Cookie: b=2
X-Riskgate-Subject: https://idp.example|jane%20doe%0D%0AX-Evil:%201
X-Riskgate-Kind: user
X-Riskgate-Issuer: https://idp.example%0D%0A
X-Riskgate-Score: 37.5
X-Riskgate-Level: high
X-Riskgate-Action: monitor
X-Request-Id: 0192-abc
traceparent: 00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-00
tracestate: a=1
tracestate: b=2
Forwarded: for="[2001:db8::17]";proto=https;host="api.example"
X-Forwarded-For: 2001:db8::17
X-Forwarded-Proto: https
X-Forwarded-Host: api.example
Authorization: Bearer T

`, "\n", "\r\n")
	if got != want {
		t.Errorf("upstream got\n%s\nwant\n%s", got, want)
	}
}

// TestUserinfoNeverReplacesAuthorization sends what a plain proxy turns into
// Basic credentials, through a real server.
func TestUserinfoNeverReplacesAuthorization(t *testing.T) {
	up, heads := recorder(t)
	gate := startGateway(t, testPool(t, nil, up.url()), nil)
	for _, head := range []string{
		"GET / HTTP/1.1\r\nHost: admin:pw@internal\r\nAuthorization: Bearer T\r\n\r\n",
		"GET http://admin:pw@internal/x HTTP/1.1\r\nHost: internal\r\nAuthorization: Bearer T\r\n\r\n",
	} {
		c, err := net.Dial("tcp", strings.TrimPrefix(gate, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, head)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		c.Close()
		if resp.StatusCode == 400 {
			continue // fasthttp refused it
		}
		got := <-heads
		if strings.Contains(got, "Basic") || strings.Count(got, "Authorization: Bearer T\r\n") != 1 {
			t.Errorf("upstream got\n%s", got)
		}
		if !strings.HasSuffix(got, "Authorization: Bearer T\r\n\r\n") {
			t.Errorf("Authorization is not last:\n%s", got)
		}
	}
}

func TestPrepareForwardsTheTargetAsItIs(t *testing.T) {
	for _, target := range []string{"/", "/a/../admin", "/%2e%2e/admin", "/a%2fb", "//admin", "/a//b/./c", "/?", "/é?x=%zz", "/a?b=c#d"} {
		got := sent(t, nil, viewOf("GET", target, ""), new(Headers))
		if line, _, _ := strings.Cut(got, "\r\n"); line != "GET "+target+" HTTP/1.1" {
			t.Errorf("%q arrived as %q", target, line)
		}
	}
}

// TestPrepareDropsFields: none of these reaches the upstream as the client sent it.
func TestPrepareDropsFields(t *testing.T) {
	for _, field := range []string{
		"Connection: keep-alive", "Keep-Alive: 5", "Proxy-Authorization: Basic x", "Proxy-Connection: x",
		"TE: trailers", "Trailer: X", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQ", "Expect: 100-continue",
		"Transfer-Encoding: chunked", "Content-Length: 7",
		"X-Riskgate-Score: 0", "x-riskgate-anything: 0", "X-RISKGATE-SUBJECT: root",
		"X-Forwarded-For: 10.0.0.1", "X-Forwarded-User: root", "Forwarded: for=10.0.0.1", "X-Real-IP: 10.0.0.1",
		"X_User: root", "X_Forwarded_For: 10.0.0.1", "X-Original-URL: /admin", "X-HTTP-Method-Override: DELETE",
		"tracestate: a=1", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"X.Riskgate.Subject: root", "X~Real'IP: 10.0.0.1", "X!Forwarded|For: 10.0.0.1", // "_" to some CGI, as "-" is
		"Proxy: http://10.0.0.1", // HTTP_PROXY to CGI
		"X-Original-URI: /admin", "X-Original-Method: DELETE", "X-Envoy-Original-Path: /admin",
		"CF-Connecting-IP: 10.0.0.1", "Fastly-Client-IP: 10.0.0.1", "X-Azure-ClientIP: 10.0.0.1",
		"X-Envoy-External-Address: 10.0.0.1", "X-Originating-IP: 10.0.0.1", "X-Remote-Addr: 10.0.0.1",
		"Remote-User: root", "X-Remote-User: root",
	} {
		got := sent(t, nil, viewOf("GET", "/", field+"\r\nX-User: jane\r\n"), new(Headers))
		name, value, _ := strings.Cut(field, ": ")
		if strings.Contains(got, value+"\r\n") || strings.Contains(strings.ToLower(got), "\n"+strings.ToLower(name)+": "+value) {
			t.Errorf("%q arrived:\n%s", field, got)
		}
		if !strings.Contains(got, "X-User: jane\r\n") {
			t.Errorf("%q took X-User with it:\n%s", field, got)
		}
	}
}

// TestPrepareNominations: Connection removes its own kind, and nothing that says
// who is calling or what the body is.
func TestPrepareNominations(t *testing.T) {
	got := sent(t, nil, viewOf("GET", "/", "Connection: X-Forwarded-For, authorization,x-hop ,Cookie\r\nConnection: content-type, X-Riskgate-Score, host\r\n"+
		"Authorization: Bearer T\r\nCookie: a=1\r\nContent-Type: text/x\r\nX-Hop: 1\r\nX-App: 1\r\n"), &Headers{Score: []byte("9")})
	for _, kept := range []string{"Host: ", "Authorization: Bearer T", "Cookie: a=1", "Content-Type: text/x", "X-App: 1",
		"X-Forwarded-For: 203.0.113.9", "X-Riskgate-Score: 9"} {
		if !strings.Contains(got, kept) {
			t.Errorf("%q is missing:\n%s", kept, got)
		}
	}
	if strings.Contains(got, "X-Hop") || strings.Contains(got, "Connection") {
		t.Errorf("a hop-by-hop field arrived:\n%s", got)
	}
}

// Looking through a long list for each field would cost milliseconds: names
// beyond a bound nominate nothing, which harms nobody but their sender.
func TestNominationsAreBounded(t *testing.T) {
	for n, kept := range map[int]bool{maxNominees - 1: false, maxNominees: true, 7000: true} {
		list := strings.Repeat("a,", n) + "X-Hop"
		got := sent(t, nil, viewOf("GET", "/", "X-Hop: 1\r\nConnection: "+list+"\r\n"), new(Headers))
		if strings.Contains(got, "X-Hop: 1") != kept {
			t.Errorf("X-Hop after %d other names arrived: %v, want %v", n, !kept, kept)
		}
	}
}

func TestPrepareAddsNoDefaults(t *testing.T) {
	up, heads := recorder(t)
	req := prepared("POST", "/", "", []byte("x"))
	if r := testPool(t, nil, up.url()).Forward(req, new(fasthttp.Response)); r.Denial != "" {
		t.Fatal(r)
	}
	if got := <-heads; strings.Contains(got, "User-Agent") || strings.Contains(got, "Content-Type") {
		t.Errorf("upstream got\n%s", got)
	}
}

func TestPrepareFrames(t *testing.T) {
	for _, c := range []struct {
		method, body string
		want         int64 // -2: no Content-Length
	}{
		{"GET", "", -2}, {"DELETE", "", -2}, {"POST", "", 0}, {"PUT", "", 0}, {"PATCH", "", 0},
		{"POST", "abc", 3}, {"GET", "abc", 3},
	} {
		req := prepared(c.method, "/", "", []byte(c.body))
		if got := req.length; got != c.want {
			t.Errorf("%s with %q: Content-Length %d, want %d", c.method, c.body, got, c.want)
		}
	}
}

func TestHostField(t *testing.T) {
	for _, c := range []struct {
		change func(*PoolConfig)
		want   string
	}{
		{nil, "UPSTREAM"},
		{func(c *PoolConfig) { c.Host = "orders.internal:8443" }, "orders.internal:8443"},
		{func(c *PoolConfig) { c.PreserveHost = true }, "api.example"},
	} {
		got := sent(t, c.change, viewOf("GET", "/", "Host: evil\r\n"), new(Headers))
		if !strings.Contains(got, "\r\nHost: "+c.want+"\r\n") || strings.Count(got, "Host: ") != 2 {
			t.Errorf("want Host %s once beside X-Forwarded-Host:\n%s", c.want, got)
		}
	}
}

func TestHeadersReset(t *testing.T) {
	h := testHeaders()
	h.Reset()
	v := viewOf("GET", "/", "")
	v.Client, v.Secure = netip.MustParseAddr("::ffff:203.0.113.9"), false
	got := sent(t, nil, v, h)
	if strings.Contains(got, "Riskgate") || strings.Contains(got, "traceparent") || strings.Contains(got, "X-Request-Id") {
		t.Errorf("left over from the request before:\n%s", got)
	}
	if !strings.Contains(got, "Forwarded: for=203.0.113.9;proto=http;") {
		t.Errorf("a mapped IPv4 client in clear text:\n%s", got)
	}
}

func TestTraceID(t *testing.T) {
	const trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for value, ok := range map[string]bool{
		"00-" + trace + "-" + span + "-01":                    true,
		"00-" + trace + "-" + span + "-00":                    true,
		"cc-" + trace + "-" + span + "-01-later":              true,
		"cc-" + trace + "-" + span + "-01.later":              false,
		"00-" + trace + "-" + span + "-01-more":               false,
		"ff-" + trace + "-" + span + "-01":                    false,
		"00-" + strings.ToUpper(trace) + "-" + span + "-01":   false,
		"00-" + strings.Repeat("0", 32) + "-" + span + "-01":  false,
		"00-" + trace + "-" + strings.Repeat("0", 16) + "-01": false,
		"00-" + trace + "-" + span + "-0":                     false,
		"00-" + trace + "-" + span + "-0g":                    false,
		"":                                                    false,
	} {
		got := string(TraceID(viewOf("GET", "/", "traceparent: "+value+"\r\n")))
		if (got == trace) != ok || !ok && got != "" {
			t.Errorf("TraceID(%q) = %q, want valid %v", value, got, ok)
		}
	}
	twice := strings.Repeat("traceparent: 00-"+trace+"-"+span+"-01\r\n", 2)
	if got := TraceID(viewOf("GET", "/", twice)); got != nil {
		t.Errorf("two traceparents give %s", got)
	}
}

// FuzzPrepare: whatever the client says, the header that leaves is one that
// net/http reads as we meant it, with our fields once and with our values.
func FuzzPrepare(f *testing.F) {
	f.Add("Connection: close, x-forwarded-for\r\nX-Riskgate-Score: 0\r\n", []byte("jane\r\nA: b"))
	f.Add("X-Forwarded-For : 1\r\nForwarded: a\r\n\r\n", []byte(""))
	f.Add("authorization: a\r\nAuthorization: b\r\nContent-Length: 4\r\n", []byte("%41"))
	f.Fuzz(func(t *testing.T, block string, subject []byte) {
		if strings.Count(block, "\r\n") > models.MaxFields-2 {
			return
		}
		v := viewOf("GET", "/x", block)
		for i := range v.NumFields {
			if !isToken(v.Name(i)) || len(v.Name(i)) == 0 || !validValue(v.Value(i)) {
				return // the listener refuses it
			}
		}
		req := new(Request)
		Prepare(req, v, &Headers{Subject: subject, Score: []byte("50")})
		wire := append(req.AppendHead(nil, ""), "GET / HTTP/1.1\r\nHost: next\r\n\r\n"...)
		br := bufio.NewReader(bytes.NewReader(wire))
		got, err := http.ReadRequest(br)
		if err != nil {
			t.Fatalf("net/http refuses\n%q: %v", wire, err)
		}
		want := map[string]string{"X-Riskgate-Score": "50", "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
		for name, value := range want {
			if vs := got.Header.Values(name); len(vs) != 1 || vs[0] != value {
				t.Errorf("%s: %q, want %q once\n%q", name, vs, value, wire)
			}
		}
		if vs := got.Header.Values("X-Riskgate-Subject"); len(vs) > 1 || (len(vs) == 1) != (len(subject) > 0) {
			t.Errorf("X-Riskgate-Subject: %q for %q", vs, subject)
		}
		if next, err := http.ReadRequest(br); err != nil || next.Host != "next" {
			t.Errorf("the request ends elsewhere:\n%q", wire)
		}
	})
}

// TestPrepareRefusesLinesInValues: the listener lets none through, and neither
// does this.
func TestPrepareRefusesLinesInValues(t *testing.T) {
	for _, end := range []string{"\r\n", "\n", "\r"} {
		for _, v := range []*models.Request{
			viewOf("GET", "/"+end+"x", ""),
			viewOf("GET"+end, "/", ""),
		} {
			if d := Prepare(new(Request), v, new(Headers)); d != models.MalformedRequest {
				t.Errorf("line %q: %q", v.Target, d)
			}
		}
		h := testHeaders()
		h.Score = []byte("1" + end + "A: b")
		if d := Prepare(new(Request), viewOf("GET", "/", ""), h); d != models.MalformedRequest {
			t.Errorf("%q in a value: %q, want %s", end, d, models.MalformedRequest)
		}
		v := viewOf("GET", "/", "")
		v.Host = []byte("a" + end)
		if d := Prepare(new(Request), v, new(Headers)); d != models.MalformedRequest {
			t.Errorf("%q in the host: %q, want %s", end, d, models.MalformedRequest)
		}
	}
	if d := Prepare(new(Request), viewOf("GET", "/", browserBlock), testHeaders()); d != "" {
		t.Errorf("an ordinary request: %s", d)
	}
}
