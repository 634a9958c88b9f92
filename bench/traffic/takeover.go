package traffic

import (
	"math"
	"slices"
	"time"
)

// takeover is one attack on a login world: it stands for a genuine login.
type takeover struct {
	kind  Attack
	holds bool // the victim's device token
}

// assign chooses the logins that the attacks stand for, among all of the last
// 30 % of the days alike.
func (w *logins) assign() {
	first := int64(w.config.FirstAttackDay()) * int64(24*time.Hour)
	from, _ := slices.BinarySearchFunc(w.rows, first, func(r row, at int64) int {
		if r.at < at {
			return -1
		}
		return 1
	})
	free := w.rows[from:]
	r := w.dice.aim(attackStream, 0)
	order := r.Perm(len(free))
	for _, a := range w.config.Attacks {
		if a.Label.isPlan() {
			continue
		}
		happen := min(a.Count, len(order))
		w.staged = append(w.staged, Staged{a, happen, "no login is left in the days of the attacks"})
		for range happen {
			at := &free[order[0]]
			order = order[1:]
			t := takeover{kind: a}
			if a.Label == TargetedTakeover {
				t.holds = chance(r, 0.05)
			}
			if a.Variant == OwnHour {
				day := at.at - at.at%int64(24*time.Hour)
				at.at = day + int64(hourOfDay(r, 0))
			}
			w.attacks = append(w.attacks, t)
			at.attack = uint32(len(w.attacks))
		}
	}
	sortRows(w.rows)
	w.settle()
}

// AttackShare is the share of the days, the last ones, in which attacks happen.
const AttackShare = 0.3

// FirstAttackDay returns the day, from 0, from which there are attacks.
func (c Config) FirstAttackDay() int { return c.Days - int(math.Round(AttackShare*float64(c.Days))) }

// settle numbers the attacks in order of time and finds the people of each
// country.
func (w *logins) settle() {
	w.natives = map[int][]int{}
	inOrder := make([]takeover, 0, len(w.attacks))
	for i := range w.rows {
		at := &w.rows[i]
		country := w.people[at.person].country
		w.natives[country] = append(w.natives[country], i)
		if at.attack != 0 {
			inOrder = append(inOrder, w.attacks[at.attack-1])
			at.attack = uint32(len(inOrder))
		}
	}
	w.attacks = inOrder
}

// disguise returns what the attack in row i shows instead of the genuine face,
// and labels the event.
func (w *logins) disguise(e *Event, i int, genuine face) face {
	at := w.rows[i]
	t := &w.attacks[at.attack-1]
	victim := &w.people[at.person]
	e.Label, e.Variant, e.Attack, e.HoldsToken = t.kind.Label, t.kind.Variant, int(at.attack), t.holds
	n := w.dice.aim(attackStream, uint64(at.attack)).Uint32()
	home := &theWorld().territories[victim.country]
	f := genuine
	switch t.kind.Label {
	case TargetedTakeover:
		f.address = genuine.at.within(genuine.address, false, n)
	case VeryTargeted:
		f.address = genuine.at.within(genuine.address, true, n)
	case NaiveTakeover:
		f = w.donor(i, func(d *face) bool { return n%1000 < sameCountry || d.at.country != genuine.at.country })
	case ResidentialProxy:
		f = w.neighbor(i, victim.country, genuine.at.place.ASN)
		r := w.dice.aim(attackStream, 1<<40|uint64(at.attack))
		f.at = home.home(r, cityOf(r, victim.country))
		f.address = f.at.address(r.Uint32())
	default:
		f = w.neighbor(i, victim.country, genuine.at.place.ASN)
		if t.kind.Variant == VPNExit {
			f.at = home.exits[n%uint32(len(home.exits))]
			f.address = f.at.address(n >> 8 % 256)
		}
	}
	f.device, f.lost = 0, false
	return f
}

// sameCountry is in how many of 1,000 naive takeovers the country does not change:
// 2 of the 141 takeovers of the published data set.
const sameCountry = 14

// donor returns the face of somebody else's login after row i that fits.
func (w *logins) donor(i int, fits func(*face) bool) (f face) {
	victim := w.rows[i].person
	for try := range 1000 {
		r := w.dice.aim(donorStream, uint64(i)<<10|uint64(try))
		n := min(len(w.rows)-1, i+1+r.IntN(max(1, len(w.rows)-i-1)))
		if w.rows[n].person == victim {
			continue
		}
		f = w.face(&w.people[w.rows[n].person], w.visit(&w.rows[n]))
		if fits(&f) {
			return f
		}
	}
	return w.stranger(i, -1, 0)
}

// neighbor returns the face of a login after row i of somebody else who lives in
// a country and is there, in another ASN than the victim's.
func (w *logins) neighbor(i, country int, not uint32) face {
	natives := w.natives[country]
	after, _ := slices.BinarySearch(natives, i+1)
	for try := range min(1000, 10*(len(natives)-after)) {
		r := w.dice.aim(donorStream, uint64(i)<<10|uint64(try))
		n := natives[after+r.IntN(len(natives)-after)]
		if w.rows[n].person == w.rows[i].person {
			continue
		}
		f := w.face(&w.people[w.rows[n].person], w.visit(&w.rows[n]))
		if f.at.country == country && f.at.place.ASN != not {
			return f
		}
	}
	return w.stranger(i, country, not)
}

// stranger returns the face of somebody who is no user: where nobody else is left
// to be a donor.
func (w *logins) stranger(i, country int, not uint32) (f face) {
	at := w.rows[i]
	at.key, at.again, at.since = 0, 0, 0
	for try := range 50 {
		p := newPerson(w.config, w.dice, w.config.Users+50*i+try, country)
		p.trips, p.vpn = nil, false
		f = w.face(&p, w.visit(&at))
		if country < 0 || f.at.country == country && f.at.place.ASN != not {
			break
		}
	}
	return f
}
