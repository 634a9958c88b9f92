package pipeline

import (
	"strings"
	"testing"

	"github.com/riskgate/riskgate/models"
)

func TestUserOfLogin(t *testing.T) {
	view := viewOf("X-User: eve")
	for _, c := range []struct{ where, body, want string }{
		{"json:/username", `{"username":"alice"}`, "alice"},
		{"json:/user/name", `{"user":{"name":"bob"}}`, "bob"},
		{"json:/users/1", `{"users":["a","b"]}`, "b"},
		{"json:/a~1b", `{"a/b":"c"}`, "c"},
		{"json:/id", `{"id":12345678}`, "12345678"},
		{"json:/username", `{"username":null}`, ""},
		{"json:/username", `{"USERNAME":"alice"}`, "alice"}, // many read it so
		{"json:/username", `{"user\u006eame":"alice"}`, "alice"},
		{"json:/username", ` {"x":[{}], "username":"alice"} `, "alice"},
		{"json:/username", `[]`, ""},
		{"json:/users/7", `{"users":[]}`, ""},
		{"json:/a/b", `{"a":1}`, ""},
		{"form:user", "user=al%20ice&password=x", "al ice"},
		{"form:user", "password=x", ""},
		{"form:user", "user=%zz", "%zz"},
		{"form:user", "user=eve&x=%zz&y=;", "eve"},
		{"form:user", "USER=eve+b", "eve b"},
		{"header:X-User", "", "eve"},
		{"", `{"username":"alice"}`, ""},
	} {
		if got, ok := NewLogin(c.where, nil, nil).user(view, []byte(c.body)); !ok || got != c.want {
			t.Errorf("%s in %s: %q, %v, want %q", c.where, c.body, got, ok, c.want)
		}
	}
}

// Of these, two readers may name different users: one to count failures for, and
// one to let in.
func TestDoubtfulUserOfLogin(t *testing.T) {
	twice := viewOf("X-User: eve\r\nx-user: ada\r\n")
	form := viewOf("Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n")
	multipart := viewOf("Content-Type: multipart/form-data; boundary=b\r\n")
	for _, c := range []struct {
		where, body string
		view        *models.Request
		ok          bool
	}{
		{"json:/user", `{"user":"a"}`, form, true},
		{"json:/user", ``, form, true},
		{"json:/user", `{"user":"a","user":"b"}`, form, false},
		{"json:/user", `{"user":"a","User":"b"}`, form, false},
		{"json:/user", `{"user":"a"}{"user":"b"}`, form, false},
		{"json:/user", `{"user":"a"`, form, false},
		{"json:/user", "\xef\xbb\xbf" + `{"user":"a"}`, form, false},
		{"json:/user", "{\x00\"\x00u", form, false},
		{"json:/a/user", `{"A":{"user":"a"},"a":{"user":"b"}}`, form, false},
		{"json:/user", "{" + strings.Repeat(`"\u0061`+`":1,`, 2) + `"user":"a"}`, form, false},
		{"form:user", "user=a&x=b", form, true},
		{"form:user", "user=a&user=b", form, false},
		{"form:user", "user=a&%55ser=b", form, false},
		{"form:user", "--b\r\n", multipart, false},
		{"form:user", "", multipart, true},
		{"header:X-User", "", twice, false},
		{"", "anything", twice, true},
	} {
		if _, ok := NewLogin(c.where, nil, nil).user(c.view, []byte(c.body)); ok != c.ok {
			t.Errorf("%s in %q: ok is %v, want %v", c.where, c.body, ok, c.ok)
		}
	}
}

// viewOf returns the view of a header block.
func viewOf(block string) *models.Request {
	v := &models.Request{Raw: []byte(block)}
	at := 0
	for line := range strings.SplitSeq(strings.TrimSuffix(block, "\r\n"), "\r\n") {
		name, _, _ := strings.Cut(line, ": ")
		colon := at + len(name)
		v.Fields[v.NumFields] = models.Field{Name: models.Span{From: uint32(at), To: uint32(colon)},
			Value: models.Span{From: uint32(colon + 2), To: uint32(at + len(line))}}
		v.NumFields++
		at += len(line) + 2
	}
	return v
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
