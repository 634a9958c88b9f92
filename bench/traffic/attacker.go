package traffic

import (
	"strconv"
	"time"
)

// naive is somebody with the password of a user, in another country, with a
// browser of his own: the attack that every such system must see.
type naive struct {
	user  *user // the victim, as a source of random numbers and objects
	at    time.Time
	visit session
}

// newNaive takes over the account of user i·7 at some time of the last day. The
// victim lives in the home country, so that the attacker's is another.
func newNaive(c Config, i int) *naive {
	r := c.random(attackStream, uint64(i))
	victim := newUser(c, (i*7)%max(c.Users, 1))
	for tries := c.Users; isAbroad(victim) && tries > 0; tries-- {
		victim = newUser(c, (victim.index+1)%c.Users)
	}
	victim.r = r
	day := c.Days - 1
	at := c.Start.AddDate(0, 0, day).Add(hourOfDay(r, 0))
	network := pick(r, abroad)
	if chance(r, 0.3) {
		network = clouds[1+r.IntN(2)]
	}
	return &naive{user: victim, at: at, visit: session{
		day: day, auth: at, sid: "stolen-" + strconv.Itoa(i), login: 1, left: 12,
		device: newDevice(r, false), address: hostIn(network, r.Uint32()),
	}}
}

func isAbroad(u *user) bool {
	for _, p := range abroad {
		if u.home.network == p {
			return true
		}
	}
	return false
}

func (n *naive) next() (time.Time, bool) {
	if n.visit.left == 0 {
		return time.Time{}, false
	}
	if n.visit.sent > 0 {
		n.at = n.visit.advance(n.user.r, n.at)
	}
	return n.at, true
}

func (n *naive) emit(e *Event) {
	e.Time, e.Person, e.Label = n.at, n.user.id, NaiveTakeover
	n.visit.emit(e, n.user.r, n.user)
}
