package traffic

import (
	"net/netip"
	"time"
)

// stolenVisit is how many requests a visit has, at least, after which an account is
// stolen.
const stolenVisit = 6

// stolenSession plans an attack with the account of a person.
func (p *plot) stolenSession(s *script) *script {
	v := p.victim(stolenVisit)
	if v == nil {
		return nil
	}
	s.person, s.left = v.user.id, 30
	switch s.attack.Label {
	case TokenReplay:
		s.replay(v)
	case ImpossibleTravel:
		s.travel(v)
	case ResidentialProxy:
		s.rotate(v)
	default:
		s.takeOver(v)
	}
	return s
}

// replay shows the victim's token from another place and handshake, while he
// goes on or 1 to 20 min after his last request.
func (s *script) replay(v *past) {
	address, d := elsewhere(s.r, v.address), otherDevice(s.r, v.ja4)
	s.at, s.pause = v.at[2].Add(time.Second), s.between(3*time.Second, 20*time.Second)
	if s.attack.Variant == Afterwards {
		s.at = v.at[len(v.at)-1].Add(s.between(time.Minute, 20*time.Minute)())
	}
	s.fill = func(e *Event) {
		e.Address = address
		d.show(e, v.day)
		asUser(e, v.user, v.sid, v.auth)
		browse(e, s.r, v.user.objects, v.user.owned)
	}
}

// travel opens a session far away 5 min to 3 h after the victim's, with a browser
// like his.
func (s *script) travel(v *past) {
	address := hostIn(pick(s.r, abroad), s.r.Uint32())
	s.at, s.pause = v.auth.Add(s.between(5*time.Minute, 3*time.Hour)()), s.between(time.Second, 15*time.Second)
	s.session(v, v.device, func() netip.Addr { return address })
}

// rotate opens a session whose requests come from home networks of the country,
// each from another.
func (s *script) rotate(v *past) {
	homes := []netip.Prefix{homeBerlin, homeHamburg, homeMunich, cableCologne}
	s.at, s.pause = v.auth.Add(s.between(time.Hour, 10*time.Hour)()), s.between(time.Second, 15*time.Second)
	s.session(v, otherDevice(s.r, v.ja4), func() netip.Addr { return hostIn(pick(s.r, homes), s.r.Uint32()) })
}

// takeOver opens a session from elsewhere with a device of the attacker's own.
func (s *script) takeOver(v *past) {
	address := elsewhere(s.r, v.address)
	s.at, s.pause = v.auth.Add(s.between(time.Hour, 10*time.Hour)()), s.between(time.Second, 15*time.Second)
	s.session(v, otherDevice(s.r, v.ja4), func() netip.Addr { return address })
}

// session fills the script with requests of a session of its own.
func (s *script) session(v *past, d device, from func() netip.Addr) {
	sid, auth := v.user.id+"-attack-"+decimal(int64(s.serial)), s.at
	s.fill = func(e *Event) {
		e.Address = from()
		d.show(e, v.day)
		asUser(e, v.user, sid, auth)
		browse(e, s.r, v.user.objects, v.user.owned)
	}
}

// keyTheft uses a machine client's key from a network it was never used from,
// with the same library in half of the cases. The client goes on.
func (p *plot) keyTheft(s *script) *script {
	if len(p.agents) == 0 {
		return nil
	}
	w := newWorker(p.c, p.agents[0])
	p.agents = p.agents[1:]
	address := elsewhere(s.r, w.addresses[0])
	agent, ja4 := w.agent, w.ja4
	if chance(s.r, 0.5) {
		n := s.r.IntN(len(libraries))
		agent, ja4 = libraries[n], libraryJA4(n)
	}
	s.person, s.left, s.at, s.pause = w.id, 60, p.sometime(s.r), s.between(time.Second, 30*time.Second)
	h := newHabit(s.r, w.habit.objects)
	s.fill = func(e *Event) {
		e.Address, e.Agent, e.JA4, e.HeaderOrder = address, agent, ja4, uint32(len(agent))
		asClient(e, w.id)
		h.call(e, s.r, s.at)
	}
	return s
}
