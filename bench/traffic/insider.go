package traffic

import (
	"math"
	"math/rand/v2"
	"time"
)

// insider plans an attack by a person with his own account, device and address,
// an hour or two after a visit of his.
func (p *plot) insider(s *script) *script {
	v := p.victim(1)
	if v == nil {
		return nil
	}
	s.person, s.at = v.user.id, v.auth.Add(s.between(time.Hour, 2*time.Hour)())
	sid, auth := v.user.id+"-inside-"+decimal(int64(s.serial)), s.at
	read := s.plunder(ordersRead)
	s.fill = func(e *Event) {
		e.Address = v.address
		v.device.show(e, v.day)
		asUser(e, v.user, sid, auth)
		read(e)
	}
	return s
}

// insiderClient is the same with the key of a machine client.
func (p *plot) insiderClient(s *script) *script {
	if len(p.agents) == 0 {
		return nil
	}
	w := newWorker(p.c, p.agents[0])
	p.agents = p.agents[1:]
	s.person, s.at = w.id, p.sometime(s.r)
	read := s.plunder([]int{ordersRead, invoicesRead, customersRead, stockRead}[s.r.IntN(4)])
	s.fill = func(e *Event) {
		w.at = s.at
		e.Address, e.Agent, e.JA4, e.HeaderOrder = w.address(), w.agent, w.ja4, uint32(len(w.agent))
		asClient(e, w.id)
		read(e)
	}
	return s
}

// plunder sets pace and length of the script and returns what fills in the next
// object, never the same twice.
//
// An enumeration reads 300 objects at 0.2 to 5 a second, of which 20 to 70 % are
// refused; a slow scrape one in 20 to 60 s for 24 h, all of them its own.
func (s *script) plunder(route int) func(e *Event) {
	first := 40_000_000 + s.r.Int64N(1_000_000_000)
	if s.attack.Label == SlowScrape {
		s.pause, s.left = s.between(20*time.Second, 60*time.Second), int(24*time.Hour/(40*time.Second))
		n := int64(0)
		return func(e *Event) {
			n += 1 + s.r.Int64N(9)
			routes[route].call(e, first+n, 200)
		}
	}
	mean := float64(time.Second) / (0.2 * math.Pow(25, s.r.Float64()))
	s.pause, s.left = func() time.Duration { return time.Duration(mean * (0.5 + s.r.Float64())) }, 300
	refused, sequential, n := 0.2+0.5*s.r.Float64(), s.attack.Variant == Sequential, int64(0)
	return func(e *Event) {
		n++
		object := first + n
		if !sequential {
			object = first + scatter(n, s.r)
		}
		routes[route].call(e, object, refusal(s.r, refused))
	}
}

// scatter returns a number that no other n below 2^20 has, within 2^24.
func scatter(n int64, r *rand.Rand) int64 {
	return n*7919%(1<<20)<<4 | r.Int64N(16)
}

// refusal draws a status: 200, or with probability p 403 or 404.
func refusal(r *rand.Rand, p float64) int {
	switch {
	case !chance(r, p):
		return 200
	case chance(r, 0.5):
		return 403
	}
	return 404
}
