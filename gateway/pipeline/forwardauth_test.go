package pipeline

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/models"
)

const askPath = "/.riskgate/auth"

func asking(s *settings) { s.listener.ForwardAuth = askPath }

// asked is the question about a request in the dialect of nginx or of Traefik.
func asked(front models.Front, s shot, more ...string) shot {
	method, target := s.method, s.target
	if method == "" {
		method = "GET"
	}
	if target == "" {
		target = "/v1/items/1"
	}
	s.method, s.target, s.body = "GET", askPath, ""
	if front == models.AuthRequest {
		s.fields = append(s.fields, "X-Original-Method: "+method, "X-Original-URI: "+target)
	} else {
		s.fields = append(s.fields, "X-Forwarded-Method: "+method, "X-Forwarded-Uri: "+target, "X-Forwarded-Host: api.example")
	}
	s.fields = append(s.fields, more...)
	return s
}

func TestForwardAuthPermits(t *testing.T) {
	for _, front := range []models.Front{models.AuthRequest, models.ForwardAuth} {
		w := newWorld(t, asking, func(s *settings) {
			s.upstream = func(http.ResponseWriter, *http.Request) {
				t.Error("the gateway forwarded a request that it was asked about")
			}
		})
		got, e := w.ask(asked(front, shot{method: "PUT", target: "/v1/%69tems/7?a=%00", token: w.token("ada")}, "X-Riskgate-Subject: root"))
		for name, want := range map[string]string{
			"X-Riskgate-Subject": "ada", "X-Riskgate-Score": strconv.Itoa(int(e.Assessment.Score)), "X-Riskgate-Level": e.Assessment.Level.String(),
			"X-Riskgate-Action": e.Action.String(), "X-Request-Id": string(appendUUID(nil, e.ID)), "RateLimit-Policy": `"subject";q=40;w=2`,
		} {
			if v := strings.Join(got.Header.Values(name), "|"); v != want {
				t.Errorf("%s: %q, want %q", name, v, want)
			}
		}
		if got.StatusCode != 204 || got.body != "" || string(e.Method) != "PUT" || string(e.Path) != "/v1/items/7" || e.Route != "items" ||
			string(e.Host) != "api.example" || e.Client.String() != berlin || e.Denial != "" || e.Status != 204 {
			t.Errorf("%d; event of %s %s%s for %s from %s: %q", got.StatusCode, e.Method, e.Host, e.Path, e.Route, e.Client, e.Denial)
		}
		if e.Assessment.Contributions[models.Payload].Nats == 0 {
			t.Error("the control character in the query of the original is no evidence")
		}
	}
}

// What is asked about is learned: somebody who came every day is known.
func TestForwardAuthLearns(t *testing.T) {
	w := newWorld(t, asking)
	for range 20 {
		w.advance(24 * time.Hour)
		w.status(204, asked(models.AuthRequest, shot{token: w.token("ada")}))
	}
	if _, e := w.ask(asked(models.AuthRequest, shot{token: w.token("ada")})); !e.Established {
		t.Error("a caller of twenty days is not established")
	}
}

// The answer to a proxy is not the outcome of a login.
func TestForwardAuthOfALogin(t *testing.T) {
	w := newWorld(t, append(login("header:X-User", asking), func(s *settings) {
		s.routes[0].Login = NewLogin("header:X-User", []int{401}, []int{204})
	})...)
	got, e := w.ask(asked(models.AuthRequest, shot{method: "POST", target: "/login", fields: []string{"X-User: ada"}}))
	if got.StatusCode != 204 || e.Login != models.LoginUnknown || e.Observed.LoginUser != w.Collector.User([]byte("ada")) {
		t.Errorf("%d, login %s of %x", got.StatusCode, e.Login, e.Observed.LoginUser)
	}
}

