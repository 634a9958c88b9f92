package baseline

import "github.com/riskgate/riskgate/models"

const (
	sessionIdle   = 30 * 60 // seconds after which a session is over
	countryChange = 5 * 60  // a change of country within is not a journey
	flipWindow    = 10 * 60
	flipsOfTwo    = 3 // changes to and fro that mean two places at once

	statusBits = 0x03 // of Session.Token: the status of the device token
	renewed    = 0x20 // of Session.Token: the look found the session as it was
	taught     = 0x40 // of Session.Token: its values were learned
	isV6       = 0x80 // of Session.Token: the address was IPv6
)

// Arrival is a request as sessions see it.
type Arrival struct {
	Observed *models.Observed
	Token    uint8  // status of the device token
	IPv6     bool   // family of the client's address
	Located  bool   // the network is known, so that a change of it means something
	Relay    bool   // from a private relay
	Machine  bool   // of a machine client
	Now      uint32 // unix seconds
}

// Visit is what a request means for the sessions of its subject.
type Visit struct {
	Look    bool     // first of a session, after a change, or of another hour
	Change  bool     // inside a live session
	Kind    int      // models.SessionSame and up
	Held    [6]int16 // lambdas of the last look, as Session.Held
	renewed bool     // a look at a session in which nothing changed
	session int      // the record continued, -1: a new one
}

// Visit tells which session a request continues, and what changed.
func (l *Local) Visit(c *Contribution, a *Arrival) Visit {
	own, latest := l.findSession(a)
	if own >= 0 {
		return l.continued(c, a, own)
	}
	v := Visit{Look: true, session: -1}
	if latest < 0 || a.Machine || c.KnowsFingerprint(a.Observed.Fingerprint) {
		return v // another device of the subject, or none before
	}
	s := &l.Sessions[latest]
	v.Change, v.Held = true, s.Held
	v.Kind = max(s.deviceChange(a.Observed), s.placeChange(c, a))
	return v
}

// findSession returns the live session of this credential and fingerprint, and
// the latest one of this credential, or -1.
func (l *Local) findSession(a *Arrival) (own, latest int) {
	own, latest = -1, -1
	for i := range l.Sessions {
		s := &l.Sessions[i]
		if s.Last == 0 || a.Now > s.Last+sessionIdle || s.Credential != Fold16(a.Observed.Credential) {
			continue
		}
		if s.Fingerprint == a.Observed.Fingerprint {
			own = i
		}
		if latest < 0 || s.Last > l.Sessions[latest].Last {
			latest = i
		}
	}
	return own, latest
}

// continued looks again at a session when it enters another hour of the clock,
// the step in which tables learn: a caller that never pauses would otherwise be
// learned once, and judged for good by what was known of it then.
func (l *Local) continued(c *Contribution, a *Arrival, i int) Visit {
	s, o := &l.Sessions[i], a.Observed
	v := Visit{Held: s.Held, session: i}
	if s.Address == Fold16(o.Address) && s.Network == Fold16(o.Network) &&
		s.Country == Fold16(o.Country) && s.Token&statusBits == a.Token {
		v.Look = a.Now/3600 > s.Last/3600
		v.renewed = v.Look
		return v
	}
	v.Look, v.Change = true, true
	v.Kind = s.placeChange(c, a)
	return v
}

// KnowsFingerprint reports whether the subject used the device before.
func (c *Contribution) KnowsFingerprint(h uint32) bool {
	for i := range c.Device {
		if c.Device[i].Weight > 0 && c.Device[i].Fine == h {
			return true
		}
	}
	return false
}

// deviceChange compares devices. A new version of the same agent is none.
func (s *Session) deviceChange(o *models.Observed) int {
	switch {
	case s.Handshake != 0 && o.Handshake != 0 && s.Handshake != Fold16(o.Handshake):
		return models.SessionFingerprint
	case s.Family != Fold16(o.Family):
		return models.SessionFamily
	}
	return models.SessionSame
}

