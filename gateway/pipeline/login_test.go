package pipeline

import (
	"testing"

	"github.com/riskgate/riskgate/models"
)

func TestUserOfLogin(t *testing.T) {
	view := &models.Request{Raw: []byte("X-User: eve"), NumFields: 1}
	view.Fields[0] = models.Field{Name: models.Span{From: 0, To: 6}, Value: models.Span{From: 8, To: 11}}
	for _, c := range []struct{ where, body, want string }{
		{"json:/username", `{"username":"alice"}`, "alice"},
		{"json:/user/name", `{"user":{"name":"bob"}}`, "bob"},
		{"json:/users/1", `{"users":["a","b"]}`, "b"},
		{"json:/a~1b", `{"a/b":"c"}`, "c"},
		{"json:/id", `{"id":12345678}`, "12345678"},
		{"json:/username", `{"username":null}`, ""},
		{"json:/username", `{"username":`, ""},
		{"json:/users/7", `{"users":[]}`, ""},
		{"json:/a/b", `{"a":1}`, ""},
		{"form:user", "user=al%20ice&password=x", "al ice"},
		{"form:user", "password=x", ""},
		{"form:user", "user=%zz", ""},
		{"header:X-User", "", "eve"},
		{"", `{"username":"alice"}`, ""},
	} {
		if got := NewLogin(c.where, nil, nil).user(view, []byte(c.body)); got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.where, c.body, got, c.want)
		}
	}
}

func TestOutcomeOfLogin(t *testing.T) {
	l := NewLogin("", []int{401, 403}, []int{204})
	for status, want := range map[int]models.Outcome{
		401: models.LoginFailed, 403: models.LoginFailed, 204: models.LoginPassed, 500: models.LoginUnknown,
	} {
		if got := l.outcome(status); got != want {
			t.Errorf("%d: %v, want %v", status, got, want)
		}
	}
	if got := (*Login)(nil).outcome(401); got != models.NoLogin {
		t.Errorf("no login route: %v", got)
	}
}