func TestForwardAuthRefuses(t *testing.T) {
	w := newWorld(t, asking, enforcementRoutes, func(s *settings) {
		s.rate.Burst, s.rate.Subject = 4, 1
	})
	good := w.token("ada")
	for _, c := range []struct {
		denial models.Denial
		shot   shot
	}{
		{models.NoCredentials, shot{}},
		{models.TokenMalformed, shot{token: "a.b.c"}},
		{models.PolicyDenied, shot{target: "/closed", token: good}},
		{models.StepUpRequired, shot{target: "/mfa", token: good}},
		{models.NoRoute, shot{target: "/elsewhere", token: good}},
		{models.NoRoute, shot{target: askPath, token: good}},
		{models.EncodedPath, shot{target: "/v1%2fitems", token: good}},
		{models.EncodedPath, shot{target: "/v1/items/%2e%2e/x", token: good}},
		{models.BadTarget, shot{target: "/v1/items#x", token: good}},
		{models.BadTarget, shot{target: "*", token: good}},
		{models.BadAuthority, shot{target: "https://other.example/v1/items/1", token: good}},
		{models.BadTarget, shot{target: "/admin/../v1/items/1", token: good}},
		{models.MethodNotSupported, shot{method: "TRACE", token: good}},
		{models.BadTarget, shot{method: "GET POST", token: good}},
	} {
		for _, front := range []models.Front{models.AuthRequest, models.ForwardAuth} {
			w.advance(10 * time.Second)
			got := w.send(asked(front, c.shot))
			w.checkAsked(front, got, c.denial)
			if front == models.ForwardAuth {
				checkProblem(t, withoutStatus(got), c.denial)
			}
		}
	}
	for range 4 {
		w.send(asked(models.ForwardAuth, shot{token: good, from: mobile}))
	}
	w.checkAsked(models.AuthRequest, w.send(asked(models.AuthRequest, shot{token: good, from: mobile})), models.AddressRate)
}

func (w *world) checkAsked(front models.Front, got reply, denial models.Denial) {
	w.Helper()
	want := denial.Status()
	if front == models.AuthRequest && want != 401 {
		want = 403
	}
	h := got.Header
	if got.StatusCode != want || h.Get("X-Riskgate-Status") != strconv.Itoa(denial.Status()) || got.Close ||
		(want == 401) != (h.Get("WWW-Authenticate") != "") || (denial.Status() == 429) != (h.Get("Retry-After") != "") {
		w.Errorf("%s in dialect %d: %d, want %d; closes %v, %v", denial, front, got.StatusCode, want, got.Close, h)
	}
}

func withoutStatus(r reply) reply {
	r.Header.Del("X-Riskgate-Status")
	return r
}

// A client cannot speak for a proxy: neither from its own address nor by fields
// that the proxy passes on.
func TestForwardAuthIsForTrustedProxies(t *testing.T) {
	open := func(s *settings) {
		s.routes = append(s.routes, Route{ID: "public", Path: "/public", Accept: authn.None})
	}
	w := newWorld(t, asking, open)
	nginx := func(more ...string) shot { return asked(models.AuthRequest, shot{}, more...) }
	traefik := func(more ...string) shot { return asked(models.ForwardAuth, shot{}, more...) }
	for name, s := range map[string]shot{
		"the other dialect beside nginx's":   nginx("X-Forwarded-Uri: /public"),
		"the other dialect beside Traefik's": traefik("X-Original-URI: /public"),
		"the target twice":                   nginx("X-Original-URI: /public"),
		"the method twice":                   nginx("X-Original-Method: GET"),
		"the host twice":                     traefik("X-Forwarded-Host: api.example"),
		"nothing":                            {target: askPath},
		"no method":                          {target: askPath, fields: []string{"X-Original-URI: /public"}},
		"no host":                            {target: askPath, fields: []string{"X-Forwarded-Uri: /public", "X-Forwarded-Method: GET"}},
		"empty":                              {target: askPath, fields: []string{"X-Original-URI:", "X-Original-Method: GET"}},
	} {
		if got := w.send(s); got.StatusCode/100 == 2 || got.Header.Get("X-Riskgate-Status") != "400" {
			t.Errorf("%s: %d %v", name, got.StatusCode, got.Header)
		}
	}
	if got := w.send(asked(models.AuthRequest, shot{target: "/public"})); got.StatusCode != 204 {
		t.Errorf("the plain question: %d", got.StatusCode)
	}
	w = newWorld(t, asking, open, func(s *settings) { s.listener.TrustedProxies = nil; s.listener.ForwardAuth = "" })
	if got := w.send(asked(models.AuthRequest, shot{target: "/public"})); got.StatusCode != 404 {
		t.Errorf("turned off: %d", got.StatusCode)
	}
}

