package geo

import (
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

const (
	// hitOdds is the reputation from which a source counts as a hit: e.
	hitOdds = 2.718281828459045
	// hitNats is what it amounts to for a subject without history, ln(0.45+0.55e),
	// by which a session remembers the hit.
	hitNats = 0.66
)

// infrastructure is what the reputation of the source, agent included, adds to
// what network and device say: lambda(R) - lambda(1) nats, where R, from e^-1.5 to
// e^4, is the odds multiplier of the share of bad attempts (half-life a day), shrunk from
// address to block, ASN and world, times that of published lists: about -1.5 to 4 nats
// each of source and of agent. It is p(A|x) of Freeman et al. (NDSS 2016), which the
// gateway measures itself. What hosting is worth, e^1.25, was measured on the visitors
// of a public access log; the rest is riskgate's own, see ADR 5, 7 and 16.
func infrastructure(f *models.Features, lambda float64) models.Evidence {
	e := baseline.SayLook(f, lambda)
	if e.State == models.Hit {
		e.State = models.Clean // the odds decide
	}
	net, dev := f.Get(models.NetOdds), f.Get(models.DevOdds)
	if net > hitOdds || dev > hitOdds {
		e.State = models.Hit
	}
	var facts baseline.Facts
	facts.Add(f.Has(models.SourceListed), models.FactBadAddress, 1)
	facts.Add(f.Has(models.SourceTor), models.FactTor, 1)
	facts.Add(f.Has(models.SourceVPN), models.FactVPN, 1)
	facts.Add(f.Has(models.SourceHosting), models.FactHosting, 1)
	facts.Add(net != 0 && net != 1, models.FactReputation, net)
	facts.Add(dev != 0 && dev != 1, models.FactDeviceOdds, dev)
	e.Facts = facts.List()
	return e
}

func heldInfrastructure(f *models.Features) models.Evidence {
	e := baseline.Held(f, models.HeldInfrastructure)
	if e.State == models.Hit && e.Lambda < hitNats {
		e.State = models.Clean
	}
	return e
}
