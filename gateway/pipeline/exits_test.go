package pipeline

import (
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/models"
)

// exit is a request and the one reason for which it is refused.
type exit struct {
	denial models.Denial
	shot   shot
	raw    string // instead of shot
}

// checkProblem checks everything that a client may learn from a refusal.
func checkProblem(t *testing.T, got reply, denial models.Denial) {
	t.Helper()
	h := got.Header
	if got.StatusCode != denial.Status() || h.Get("Content-Type") != "application/problem+json" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: status %d, want %d; %v", denial, got.StatusCode, denial.Status(), h)
	}
	var problem map[string]any
	if err := json.Unmarshal([]byte(got.body), &problem); err != nil {
		t.Fatalf("%s: %v: %q", denial, err, got.body)
	}
	members := slices.Sorted(maps.Keys(problem))
	if want := []string{"detail", "request_id", "status", "title", "type"}; !slices.Equal(members, want) {
		t.Errorf("%s: members %v, want %v", denial, members, want)
	}
	if problem["status"] != float64(got.StatusCode) || problem["title"] != http.StatusText(got.StatusCode) {
		t.Errorf("%s: %s", denial, got.body)
	}
	if detail := problem["detail"].(string); regexp.MustCompile(`(?i)score|risk|signal|device|network|[2-9]\d`).MatchString(detail) {
		t.Errorf("%s: the detail gives something away: %s", denial, detail)
	}
	if id := h.Get("X-Request-Id"); id == "" || id != problem["request_id"] || len(h.Values("X-Request-Id")) != 1 {
		t.Errorf("%s: X-Request-Id %v, request_id %v", denial, h.Values("X-Request-Id"), problem["request_id"])
	}
	if !strings.HasPrefix(h.Get("Proxy-Status"), "riskgate; error=") {
		t.Errorf("%s: Proxy-Status %q", denial, h.Get("Proxy-Status"))
	}
	if got.StatusCode == http.StatusUnauthorized == (h.Get("WWW-Authenticate") == "") {
		t.Errorf("%s: WWW-Authenticate %q", denial, h.Get("WWW-Authenticate"))
	}
	wait, err := strconv.Atoi(h.Get("Retry-After"))
	if limited := got.StatusCode == http.StatusTooManyRequests; limited != (err == nil && wait >= 1) {
		t.Errorf("%s: Retry-After %q", denial, h.Get("Retry-After"))
	} else if limited != (problem["type"] == quotaExceeded) {
		t.Errorf("%s: type %v", denial, problem["type"])
	}
	for name := range h {
		if strings.HasPrefix(name, "X-Riskgate") {
			t.Errorf("%s: the client reads %s", denial, name)
		}
	}
}

