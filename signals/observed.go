package signals

import (
	"net/netip"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/signals/device"
	"github.com/riskgate/riskgate/signals/keyed"
)

// observeNetwork fills in the address and where it is. Levels that no database
// knows are blocks of addresses. It returns the flags of the source.
func (c *Collector) observeNetwork(addr netip.Addr, connID uint64, o *models.Observed) models.Flag {
	addr = addr.Unmap()
	place, flags, state := c.locator.Lookup(addr, connID)
	o.Place = place
	flags |= c.lists.Load().Classes(addr, place.ASN)
	switch {
	case !c.locator.Ready():
		flags |= models.NetUnavailable
	case state == models.Unavailable:
		flags |= models.NetUnknown
	}
	flags |= blocks(&place)
	o.Address = c.block(keyed.Address, addr, 32, 64)
	o.Network, o.Country = 0, 0
	if place.ASN != 0 {
		o.Network = keyed.Short(c.hash.Pair(keyed.Network, uint64(place.ASN), 0))
	}
	if place.Country != [2]byte{} {
		o.Country = keyed.Short(c.hash.Sum(keyed.Country, place.Country[:]))
	}
	if o.Network == 0 {
		o.Network = c.block(keyed.Prefix, addr, 16, 32)
	}
	if o.Country == 0 {
		o.Country = c.block(keyed.Country, addr, 16, 32)
	}
	return flags
}

// blocks tells which levels of the network are blocks of addresses.
func blocks(p *models.Place) (flags models.Flag) {
	if p.ASN == 0 {
		flags |= models.BlockNetwork
	}
	if p.Country == [2]byte{} {
		flags |= models.BlockCountry
	}
	return flags
}

// block returns the hash of the block of addresses around addr.
func (c *Collector) block(d keyed.Domain, addr netip.Addr, bits4, bits6 int) uint32 {
	bits := bits6
	if addr.Is4() {
		bits = bits4
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return 0
	}
	b := p.Addr().As16()
	return keyed.Short(c.hash.Sum(d, b[:]))
}

// observeDevice fills in what the device shows of itself.
func (c *Collector) observeDevice(view *models.Request, o *models.Observed) (a device.Agent, flags models.Flag) {
	var agent, handshake uint64
	if len(view.Agent) > 0 {
		a, agent = c.agents.Parse(view.Agent)
		flags |= models.HasAgent
	}
	if ja4 := view.TLS.JA4; ja4 != "" {
		handshake = c.hash.Text(keyed.Handshake, ja4)
		o.Handshake = keyed.Short(handshake)
		flags |= models.AboveTLS
	}
	if flags == 0 {
		return a, 0
	}
	o.Fingerprint = keyed.Short(c.hash.Pair(keyed.Fingerprint, handshake, agent))
	if o.Family = a.Family; o.Family == 0 {
		o.Family = o.Handshake
	}
	o.DeviceType = keyed.Short(c.hash.Pair(keyed.DeviceType, uint64(a.Type), 0))
	return a, flags
}

// sourceKeys returns under which keys the reputation of a source is kept.
func (c *Collector) sourceKeys(addr netip.Addr, o *models.Observed) baseline.SourceKeys {
	k := baseline.SourceKeys{
		Address: o.Address,
		Network: o.Network,
		Block:   c.block(keyed.Block, addr.Unmap(), 24, 48),
	}
	if o.Fingerprint != 0 {
		k.Agent = keyed.Short(c.hash.Pair(keyed.Reputation, uint64(o.Handshake), uint64(o.Family)))
	}
	return k
}

// role is the hash of what a caller is: person or machine, and its roles, in the
// order in which its credential names them.
func (c *Collector) role(id *models.Identity) uint32 {
	sum := uint64(id.Subject.Kind)
	for _, role := range id.Roles {
		sum = c.hash.Pair(keyed.Role, sum, c.hash.Text(keyed.Role, role))
	}
	return keyed.Short(c.hash.Pair(keyed.Role, sum, 0))
}

// stranger is the pseudonym of a caller without identity: its address and its
// fingerprint, or agent family.
func (c *Collector) stranger(o *models.Observed) (p models.Pseudonym) {
	look := uint64(o.Handshake)
	if look == 0 {
		look = 1<<32 | uint64(o.Family)
	}
	a := c.hash.Pair(keyed.Stranger, uint64(o.Address), look)
	b := c.hash.Pair(keyed.StrangerToo, uint64(o.Address), look)
	for i := range 8 {
		p[i], p[i+8] = byte(a>>(8*i)), byte(b>>(8*i))
	}
	return p
}
