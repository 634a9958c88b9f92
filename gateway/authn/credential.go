package authn

import (
	"bytes"

	"github.com/riskgate/riskgate/models"
)

const authorization = "authorization"

// shown are the credentials of a request; they alias it.
type shown struct {
	bearer, key            []byte
	authorizations, keys   int // fields of that name
	hasBearer, emptyBearer bool
}

// look finds the credentials in one pass over the header fields.
func (a *Authenticator) look(view *models.Request) (s shown) {
	for i := 0; i < view.NumFields; i++ {
		switch name := view.Name(i); {
		case models.EqualFold(name, authorization):
			s.authorizations++
			s.readBearer(view.Value(i))
		case models.EqualFold(name, a.header):
			s.keys++
			s.key = view.Value(i)
		}
	}
	return s
}

const scheme = "bearer"

// readBearer reads "Bearer", spaces and a token; other schemes are not ours.
func (s *shown) readBearer(value []byte) {
	if len(value) < len(scheme) || !models.EqualFold(value[:len(scheme)], scheme) {
		return
	}
	rest := value[len(scheme):]
	token := bytes.TrimLeft(rest, " ")
	switch {
	case len(token) == 0:
		s.hasBearer, s.emptyBearer = true, true
	case len(token) < len(rest):
		s.hasBearer, s.bearer = true, token
	}
}