// run sends every exit and checks that each leaves exactly one event, or counts
// once in a folded one.
func (w *world) run(t *testing.T, met map[models.Denial]bool, exits []exit) {
	t.Helper()
	ids := map[string]models.Denial{}
	want := map[models.Denial]int{}
	for _, x := range exits {
		text, method := x.raw, "GET"
		if text == "" {
			text, method = x.shot.text(), x.shot.method
		}
		got := w.over(w.dial(), method, text)
		checkProblem(t, got, x.denial)
		ids[got.Header.Get("X-Request-Id")] = x.denial
		want[x.denial]++
		met[x.denial] = true
	}
	got := map[models.Denial]int{}
	for _, e := range w.stop() {
		switch e.Kind {
		case models.RefusalEvent:
			got[e.Denial] += int(e.Count)
		case models.DecisionEvent:
			got[e.Denial]++
			if d, sent := ids[string(appendUUID(nil, e.ID))]; !sent || d != e.Denial || e.Status != e.Denial.Status() {
				t.Errorf("event %x of %q with status %d, want one of %q", e.ID, e.Denial, e.Status, d)
			}
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
	for d, n := range want {
		if c := w.count(w.Metrics.denials[d]); int(c) != n {
			t.Errorf("%s counted %g times, want %d", d, c, n)
		}
	}
}

func lines(first string, fields ...string) string {
	return first + "\r\nHost: api.example\r\nX-Forwarded-For: 192.0.2.10\r\n" + strings.Join(append(fields, "", ""), "\r\n")
}

func framingExits() []exit {
	many := slices.Repeat([]string{"X-A: b"}, models.MaxFields)
	return []exit{
		{denial: models.MalformedRequest, raw: "GET / HTTP/1.1\r\nHost: a\r\nX-A: b\n\r\n\r\n"},
		{denial: models.AmbiguousFraming, raw: lines("POST / HTTP/1.1", "Content-Length: 3", "Transfer-Encoding: chunked")},
		{denial: models.FoldedHeader, raw: lines("GET / HTTP/1.1", "X-A: b", " c")},
		{denial: models.BadFieldName, raw: lines("GET / HTTP/1.1", "X A: b")},
		{denial: models.BadAuthority, raw: lines("GET http://other.example/ HTTP/1.1")},
		{denial: models.UnsupportedVersion, raw: lines("GET / HTTP/1.2")},
		{denial: models.BadTarget, raw: lines("OPTIONS * HTTP/1.1")},
		{denial: models.EncodedPath, raw: lines("GET /v1%2fitems/1 HTTP/1.1")},
		{denial: models.TooManyFields, raw: lines("GET / HTTP/1.1", many...)},
		{denial: models.HeaderTooLarge, raw: lines("GET / HTTP/1.1", "X-A: "+strings.Repeat("b", 20<<10))},
		{denial: models.BodyTooLarge, raw: lines("POST / HTTP/1.1", "Content-Length: 99999999")},
		{denial: models.UnknownExpectation, raw: lines("POST / HTTP/1.1", "Expect: a miracle", "Content-Length: 1")},
		{denial: models.MethodNotSupported, raw: lines("TRACE / HTTP/1.1")},
		{denial: models.NoRoute, shot: shot{target: "/elsewhere"}},
	}
}

func (w *world) credentialExits() []exit {
	token := func(d models.Denial, c claims) exit { return exit{denial: d, shot: shot{token: w.token("ada", c)}} }
	good := w.token("ada")
	dot := strings.LastIndexByte(good, '.')
	weak := b64([]byte(`{"alg":"HS256","kid":"k1"}`)) + good[strings.IndexByte(good, '.'):]
	other := strings.Replace(good, b64([]byte(`{"typ":"at+jwt","alg":"ES256","kid":"k1"}`)), b64([]byte(`{"typ":"at+jwt","alg":"ES256","kid":"k2"}`)), 1)
	now := w.now()
	return []exit{
		{denial: models.NoCredentials},
		{denial: models.MalformedCredential, shot: shot{key: "a key"}},
		{denial: models.ManyCredentials, shot: shot{key: w.apiKeys["good"], token: good}},
		{denial: models.UnknownKey, shot: shot{key: w.apiKeys["good"][:10] + strings.Repeat("a", 50)}},
		{denial: models.KeyExpired, shot: shot{key: w.apiKeys["old"]}},
		{denial: models.KeyNetwork, shot: shot{key: w.apiKeys["away"]}},
		{denial: models.TokenMalformed, shot: shot{token: "a.b.c"}},
		{denial: models.TokenAlgorithm, shot: shot{token: weak}},
		{denial: models.TokenSignature, shot: shot{token: good[:dot+1] + b64(make([]byte, 64))}},
		{denial: models.TokenUnknownKey, shot: shot{token: other}},
		token(models.TokenIssuer, claims{"iss": "https://other.example"}),
		token(models.TokenAudience, claims{"aud": "other"}),
		token(models.TokenExpired, claims{"exp": now.Add(-time.Hour).Unix()}),
		token(models.TokenNotYetValid, claims{"nbf": now.Add(time.Hour).Unix()}),
		token(models.TokenClaims, claims{"sub": nil}),
	}
}

// enforcementRoutes are refused for what the caller may do, or is likely to be.
func enforcementRoutes(s *settings) {
	s.routes = append(s.routes,
		Route{ID: "mfa", Path: "/mfa", Accept: authn.JWT | authn.APIKey, Want: stepup.Want{ACR: "urn:mfa"}},
		Route{ID: "closed", Path: "/closed", Accept: authn.JWT},
		Route{ID: "small", Path: "/small", Accept: authn.None, MaxBody: 10},
		Route{ID: "strict", Path: "/strict/{rest...}", Accept: authn.JWT, Class: models.Admin})
	s.policies = "permit (principal, action, resource) unless { resource == Route::\"closed\" };"
	s.risk.Classes.Admin.Deny, s.risk.Classes.Admin.StepUp = 30, 29
}

func (w *world) enforcementExits() []exit {
	return []exit{
		{denial: models.PolicyDenied, shot: shot{target: "/closed", token: w.token("ada")}},
		{denial: models.StepUpRequired, shot: shot{target: "/mfa", token: w.token("ada")}},
		{denial: models.StepUpImpossible, shot: shot{target: "/mfa", key: w.apiKeys["good"]}},
		{denial: models.RiskDenied, shot: shot{target: "//strict/./%C3%A9?a=1&a=2", token: w.token("eve")}},
		{denial: models.BodyTooLarge, shot: shot{method: "POST", target: "/small", body: "more than ten"}},
		{denial: models.StepUpRequired, shot: shot{target: "/mfa", token: w.token("ada")}},
		{denial: models.StepUpRequired, shot: shot{target: "/mfa", token: w.token("ada")}},
		{denial: models.StepUpExhausted, shot: shot{target: "/mfa", token: w.token("ada")}},
	}
}

// TestEveryDenial meets every denial that there is an answer to.
func TestEveryDenial(t *testing.T) {
	met := map[models.Denial]bool{
		models.TooManyConnections: true, // closed without an answer
		models.Draining:           true, // given by nobody yet
		models.AuditFailed:        true, // TestAuditRequired
	}
	t.Run("framing", func(t *testing.T) { newWorld(t).run(t, met, framingExits()) })
	t.Run("credentials", func(t *testing.T) { w := newWorld(t); w.run(t, met, w.credentialExits()) })
	t.Run("enforcement", func(t *testing.T) { w := newWorld(t, enforcementRoutes); w.run(t, met, w.enforcementExits()) })
	t.Run("keys", func(t *testing.T) {
		w := newWorld(t, func(s *settings) { s.authn.JWT.Issuers[0].Keys.File += ".gone" })
		w.run(t, met, []exit{{denial: models.KeysUnavailable, shot: shot{token: w.token("ada")}}})
	})
	t.Run("address", func(t *testing.T) {
		w := newWorld(t, func(s *settings) { s.rate.Address, s.rate.Burst = 1, 1 })
		_, _ = w.ask(shot{token: w.token("ada")})
		w.run(t, met, []exit{{denial: models.AddressRate, shot: shot{token: w.token("ada")}}})
	})
	t.Run("subject", func(t *testing.T) {
		w := newWorld(t, func(s *settings) { s.rate.Subject, s.rate.Burst = 1, 1 })
		_, _ = w.ask(shot{token: w.token("ada")})
		w.run(t, met, []exit{{denial: models.SubjectRate, shot: shot{token: w.token("ada"), from: "192.0.2.11"}}})
	})
	t.Run("upstream", func(t *testing.T) { upstreamFaults(t, met) })
	for _, d := range models.Denials() {
		if !met[d] {
			t.Errorf("%s is met by no test", d)
		}
	}
}

// raw answers every connection with a text.
func raw(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			buffer := make([]byte, 4096)
			_, _ = c.Read(buffer)
			_, _ = io.WriteString(c, answer)
			if answer != "" {
				_ = c.Close()
			}
		}
	}()
	return l.Addr().String()
}

