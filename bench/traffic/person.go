package traffic

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"strconv"
)

// person is somebody who logs in to a world A or B. Where he is and what he shows
// is a function of him, the time and the visit, so that any login can be drawn
// at any moment: that of another person later, for instance.
type person struct {
	id      string
	number  int
	country int

	home   *block
	host   uint32
	lease  float64 // days an address at home lasts, 0: for good
	phase  float64 // days
	roams  float64 // share of visits with the phone over its carrier
	sticks float64 // days that an address of the carrier stays
	phone  *block  // nil: no carrier
	office netip.Addr
	exit   *block // of the VPN, nil: none
	trips  []trip

	slots  []slot
	active float64     // probability of a day with a visit
	hours  [24]float64 // cumulative weights
	vpn    bool
}

// slot holds one device after the other.
type slot struct {
	first form
	life  float64 // days
	phase float64 // days
	seed  uint64
}

// trip is a journey abroad.
type trip struct {
	from, to float64 // days since the start
	at       *block
	host     uint32
}

// dice draws random numbers for one purpose after the other without allocating.
type dice struct {
	*rand.Rand
	source *rand.PCG
	seed   uint64
}

func newDice(seed uint64) *dice {
	source := rand.NewPCG(seed, 0)
	return &dice{rand.New(source), source, seed}
}

// aim makes the next numbers those of one purpose.
func (d *dice) aim(stream, i uint64) *rand.Rand {
	d.source.Seed(d.seed, mix(stream<<56|i))
	return d.Rand
}

// mix spreads a number over all bits: neighbors have nothing in common
// (SplitMix64's finalizer).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// newPerson draws person i. In says where he lives, -1: anywhere.
func newPerson(c *Config, d *dice, i, in int) person {
	r := d.aim(personStream, uint64(i))
	p := person{id: "user-" + strconv.Itoa(i), number: i, country: drawCountry(r)}
	if in >= 0 {
		p.country = in
	}
	t := &theWorld().territories[p.country]
	at := cityOf(r, p.country)
	p.home, p.host, p.phase = t.home(r, at), r.Uint32(), 64*r.Float64()
	if !chance(r, 0.3) {
		p.lease = math.Max(0.5, 16*r.ExpFloat64())
	}
	if chance(r, 0.6) {
		p.phone = t.carrier(r)
		p.roams = 0.05 + 0.55*r.Float64()
		p.sticks = (30 + 60*r.Float64()) / (24 * 60)
	}
	if chance(r, 0.4) {
		p.office = t.office(r, at)
	}
	p.vpn = chance(r, 0.03)
	if p.vpn {
		p.exit = t.exits[r.IntN(len(t.exits))]
	}
	p.active = 1 / frequency(r).Hours() * 24
	p.travel(c, r)
	p.equip(r)
	p.wake(r)
	return p
}

// cityOf draws where in its country somebody lives: half in the largest city.
func cityOf(r *rand.Rand, in int) int {
	if n := len(countries[in].cities); n > 1 && chance(r, 0.5) {
		return 1 + r.IntN(n-1)
	}
	return 0
}

// carrier draws one: by the root of its weight, so that customers spread more
// evenly than those of cables.
func (t *territory) carrier(r *rand.Rand) *block {
	total := 0.0
	for i := range t.carriers {
		total += math.Sqrt(t.operators[i].weight)
	}
	u := r.Float64() * total
	for i := range t.carriers {
		if u -= math.Sqrt(t.operators[i].weight); u < 0 {
			return t.carriers[i]
		}
	}
	return t.carriers[0]
}

// office draws the address of an employer: one of 300 in the country, each behind
// one address of a smaller operator.
func (t *territory) office(r *rand.Rand, at int) netip.Addr {
	company := r.Uint32N(300)
	o := &t.operators[min(4, len(t.operators)-1)+int(company)%max(1, len(t.operators)-4)]
	return o.homes[at%len(o.homes)].address(company * 7)
}
