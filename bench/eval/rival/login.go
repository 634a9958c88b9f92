package rival

import (
	"github.com/riskgate/riskgate/bench/traffic"
)

// The values of a login that the published models look at, finest first within
// address and agent.
const (
	address = iota
	asn
	country
	agent
	browser
	system
	form
	numValues
)

// login is a login reduced to numbers that stand for its values.
type login [numValues]uint32

// names turns values into numbers, from 1. Every kind of value has its own.
type names struct {
	of    [numValues]map[any]uint32
	users map[string]uint32
}

func newNames() names {
	n := names{users: map[string]uint32{}}
	for i := range n.of {
		n.of[i] = map[any]uint32{}
	}
	return n
}

// read reduces an event. What Browser, OS and DeviceType of it say is taken as it
// stands.
func (n *names) read(e *traffic.Event) (l login) {
	for i, v := range [numValues]any{
		address: e.Address, asn: e.Place.ASN, country: e.Place.Country,
		agent: e.Agent, browser: e.Browser, system: e.OS, form: e.DeviceType,
	} {
		l[i] = number(n.of[i], v)
	}
	return l
}

func (n *names) user(e *traffic.Event) uint32 { return number(n.users, e.Person) }

func number[K comparable](m map[K]uint32, k K) uint32 {
	v, ok := m[k]
	if !ok {
		v = uint32(len(m) + 1)
		m[k] = v
	}
	return v
}