func upstreamFaults(t *testing.T, met map[models.Denial]bool) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for _, c := range []struct {
		denial         models.Denial
		target, status string
	}{
		{models.UpstreamRefused, "http://" + closed.Addr().String(), "connection_refused"},
		{models.UpstreamTimeout, "http://" + raw(t, ""), "http_response_timeout"},
		{models.UpstreamProtocol, "http://" + raw(t, "220 mail.example ESMTP\r\n\r\n"), "http_protocol_error"},
		{models.UpstreamTLS, "https://" + raw(t, "no TLS here"), "tls_protocol_error"},
		{models.UpstreamUnavailable, "http://upstream.invalid", "dns_error"},
	} {
		w := newWorld(t, func(s *settings) {
			s.target, s.pools.ResponseTimeout = c.target, 200*time.Millisecond
		})
		got := w.send(shot{token: w.token("ada")})
		if want := "riskgate; error=" + c.status; got.Header.Get("Proxy-Status") != want {
			t.Errorf("%s: Proxy-Status %q, want %q", c.denial, got.Header.Get("Proxy-Status"), want)
		}
		if e := w.decision(); e.Denial != c.denial || e.Status != got.StatusCode || e.Action > models.Monitor {
			t.Errorf("%s: event of %q, status %d, action %s", c.denial, e.Denial, e.Status, e.Action)
		}
		if n := w.count(w.snap.router.find(nil, []byte("GET"), []byte("/v1/items/1")).metrics.faults[c.denial]); n != 1 {
			t.Errorf("%s counted %g times among the faults of the pool", c.denial, n)
		}
		checkProblem(t, got, c.denial)
		met[c.denial] = true
	}
	late(t, met)
}

// late sends half a body and waits.
func late(t *testing.T, met map[models.Denial]bool) {
	w := newWorld(t, func(s *settings) {
		s.routes[0].Accept, s.listener.ReadTimeout = authn.None, 100*time.Millisecond
	})
	w.run(t, met, []exit{{denial: models.BodyTimeout, raw: lines("POST /v1/items/1 HTTP/1.1", "Content-Length: 9000") + "half"}})
}
