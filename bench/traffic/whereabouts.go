package traffic

import (
	"net/netip"
	"time"
)

// visit is one login of a person: when, and the number under which its random
// numbers are drawn. A login soon after another has the number of that one: same
// device, same place.
type visit struct {
	at    time.Time
	days  float64 // since the start of the world
	first float64 // the same of the first login of its burst
	key   uint32
	again uint8 // how many logins of the burst came before
}

// face is what a login shows.
type face struct {
	address netip.Addr
	at      *block
	claim   *claim
	device  int
	lost    bool // the device token
}

// face returns what a visit of p shows.
func (w *logins) face(p *person, v visit) face {
	r := w.dice.aim(visitStream, uint64(p.number)<<32|uint64(v.key))
	n := r.IntN(len(p.slots))
	s := &p.slots[n]
	f := face{device: n + len(p.slots)*s.generation(v.days)}
	roams, vpn, inOffice := r.Float64() < w.config.roaming(p, v.days), chance(r, 0.3), chance(r, 0.8)
	aged, exit := w.config.aged(v.days), w.config.exitOf(p, v.days)
	f.claim = w.claims.of(w.modelOf(s, v.days), s.version(aged), s.build(aged))
	r = w.dice.aim(visitStream, uint64(p.number)<<32|uint64(v.key)|uint64(v.again+1)<<24)
	f.lost = chance(r, 0.07)
	moved := v.again > 0 && chance(r, 0.05)
	switch journey := p.journey(v.days); {
	case journey != nil:
		f.address, f.at = journey.at.address(journey.host), journey.at
	case exit != nil && vpn:
		f.address, f.at = exit.address(r.Uint32N(256)), exit
	case p.phone != nil && s.first == mobile && roams != moved:
		f.address, f.at = w.roaming(p, v.first, moved), p.phone
	case p.office.IsValid() && inOffice && working(v.at):
		f.address, f.at = p.office, blockOf(p.office)
	default:
		f.address, f.at = p.athome(v.first), p.home
		if moved { // the line dropped
			f.address = p.home.address(p.host + r.Uint32())
		}
	}
	if w.config.World == WorldB {
		w.blur(&f, p, v)
	}
	return f
}

// generation returns which device in the slot it is.
func (s *slot) generation(days float64) int { return int((days + s.phase) / s.life) }

// version returns how many versions a browser has come further.
func (s *slot) version(days float64) int {
	return int(days+float64(s.seed%versionDays)) / versionDays
}

// build returns which of the builds of a version it is.
func (s *slot) build(days float64) int {
	return int(mix(s.seed+uint64(s.version(days))) % builds)
}

// modelOf returns the model in a slot.
func (w *logins) modelOf(s *slot, days float64) int {
	key := [2]uint64{s.seed, uint64(s.generation(days))}
	if n, ok := w.models[key]; ok {
		return n
	}
	n := drawModel(w.dice.aim(modelStream, key[0]>>8^key[1]<<40), s.first)
	w.models[key] = n
	return n
}

// journey returns where p is traveling, nil if he is not.
func (p *person) journey(days float64) *trip {
	for i := range p.trips {
		if t := &p.trips[i]; t.from <= days && days < t.to {
			return t
		}
	}
	return nil
}

// athome returns the address at home on a day.
func (p *person) athome(days float64) netip.Addr {
	host := p.host
	if p.lease != 0 {
		host += uint32((days+p.phase)/p.lease) * 7919
	}
	return p.home.address(host)
}

// roaming returns an address of the carrier's pool, the same while it sticks.
func (w *logins) roaming(p *person, days float64, moved bool) netip.Addr {
	slot := uint64(days/p.sticks) << 1
	if moved {
		slot |= 1
	}
	r := w.dice.aim(roamStream, uint64(p.number)<<32|slot)
	return p.phone.address(r.Uint32N(poolSize))
}

// working reports whether offices are open.
func working(at time.Time) bool {
	return at.Hour() >= 7 && at.Hour() < 17 && at.Weekday() != time.Saturday && at.Weekday() != time.Sunday
}
