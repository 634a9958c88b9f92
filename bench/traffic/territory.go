package traffic

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/riskgate/riskgate/models"
)

type builder struct {
	world *world4
	asn   uint32
	next  uint32 // unit
}

func (b *builder) territory(i int) (t territory) {
	c := &countries[i]
	rest := c.share
	for _, l := range c.leaders {
		rest -= l
	}
	harmonic := 0.0
	for n := len(c.leaders); n < c.operators; n++ {
		harmonic += 1 / float64(n-len(c.leaders)+1)
	}
	for n := range c.operators {
		b.asn++
		o := operator{weight: rest / harmonic / float64(n-len(c.leaders)+1)}
		if n < len(c.leaders) {
			o.weight = c.leaders[n]
		}
		if n < 4 {
			o.mobile = b.block(i, 0, mobileKind, 1)
			t.carriers = append(t.carriers, o.mobile)
			for at := range c.cities {
				o.homes = append(o.homes, b.block(i, at, homeKind, 1+int(4*math.Sqrt(o.weight))))
			}
		} else {
			o.homes = []*block{b.block(i, n%len(c.cities), homeKind, 1)}
		}
		t.total += o.weight
		t.operators = append(t.operators, o)
	}
	return t
}

// block hands out the next units.
func (b *builder) block(in, at int, k kind, units int) *block {
	c := &countries[in]
	place := models.Place{
		Latitude: c.cities[at].lat, Longitude: c.cities[at].lon, Radius: 20,
		ASN: b.asn, Country: [2]byte{c.code[0], c.code[1]}, HasLocation: true,
	}
	if k == mobileKind {
		place.Radius = 200
	}
	n := &block{
		from: firstUnit + b.next<<unitBits, size: uint32(units) << unitBits, kind: k,
		place: place, country: in, region: fmt.Sprintf("%s-%d", c.code, at+1),
	}
	for range units {
		b.world.units[b.next] = n
		b.next++
	}
	return n
}

// operator draws one by weight.
func (t *territory) operator(r *rand.Rand) *operator {
	u := r.Float64() * t.total
	for i := range t.operators {
		if u -= t.operators[i].weight; u < 0 {
			return &t.operators[i]
		}
	}
	return &t.operators[0]
}

// home draws a block for a home, in a city if the operator serves it.
func (t *territory) home(r *rand.Rand, at int) *block {
	o := t.operator(r)
	return o.homes[at%len(o.homes)]
}

// drawCountry draws one by its share of people.
func drawCountry(r *rand.Rand) int {
	u := r.Float64() * countryTotal
	for i := range countries {
		if u -= countries[i].share; u < 0 {
			return i
		}
	}
	return 0
}

var countryTotal = func() (sum float64) {
	for i := range countries {
		sum += countries[i].share
	}
	return sum
}()
