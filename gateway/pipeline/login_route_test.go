package pipeline

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/models"
)

func login(user string, edit ...func(*settings)) []func(*settings) {
	return append(edit, func(s *settings) {
		s.routes = []Route{{ID: "login", Path: "/login", Methods: []string{"POST"}, Accept: authn.None, Class: models.Login,
			Login: NewLogin(user, []int{401}, []int{200})}}
		s.upstream = func(rw http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if strings.Contains(string(body), "wrong") {
				rw.WriteHeader(http.StatusUnauthorized)
			}
			_, _ = rw.Write(body)
		}
	})
}

func TestLoginRoutes(t *testing.T) {
	for _, c := range []struct{ user, body, field string }{
		{"json:/username", "{\"username\": \"ada\",\r\n \"password\":\"\\u0077rong\"}\n", ""},
		{"form:user", "user=ada&password=%77rong&password=", ""},
		{"header:X-User", "\x00\xff anything", "X-User: ada"},
	} {
		w := newWorld(t, login(c.user)...)
		s := shot{method: "POST", target: "/login", body: c.body}
		if c.field != "" {
			s.fields = []string{c.field}
		}
		got, e := w.ask(s)
		if got.body != c.body {
			t.Errorf("%s: forwarded as %q, want %q", c.user, got.body, c.body)
		}
		if e.Login != models.LoginPassed || e.Observed.LoginUser == 0 || e.Observed.LoginUser != w.Collector.User([]byte("ada")) {
			t.Errorf("%s: login %s of %x", c.user, e.Login, e.Observed.LoginUser)
		}
	}
}

// Guessing raises the score of a login, and the right password afterwards is
// seen in that light.
func TestFailedLoginsCount(t *testing.T) {
	w := newWorld(t, login("form:user", func(s *settings) { s.risk.Mode = models.Shadow })...)
	try := func(password string) *models.Event {
		w.advance(5 * time.Second)
		_, e := w.ask(shot{method: "POST", target: "/login", body: "user=ada&password=" + password})
		return e
	}
	first := try("wrong")
	if first.Login != models.LoginFailed || first.Status != 401 || first.Features.States[models.Failures] == models.Hit {
		t.Errorf("first: %s, status %d, failures %s", first.Login, first.Status, first.Features.States[models.Failures])
	}
	for range 15 {
		try("wrong")
	}
	last := try("right")
	if last.Login != models.LoginPassed || last.Features.Get(models.FailedLogins) < 12 || last.Features.States[models.Failures] != models.Hit {
		t.Errorf("the success: %s after %g failures, which are a %s", last.Login,
			last.Features.Get(models.FailedLogins), last.Features.States[models.Failures])
	}
	if last.Assessment.Score < first.Assessment.Score+10 {
		t.Errorf("the success scores %g, the first failure %g", last.Assessment.Score, first.Assessment.Score)
	}
}

// An address over its rate is refused before anybody waits for its body.
func TestTheRateOfAnAddressGoesBeforeItsBody(t *testing.T) {
	w := newWorld(t, login("form:user", func(s *settings) { s.rate.Address, s.rate.Burst = 1, 1 })...)
	_, _ = w.ask(shot{method: "POST", target: "/login", body: "user=ada"})
	s := shot{method: "POST", target: "/login", fields: []string{"Content-Length: 60000"}}
	first := strings.Repeat("x", 9000) // more than is read ahead
	checkProblem(t, w.over(w.dial(), "POST", s.text()+first), models.AddressRate)
}

func TestLoginBodyIsBounded(t *testing.T) {
	w := newWorld(t, login("json:/username")...)
	if got := w.send(shot{method: "POST", target: "/login", body: strings.Repeat(" ", maxLoginBody+1)}); got.StatusCode != 413 {
		t.Errorf("%d", got.StatusCode)
	}
	chunked := lines("POST /login HTTP/1.1", "Transfer-Encoding: chunked") + "5\r\n{\"use\r\n10\r\nrname\":\"ada\"    \r\n1\r\n}\r\n0\r\n\r\n"
	got := w.over(w.dial(), "POST", chunked)
	if e := w.decision(); got.StatusCode != 200 || got.body != `{"username":"ada"    }` || e.Observed.LoginUser != w.Collector.User([]byte("ada")) {
		t.Errorf("chunked: %d %q", got.StatusCode, got.body)
	}
}