// placeChange compares places by ASN and country, never IPv4 with IPv6. A phone
// that changes between two networks of one country that the subject uses has
// changed nothing; neither has who hides behind a private relay.
func (s *Session) placeChange(c *Contribution, a *Arrival) int {
	o := a.Observed
	network, country := Fold16(o.Network), Fold16(o.Country)
	if s.Network == network || a.IPv6 != (s.Token&isV6 != 0) || !a.Located || a.Relay {
		return models.SessionSame
	}
	known := c.KnowsNetwork(network)
	both := known && c.KnowsNetwork(s.Network)
	abroad := s.Country != country && s.Country != 0 && country != 0
	switch {
	case both && !abroad:
		return models.SessionSame
	case both || a.Machine && known:
		return models.SessionKnownASN
	case !a.Machine && s.flips(a) >= flipsOfTwo:
		return models.SessionTwoPlaces
	case !a.Machine && abroad && a.Now < s.Last+countryChange:
		return models.SessionCountry
	case known:
		return models.SessionKnownASN
	}
	return models.SessionUnknownASN
}

// flips counts the changes between two networks, this one included.
func (s *Session) flips(a *Arrival) uint8 {
	network := Fold16(a.Observed.Network)
	switch {
	case network == s.Network:
		return s.Flips
	case network != s.Before || a.Now > s.Last+flipWindow:
		return 1
	}
	return min(s.Flips, 254) + 1
}

// HeldNats returns the lambda of group i of HeldNetwork and up.
func (v *Visit) HeldNats(i int) float64 { return float64(v.Held[i]) / heldOne }

// attend brings the record of the session up to date and returns it.
func (l *Local) attend(c *Contribution, ev *models.Event, now uint32) *Session {
	a := ArrivalOf(ev)
	v := l.Visit(c, &a)
	i := v.session
	if i < 0 {
		i = l.oldestSession()
		l.Sessions[i] = Session{}
	}
	s, o := &l.Sessions[i], a.Observed
	if network := Fold16(o.Network); s.Last != 0 && network != s.Network {
		s.Flips, s.Before = s.flips(&a), s.Network
	}
	flags := s.Token & (taught | renewed)
	if ev.Features.Has(models.IsLook) {
		s.hold(&ev.Evidence)
		flags = 0
		if v.renewed {
			flags = renewed
		}
	}
	if a.IPv6 {
		flags |= isV6
	}
	s.Fingerprint, s.Last = o.Fingerprint, max(now, s.Last)
	s.Credential, s.Family, s.Handshake = Fold16(o.Credential), Fold16(o.Family), Fold16(o.Handshake)
	s.Address, s.Network, s.Country = Fold16(o.Address), Fold16(o.Network), Fold16(o.Country)
	s.Token = a.Token&statusBits | flags
	return s
}

func (l *Local) oldestSession() int {
	best := 0
	for i := range l.Sessions {
		if l.Sessions[i].Last < l.Sessions[best].Last {
			best = i
		}
	}
	return best
}

// heldGroups are the groups evaluated at looks only, in the order of Held.
var heldGroups = [6]models.Group{
	models.Network, models.Infrastructure, models.Device, models.Token, models.Time, models.Travel,
}

func (s *Session) hold(set *models.EvidenceSet) {
	for i, g := range heldGroups {
		s.Held[i] = holdNats(set[g].Lambda * set[g].Confidence)
	}
}

// ArrivalOf reads back from an event what its request was to the sessions.
func ArrivalOf(ev *models.Event) Arrival {
	f := &ev.Features
	return Arrival{
		Observed: &ev.Observed,
		Token:    uint8(f.Get(models.TokenStatus)),
		IPv6:     ev.Client.Is6() && !ev.Client.Is4In6(),
		Located:  f.Flags&(models.NetUnavailable|models.NetUnknown) == 0,
		Relay:    f.Has(models.SourceRelay),
		Machine:  f.Has(models.IsMachine),
		Now:      Stamp(ev.Time),
	}
}
