package traffic

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/riskgate/riskgate/models"
)

// script is one attack: so many requests, with a pause before each but the first.
type script struct {
	attack Attack
	serial int
	person string
	r      *rand.Rand
	at     time.Time
	left   int
	begun  bool
	pause  func() time.Duration
	fill   func(e *Event) // everything but time and labels
}

func (s *script) next() (time.Time, bool) {
	if s.left == 0 {
		return time.Time{}, false
	}
	if s.begun {
		s.at = s.at.Add(s.pause())
	}
	s.begun = true
	return s.at, true
}

func (s *script) emit(e *Event) {
	e.Time, e.Person = s.at, s.person
	e.Label, e.Variant, e.Attack = s.attack.Label, s.attack.Variant, s.serial
	s.fill(e)
	s.left--
}

// between returns a pause that is drawn evenly between two.
func (s *script) between(from, to time.Duration) func() time.Duration {
	return func() time.Duration { return from + time.Duration(s.r.Float64()*float64(to-from)) }
}

// asUser fills in the token of a session.
func asUser(e *Event, u *user, sid string, auth time.Time) {
	e.Subject, e.Credential, e.CredentialID, e.AuthTime = u.subject(), models.JWT, sid, auth
}

// asClient fills in the key of a machine client.
func asClient(e *Event, id string) {
	e.Subject = models.Subject{Kind: models.Client, ID: id}
	e.Credential, e.CredentialID = models.APIKey, id
}

// elsewhere draws an address abroad or of a foreign hosting provider, in another
// ASN than the victim's.
func elsewhere(r *rand.Rand, victim netip.Addr) netip.Addr {
	for {
		network := pick(r, abroad)
		if chance(r, 0.3) {
			network = clouds[1+r.IntN(2)]
		}
		if a := hostIn(network, r.Uint32()); blockOf(a).place.ASN != blockOf(victim).place.ASN {
			return a
		}
	}
}

// otherDevice draws a device whose handshake differs.
func otherDevice(r *rand.Rand, ja4 string) device {
	for {
		if d := newDevice(r, chance(r, 0.4)); d.browser.ja4 != ja4 {
			return d
		}
	}
}
