package traffic

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/riskgate/riskgate/models"
)

// session is one visit: a login, then requests with the token it gave.
type session struct {
	day     int
	sid     string
	auth    time.Time
	device  device
	address netip.Addr
	moves   netip.Addr // address of the second half, if valid
	left    int        // requests still to come, the one announced included
	sent    int
	login   int // login attempts to make
	failed  int // of which fail
}

// advance counts the last request and returns the time of the next one: a few
// seconds later, now and then minutes.
func (s *session) advance(r *rand.Rand, at time.Time) time.Time {
	gap := math.Exp(1.4 + 1.2*r.NormFloat64()) // median 4 s
	return at.Add(time.Duration(min(gap, 1200) * float64(time.Second)))
}

// emit fills in one request and counts it.
func (s *session) emit(e *Event, r *rand.Rand, u *user) {
	e.Address = s.address
	if s.moves.IsValid() && s.sent > s.left {
		e.Address = s.moves
	}
	s.device.show(e, s.day)
	if s.login > 0 {
		s.emitLogin(e, u)
	} else {
		e.Subject, e.Credential, e.CredentialID, e.AuthTime = u.subject(), models.JWT, s.sid, s.auth
		browse(e, r, u.objects, u.owned)
	}
	s.sent++
	s.left--
}

func (s *session) emitLogin(e *Event, u *user) {
	e.Method, e.Route, e.Class, e.Path, e.Object = "POST", "login", models.Login, "/login", -1
	e.LoginUser, e.Status, e.Login = u.id, 200, models.LoginPassed
	if s.failed > 0 {
		s.failed--
		e.Status, e.Login = 401, models.LoginFailed
	}
	s.login--
}

// browse draws what a person does in an application: lists, own objects, now and
// then a change, seldom a dead link.
func browse(e *Event, r *rand.Rand, first, owned int64) {
	e.Method, e.Status, e.Object = "GET", 200, -1
	object := first + r.Int64N(owned)
	switch u := r.Float64(); {
	case u < 0.25:
		e.Route, e.Path = "orders.list", "/v1/orders"
	case u < 0.65:
		e.Route, e.Path, e.Object = "orders.read", fmt.Sprintf("/v1/orders/%d", object), object
	case u < 0.85:
		e.Route, e.Path = "catalog", fmt.Sprintf("/v1/catalog/%d", r.IntN(40))
	case u < 0.92:
		e.Route, e.Path = "profile", "/v1/me"
	case u < 0.98:
		e.Route, e.Path, e.Method, e.Status = "orders.create", "/v1/orders", "POST", 201
		e.Class = models.Sensitive
	default:
		e.Route, e.Path, e.Object = "orders.read", fmt.Sprintf("/v1/orders/%d", object+owned), object+owned
		e.Status = 404
	}
}