// nginxConfig is what an operator writes. %[1]s is the folder, %[2]s the address
// of nginx, %[3]s that of the gateway, %[4]s that of the application.
const nginxConfig = `
daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/error.log;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
	upstream riskgate { server %[3]s; keepalive 8; }
	server {
		listen %[2]s;
		location / {
			auth_request /_riskgate;
			auth_request_set $subject $upstream_http_x_riskgate_subject;
			auth_request_set $score $upstream_http_x_riskgate_score;
			auth_request_set $meant $upstream_http_x_riskgate_status;
			auth_request_set $retry $upstream_http_retry_after;
			error_page 403 = @refused;
			proxy_set_header X-Riskgate-Subject $subject;
			proxy_set_header X-Riskgate-Score $score;
			proxy_pass http://%[4]s;
		}
		location = /_riskgate {
			internal;
			proxy_pass http://riskgate/.riskgate/auth;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_pass_request_body off;
			proxy_set_header Content-Length "";
			proxy_set_header Transfer-Encoding "";
			proxy_set_header Host $http_host;
			proxy_set_header X-Original-URI $request_uri;
			proxy_set_header X-Original-Method $request_method;
			proxy_set_header X-Forwarded-Uri "";
			proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
			proxy_set_header X-Forwarded-Proto $scheme;
		}
		location @refused {
			if ($meant = 429) { add_header Retry-After $retry always; return 429; }
			return 403;
		}
	}
}`

// startNginx runs nginx before the gateway and the application.
func startNginx(t *testing.T, gateway, application string) string {
	t.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		if path = "/usr/sbin/nginx"; exec.Command(path, "-v").Run() != nil {
			t.Skip("no nginx on this machine: the test with a real one is skipped")
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address, folder := l.Addr().String(), t.TempDir()
	_ = l.Close()
	file := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, nginxConfig, folder, address, gateway, application), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command(path, "-p", folder, "-c", file)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	for range 100 {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return address
		}
		time.Sleep(20 * time.Millisecond) // nginx does not say when it listens
	}
	t.Fatalf("nginx does not listen: %s", out.String())
	return ""
}

func TestForwardAuthOfNginx(t *testing.T) {
	application := func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(rw, "%s %s for %s (%s): %s", r.Method, r.URL, r.Header.Get("X-Riskgate-Subject"), r.Header.Get("X-Riskgate-Score"), body)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(application)}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	w := newWorld(t, asking, enforcementRoutes, func(s *settings) { s.rate.Subject, s.rate.Burst = 1, 8 })
	address := startNginx(t, w.listener.Addr().String(), l.Addr().String())
	try := func(s shot) reply {
		t.Helper()
		c, err := net.Dial("tcp", address)
		w.must(err)
		defer c.Close()
		return w.over(c, s.method, s.text())
	}
	spoofed := []string{"X-Riskgate-Subject: root", "X-Riskgate-Score: 0"}
	got := try(shot{method: "POST", target: "/v1/items/1?a=1", token: w.token("ada"), body: "hello", fields: spoofed})
	if e := w.decision(); got.StatusCode != 200 || got.body != fmt.Sprintf("POST /v1/items/1?a=1 for ada (%d): hello", int(e.Assessment.Score)) ||
		string(e.Method) != "POST" || string(e.Host) != "api.example" || e.Client.String() != berlin {
		t.Errorf("permitted: %d %q; event of %s %s from %s", got.StatusCode, got.body, e.Method, e.Host, e.Client)
	}
	for _, c := range []struct {
		shot   shot
		status int
		field  string
	}{
		{shot{}, 401, `Bearer realm="riskgate"`},
		{shot{target: "/mfa", token: w.token("ada")}, 401, `Bearer realm="riskgate", error="insufficient_user_authentication"`},
		{shot{target: "/closed", token: w.token("ada")}, 403, ""},
		{shot{target: "/v1%2fitems/1", token: w.token("ada")}, 403, ""},
		{shot{target: "/v1/items/1", token: w.token("ada"), fields: []string{"X-Original-URI: /public"}}, 200, ""},
	} {
		w.advance(10 * time.Second)
		if got := try(c.shot); got.StatusCode != c.status || !strings.HasPrefix(got.Header.Get("WWW-Authenticate"), c.field) {
			t.Errorf("%s: %d %q, want %d %q", c.shot.target, got.StatusCode, got.Header.Get("WWW-Authenticate"), c.status, c.field)
		}
	}
	for range 10 {
		got = try(shot{token: w.token("ada")})
	}
	if got.StatusCode != 429 || got.Header.Get("Retry-After") == "" {
		t.Errorf("too often: %d %v", got.StatusCode, got.Header)
	}
}
