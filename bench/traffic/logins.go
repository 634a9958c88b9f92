package traffic

import (
	"iter"
	"net/netip"
	"strconv"
	"time"

	"github.com/riskgate/riskgate/models"
)

// logins is a world A or B while it runs: everybody in it, and when they come.
type logins struct {
	config  *Config
	dice    *dice
	people  []person
	claims  claims
	models  map[[2]uint64]int // in a slot, by its seed and generation
	rows    []row
	attacks []takeover    // by serial number less one
	natives map[int][]int // rows of people by country
	staged  []Staged
}

func newLogins(c *Config) *logins {
	w := &logins{
		config: c, dice: newDice(c.Seed), claims: claims{map[[3]int]*claim{}}, models: map[[2]uint64]int{},
	}
	for i := range c.Users {
		w.people = append(w.people, newPerson(c, w.dice, i, -1))
	}
	w.rows = w.schedule()
	w.assign()
	return w
}

// logins returns the events of a world A or B.
func (c Config) logins() iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		w := newLogins(&c)
		w.plans().with(w.events())(yield)
	}
}

// events returns the logins without what is planned beside them.
func (w *logins) events() iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		var e Event
		for i := range w.rows {
			w.emit(&e, i)
			if !yield(&e) {
				return
			}
		}
	}
}

// plans chooses their victims among people by their last login before the days of
// the attacks.
func (w *logins) plans() *plans {
	before := int64(w.config.FirstAttackDay()) * int64(24*time.Hour)
	visits, last := make([]int, len(w.people)), make([]int, len(w.people))
	for i := range w.rows {
		if at := &w.rows[i]; at.at < before && at.attack == 0 {
			visits[at.person]++
			last[at.person] = i
		}
	}
	return newPlans(w.config, len(w.attacks), func(person int) (e Event, known bool) {
		if visits[person] >= plannedVisits {
			w.emit(&e, last[person])
		}
		return e, visits[person] >= plannedVisits
	})
}

// emit fills in row i.
func (w *logins) emit(e *Event, i int) {
	at := &w.rows[i]
	p := &w.people[at.person]
	v := w.visit(at)
	*e = Event{
		Time: v.at, Subject: models.Subject{Kind: models.User, Issuer: UserIssuer, ID: p.id},
		Credential: models.JWT, CredentialID: p.id + "-" + strconv.Itoa(i), AuthTime: v.at,
		Method: "GET", Route: "orders.list", Path: "/v1/orders", Object: -1, Status: 200,
		Person: p.id, Row: i, BytesOut: 4096,
	}
	f := w.face(p, v)
	if at.attack != 0 {
		f = w.disguise(e, i, f)
	}
	f.show(e)
}

func (w *logins) visit(at *row) visit {
	days := float64(at.at) / float64(24*time.Hour)
	return visit{
		at: w.config.Start.Add(time.Duration(at.at)), days: days, first: days - float64(at.since)/(24*60*60),
		key: at.key, again: at.again,
	}
}

// show fills in what a login shows.
func (f *face) show(e *Event) {
	e.Address, e.Place, e.Classes, e.Region = f.address, f.at.place, f.at.classes, f.at.region
	m := f.claim.model
	e.Agent, e.Browser, e.OS, e.DeviceType = f.claim.agent, f.claim.browser, f.claim.os, formNames[m.form]
	e.JA4, e.HeaderOrder, e.Device, e.TokenLost = m.ja4, m.order, f.device, f.lost
}

// within returns another address around addr: in its /24, or in the whole block
// but not in that /24.
func (b *block) within(addr netip.Addr, near bool, n uint32) netip.Addr {
	four := addr.As4()
	own := uint32(four[0])<<24 | uint32(four[1])<<16 | uint32(four[2])<<8 | uint32(four[3])
	if near {
		return addr4(own&^0xFF | (own+1+n%255)&0xFF)
	}
	size := b.size
	if b.kind == mobileKind {
		size = poolSize
	}
	for {
		other := b.from + n%size
		if other&^0xFF != own&^0xFF {
			return addr4(other)
		}
		n += 257
	}
}
