package traffic

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/riskgate/riskgate/models"
)

// UserIssuer is the issuer of the users' tokens.
const UserIssuer = "https://idp.example"

// user is an honest person: a home, perhaps a phone with a carrier, an office and
// a VPN, one to three devices, an hour of the day and own objects.
type user struct {
	world Config
	id    string
	index int
	r     *rand.Rand

	home    place
	carrier int // index of carriers, -1: no phone of its own network
	office  netip.Addr
	vpn     bool
	shift   float64 // hours by which the day begins later than others'
	devices []device
	phone   int    // index of devices, -1: none
	objects int64  // first of the own object ids
	owned   int64  // how many
	trip    [2]int // days away, from and to
	tripTo  netip.Prefix
	days    time.Duration // mean time between days with a visit

	visits []time.Time // of the day that is running
	day    int
	at     time.Time
	visit  session
}

// place is a home connection. The address is for good, or a lease that ends.
type place struct {
	network netip.Prefix
	six     bool
	host    uint32
	lease   int // days, 0: for good
}

// address returns the address on a day.
func (p place) address(day int) netip.Addr {
	host := p.host
	if p.lease != 0 {
		host += uint32((day+int(p.host%64))/p.lease) * 7919
	}
	if p.six {
		return subnetIn(p.network, host, uint64(p.host)|1<<63)
	}
	return hostIn(p.network, host)
}

func newUser(c Config, i int) *user {
	r := c.random(userStream, uint64(i))
	u := &user{
		world: c, index: i, r: r, id: "user-" + strconv.Itoa(i), day: -1,
		carrier: -1, phone: -1, vpn: chance(r, 0.03), shift: r.NormFloat64() * 3,
		objects: 100_000 + int64(i)*40, owned: 5 + r.Int64N(30),
		days: frequency(r), trip: [2]int{-1, -1},
	}
	foreign := chance(r, 0.2)
	u.home = newHome(r, foreign)
	if !foreign {
		if chance(r, 0.4) {
			u.office = hostIn(pick(r, offices), r.Uint32N(200)*37) // 400 companies
		}
		if chance(r, 0.6) {
			u.carrier = r.IntN(len(carriers))
		}
	}
	u.equip()
	if chance(r, 0.1) {
		first := r.IntN(90)
		u.trip, u.tripTo = [2]int{first, first + 3 + r.IntN(8)}, pick(r, abroad)
	}
	return u
}

// frequency draws how often somebody comes: daily, every few days, weekly, every
// few weeks, less than monthly.
func frequency(r *rand.Rand) time.Duration {
	u := r.Float64()
	for _, f := range []struct {
		share float64
		days  int
	}{{0.05, 1}, {0.10, 3}, {0.15, 7}, {0.25, 21}, {0.45, 60}} {
		if u -= f.share; u < 0 {
			return time.Duration(f.days) * 24 * time.Hour
		}
	}
	return 60 * 24 * time.Hour
}

func newHome(r *rand.Rand, foreign bool) place {
	p := place{host: r.Uint32()}
	switch u := r.Float64(); {
	case foreign:
		p.network = pick(r, abroad)
	case u < 0.15:
		p.network, p.six = homeSix, true
	case u < 0.20:
		p.network, p.six = cableSix, true
	case u < 0.45:
		p.network = homeBerlin
	case u < 0.58:
		p.network = homeHamburg
	case u < 0.70:
		p.network = homeMunich
	default:
		p.network = cableCologne
	}
	if !chance(r, 0.3) {
		p.lease = 1 + int(r.ExpFloat64()*16)
	}
	return p
}

// equip gives one to three devices. Who has a carrier has a phone.
func (u *user) equip() {
	n := 1 + u.r.IntN(3)
	for i := range n {
		mobile := i == 0 && u.carrier >= 0 || chance(u.r, 0.4)
		if mobile && u.phone < 0 {
			u.phone = i
		}
		d := newDevice(u.r, mobile)
		d.number = i
		u.devices = append(u.devices, d)
	}
}

// next goes on with the visit that is running, or begins the next one.
func (u *user) next() (time.Time, bool) {
	if u.visit.left > 0 {
		u.at = u.visit.advance(u.r, u.at)
		return u.at, true
	}
	for len(u.visits) == 0 {
		u.day++
		if u.day >= u.world.Days {
			return time.Time{}, false
		}
		u.plan()
	}
	begin := u.visits[0]
	u.visits = u.visits[1:]
	if begin.Before(u.at) { // the last visit took longer than planned
		begin = u.at.Add(time.Minute)
	}
	u.at = begin
	u.visit = u.begin(begin)
	return u.at, true
}

