package traffic

import (
	"hash/fnv"
	"iter"
	"strconv"
)

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// apiPopulation creates everybody of the world API: machine clients, people with
// whole sessions, and those who attack them.
func (c Config) apiPopulation(p *plot) queue {
	var q queue
	add := func(s source) {
		if at, ok := s.next(); ok {
			q = append(q, &entry{at: at, order: len(q), source: s})
		}
	}
	for i := range c.Users {
		add(&visitor{user: newUser(c, i)})
	}
	for i := range c.Machines {
		add(newWorker(&c, i))
	}
	for _, s := range p.scripts() {
		add(s)
	}
	return q
}

// complete fills in what follows from the rest of an event of the world API.
func (e *Event) complete() {
	if b := blockOf(e.Address); b != nil {
		e.Place, e.Classes, e.Region = b.place, b.classes, b.region
	}
	e.BytesOut = 200
	for i := range routes {
		if routes[i].ID == e.Route && e.Status < 400 {
			e.BytesOut = routes[i].bytes + int64(mix(uint64(e.Object))%uint64(routes[i].bytes))
		}
	}
}

// visitor is a person of the world API. Now and then he switches on a VPN in the
// middle of a visit, which looks like impossible travel.
type visitor struct{ *user }

func (v *visitor) emit(e *Event) {
	v.user.emit(e)
	fate := hash64(v.visit.sid)
	e.TokenLost = fate%100 < 7
	if fate>>8%1000 < toggles && v.visit.sent > v.visit.left && e.CredentialID != "" {
		exit := vpnExits[0] // at home, in seven of ten cases
		if fate>>24%10 < 3 {
			exit = vpnExits[1]
		}
		e.Address, e.Variant = hostIn(exit, uint32(v.index)%256), BenignTwin
	}
}

// toggles is in how many of 1,000 visits somebody switches on a VPN.
const toggles = 5

func hash64(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // never fails
	return mix(h.Sum64())
}

// Merge returns the events of both, in order of time.
func Merge(a, b iter.Seq[*Event]) iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		nextA, stopA := iter.Pull(a)
		defer stopA()
		nextB, stopB := iter.Pull(b)
		defer stopB()
		x, okX := nextA()
		y, okY := nextB()
		for okX || okY {
			if okX && (!okY || !y.Time.Before(x.Time)) {
				if !yield(x) {
					return
				}
				x, okX = nextA()
				continue
			}
			if !yield(y) {
				return
			}
			y, okY = nextB()
		}
	}
}
