package traffic

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// plot is what all attackers of a world API have planned.
type plot struct {
	c      *Config
	r      *rand.Rand
	users  []int // who has not been attacked yet
	agents []int // machine clients, the same
	serial int
	taken  map[int]bool // users who are attacked
	staged []Staged
}

func newPlot(c *Config) *plot {
	p := &plot{c: c, r: c.random(attackStream, 1<<50), taken: map[int]bool{}}
	p.users, p.agents = p.r.Perm(c.Users), p.r.Perm(c.Machines)
	return p
}

// scripts returns the attacks in the order of the configuration. Nobody is
// attacked twice; where there are too few victims there are fewer attacks.
func (p *plot) scripts() []source {
	var all []source
	for _, a := range p.c.Attacks {
		if a.Label.isPlan() {
			continue
		}
		if a.Label == Stuffing {
			p.serial++
			all = append(all, newStuffing(p.c, p.serial, a.Count))
			p.staged = append(p.staged, Staged{Attack: a, Happen: a.Count})
			continue
		}
		before := len(all)
		for i := range a.Count {
			if s := p.script(a, i); s != nil {
				all = append(all, s)
			}
		}
		p.staged = append(p.staged, Staged{a, len(all) - before, whyFewer(a.Label)})
	}
	return all
}

// script plans one attack, nil if there is no victim left.
func (p *plot) script(a Attack, i int) *script {
	p.serial++
	s := &script{attack: a, serial: p.serial, r: p.c.random(attackStream, 1<<48|uint64(p.serial))}
	switch a.Label {
	case KeyTheft:
		return p.keyTheft(s)
	case Enumeration, SlowScrape:
		if i%2 == 0 {
			return p.insiderClient(s)
		}
		return p.insider(s)
	}
	return p.stolenSession(s)
}

// whyFewer says why attacks of a kind do not happen.
func whyFewer(l Label) string {
	people := "nobody is left who came for long enough in the days of the attacks"
	switch l {
	case KeyTheft:
		return "no machine client is left"
	case Enumeration, SlowScrape: // half of each
		return people + ", or no machine client"
	}
	return people
}

// plans chooses their victims among people whom no script concerns, by their last
// quiet request before the days of the attacks.
func (p *plot) plans() *plans {
	return newPlans(p.c, p.serial, func(person int) (Event, bool) {
		if p.taken[person] {
			return Event{}, false
		}
		return p.quietly(person)
	})
}

// quietly plays a person alone.
func (p *plot) quietly(person int) (last Event, known bool) {
	from, _ := p.window()
	u, visits := newUser(*p.c, person), map[string]bool{}
	for at, ok := u.next(); ok && at.Before(from); at, ok = u.next() {
		var e Event
		u.emit(&e)
		if e.CredentialID != "" && e.Method == "GET" && e.Status == 200 {
			visits[e.CredentialID] = true
			last = e
		}
	}
	last.complete()
	return last, len(visits) >= plannedVisits
}

// past is a visit that an attack builds upon.
type past struct {
	user       *user
	sid        string
	auth       time.Time
	at         []time.Time // of the requests with its token
	device     device
	address    netip.Addr
	day        int
	agent, ja4 string
}

// victim returns a visit of somebody who has not been attacked, in the days of
// the attacks, with at least so many requests; nil if there is none.
func (p *plot) victim(least int) *past {
	from, to := p.window()
	for len(p.users) > 0 {
		i := p.users[0]
		p.users = p.users[1:]
		var found []*past
		for _, v := range visitsOf(p.c, i) {
			if len(v.at) >= least && v.auth.After(from) && v.auth.Before(to) {
				found = append(found, v)
			}
		}
		if len(found) > 0 {
			p.taken[i] = true
			return pick(p.r, found)
		}
	}
	return nil
}

// window returns the days of the attacks, the last one left out.
func (p *plot) window() (from, to time.Time) {
	return p.c.Start.AddDate(0, 0, p.c.FirstAttackDay()), p.c.end().AddDate(0, 0, -1)
}

// sometime draws a moment of the window.
func (p *plot) sometime(r *rand.Rand) time.Time {
	from, to := p.window()
	return from.Add(time.Duration(r.Float64() * float64(to.Sub(from))))
}

// visitsOf plays a person alone and returns the visits.
func visitsOf(c *Config, i int) []*past {
	u := newUser(*c, i)
	var all []*past
	var e Event
	for _, ok := u.next(); ok; _, ok = u.next() {
		e = Event{}
		u.emit(&e)
		if e.CredentialID == "" {
			continue
		}
		if n := len(all); n == 0 || all[n-1].sid != e.CredentialID {
			all = append(all, &past{
				user: u, sid: e.CredentialID, auth: e.AuthTime, device: u.visit.device, address: e.Address,
				day: u.visit.day, agent: e.Agent, ja4: e.JA4,
			})
		}
		all[len(all)-1].at = append(all[len(all)-1].at, e.Time)
	}
	return all
}