// plan draws the visits of the day that begins.
func (u *user) plan() {
	u.visits = u.visits[:0]
	if !u.world.Everyone && !chance(u.r, float64(24*time.Hour)/float64(u.days)) {
		return
	}
	midnight := u.world.Start.AddDate(0, 0, u.day)
	for more := true; more; more = chance(u.r, 0.35) {
		at := midnight.Add(hourOfDay(u.r, u.shift))
		u.visits = append(u.visits, at)
		if chance(u.r, 0.18) { // logs in again soon after
			u.visits = append(u.visits, at.Add(time.Duration(1+u.r.IntN(9))*time.Minute))
		}
	}
	slices.SortFunc(u.visits, time.Time.Compare)
}

// hourWeights is the share of logins by hour of the day, in percent, as published
// for the login data set of the RBA project.
var hourWeights = [24]float64{
	1.35, 1.77, 2.00, 2.15, 2.65, 3.31, 4.23, 5.09, 5.37, 5.58, 5.5, 5.5,
	5.5, 5.5, 5.5, 5.5, 5.5, 5.5, 5.5, 5.3, 4.4, 3.6, 2.6, 1.7,
}

// hourOfDay draws a time of the day, later by shift hours, around midnight.
func hourOfDay(r *rand.Rand, shift float64) time.Duration {
	total := 0.0
	for _, w := range hourWeights {
		total += w
	}
	u, hour := r.Float64()*total, 0
	for ; hour < 23 && u >= hourWeights[hour]; hour++ {
		u -= hourWeights[hour]
	}
	t := math.Mod(float64(hour)+r.Float64()+shift+48, 24)
	return time.Duration(t * float64(time.Hour))
}

// emit fills in the request of the running visit.
func (u *user) emit(e *Event) {
	e.Time, e.Person = u.at, u.id
	u.visit.emit(e, u.r, u)
}

// begin draws where a visit happens and with what.
func (u *user) begin(at time.Time) session {
	s := session{
		day: u.day, auth: at, sid: fmt.Sprintf("%s-%d", u.id, at.Unix()),
		left: 2 + int(u.r.ExpFloat64()*12), device: u.devices[u.r.IntN(len(u.devices))],
	}
	s.login = 1
	if chance(u.r, 0.04) { // mistyped once
		s.login, s.failed = 2, 1
	}
	s.left += s.login
	s.address, s.moves = u.whereabouts(&s, at)
	return s
}

// whereabouts returns the address of a visit, and of its second half if the
// phone changes from one network to another meanwhile.
func (u *user) whereabouts(s *session, at time.Time) (now, later netip.Addr) {
	home := u.home.address(u.day)
	onPhone := u.phone >= 0 && s.device == u.devices[u.phone]
	hour := at.Hour()
	switch {
	case u.trip[0] <= u.day && u.day < u.trip[1]:
		return hostIn(u.tripTo, u.home.host), netip.Addr{}
	case u.vpn && chance(u.r, 0.3):
		return hostIn(pick(u.r, vpnExits), u.r.Uint32N(256)), netip.Addr{}
	case onPhone && u.carrier >= 0 && chance(u.r, 0.5):
		if chance(u.r, 0.1) {
			return u.mobile(at), home
		}
		return u.mobile(at), netip.Addr{}
	case u.office.IsValid() && hour >= 7 && hour < 17 && at.Weekday() != time.Saturday && at.Weekday() != time.Sunday:
		return u.office, netip.Addr{}
	case onPhone && u.carrier >= 0 && chance(u.r, 0.1):
		return home, u.mobile(at)
	}
	return home, netip.Addr{}
}

// mobile returns an address of the carrier's pool of 4,000, the same for an hour.
func (u *user) mobile(at time.Time) netip.Addr {
	slot := uint64(at.Unix()/3600)<<24 ^ uint64(u.index)
	host := u.world.random(sessionStream, slot).Uint32N(4000)
	return hostIn(carriers[u.carrier], host)
}

// subject returns who the token says.
func (u *user) subject() models.Subject {
	return models.Subject{Kind: models.User, Issuer: UserIssuer, ID: u.id}
}
