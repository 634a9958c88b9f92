package traffic

import (
	"math"
	"math/rand/v2"
	"time"
)

// travel plans journeys of 3 to 10 days, about one a year.
func (p *person) travel(c *Config, r *rand.Rand) {
	for at := 365 * r.ExpFloat64(); at < float64(c.Days); {
		to := drawCountry(r)
		t := trip{from: at, to: at + 3 + 7*r.Float64(), at: theWorld().territories[to].home(r, cityOf(r, to)), host: r.Uint32()}
		if to != p.country {
			p.trips = append(p.trips, t)
		}
		at = t.to + 200*r.ExpFloat64()
	}
}

// perVisit is how often a device is replaced, by login.
const perVisit = 0.004

// equip gives one to three devices, a phone among them to whom has a carrier.
func (p *person) equip(r *rand.Rand) {
	n := 1 + r.IntN(3)
	for i := range n {
		s := slot{seed: r.Uint64(), life: float64(n) / (perVisit * p.active * visitsADay)}
		switch u := r.Float64(); {
		case i == 0 && p.phone != nil, u < 0.55:
			s.first = mobile
		case u > 0.96:
			s.first = tablet
		}
		s.phase = s.life * r.Float64()
		p.slots = append(p.slots, s)
	}
}

// wake draws a chronotype: the published hours, seen through a bell of 3 h around
// an hour of his own. That hour is drawn so that all people together keep the
// published hours.
func (p *person) wake(r *rand.Rand) {
	own := hourOfDay(r, 3*r.NormFloat64()).Hours()
	sum := 0.0
	for h := range p.hours {
		away := math.Abs(math.Mod(float64(h)+0.5-own+36, 24) - 12)
		sum += hourWeights[h] * math.Exp(-away*away/18)
		p.hours[h] = sum
	}
}

// hour draws a time of day.
func (p *person) hour(r *rand.Rand) time.Duration {
	u := r.Float64() * p.hours[23]
	h := 0
	for h < 23 && u >= p.hours[h] {
		h++
	}
	return time.Duration((float64(h) + r.Float64()) * float64(time.Hour))
}
