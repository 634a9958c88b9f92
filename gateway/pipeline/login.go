package pipeline

import (
	"slices"
	"strings"

	"github.com/riskgate/riskgate/gateway/listener"
	"github.com/riskgate/riskgate/models"
)

// Login says how a login route tells who logs in and whether it worked. The user
// name is hashed at once; it is in no event.
type Login struct {
	place      string // json, form, header, or "" for none
	name       string // JSON pointer, form field, or lower-case field name
	failed, ok []int
}

// maxLoginBody bounds a body that is searched for a user name, in bytes.
const maxLoginBody = 64 << 10

// NewLogin reads where the user name stands: json:/pointer, form:field or
// header:Name; "" for nowhere.
func NewLogin(user string, failed, ok []int) *Login {
	l := &Login{failed: failed, ok: ok}
	l.place, l.name, _ = strings.Cut(user, ":")
	if l.place == "header" {
		l.name = strings.ToLower(l.name)
	}
	return l
}

// needsBody reports whether the user name stands in the body. It may be called
// on nil.
func (l *Login) needsBody() bool { return l != nil && (l.place == "json" || l.place == "form") }

// outcome names what a status says about the login.
func (l *Login) outcome(status int) models.Outcome {
	switch {
	case l == nil:
		return models.NoLogin
	case slices.Contains(l.failed, status):
		return models.LoginFailed
	case slices.Contains(l.ok, status):
		return models.LoginPassed
	}
	return models.LoginUnknown
}

// readLogin reads the body of a login before it is decided about, and finds the
// user name.
func (x *exchange) readLogin() models.Denial {
	l := x.route.Login
	if l.needsBody() && x.view.BodyLength != 0 {
		if denial := listener.LimitBody(x.ctx, maxLoginBody); denial != "" {
			return denial
		}
		var err error
		if x.body, err = listener.BodyOf(x.ctx).AppendTo(x.body[:0]); err != nil {
			return listener.BodyOf(x.ctx).Denial()
		}
	}
	name, ok := l.user(x.view, x.body)
	if !ok {
		return models.MalformedRequest
	}
	x.user = append(x.user[:0], name...)
	return ""
}
