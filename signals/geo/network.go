package geo

import (
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

// spoof says how likely an attacker comes from the subject's own address, from
// its ASN, from its country, or from elsewhere.
var spoof = baseline.Spoof{0.02, 0.13, 0.30, 0.55}

// Evaluate computes the evidence of this family: Network, Infrastructure and
// Travel, held between looks, and RTT. DeviceOdds is what the reputation of the
// device adds, from device.Evaluate.
func Evaluate(f *models.Features, out *models.EvidenceSet, deviceOdds float64) {
	out[models.RTT] = roundTrips(f)
	if !f.Has(models.IsLook) {
		out[models.Network] = baseline.Held(f, models.HeldNetwork)
		out[models.Infrastructure] = heldInfrastructure(f)
		out[models.Travel] = baseline.Held(f, models.HeldTravel)
		return
	}
	l := lift(f)
	withOdds, even := l.Nats(&spoof)
	out[models.Network] = network(f, even)
	out[models.Infrastructure] = infrastructure(f, withOdds-even+deviceOdds)
	out[models.Travel] = travel(f)
}

func lift(f *models.Features) baseline.Lift {
	return baseline.Lift{
		Weight:  f.Three(models.NetWeight1),
		Total:   f.Get(models.NetTotal),
		Share:   f.Three(models.NetShare1),
		Novelty: f.Three(models.NetNovelty1),
		Hazard:  f.Three(models.NetHazard1),
		Odds:    f.Get(models.NetOdds),
		Trust:   [2]float64{f.Get(models.NetTrust2), f.Get(models.NetTrust3)},
		Alpha:   baseline.AlphaOf(f, f.Get(models.NetTotal)),
	}
}

// network compares address, ASN and country with the subject's table, whatever
// the reputation of the source: ln(A/L) of baseline.Lift, about -4 to 8 nats. It
// refines what Freeman et al. (NDSS 2016) count of addresses, where an unseen value
// is worth the same whatever the history. Without a database the levels are blocks of
// addresses, which says half as much; of an address that the databases do not
// know nothing speaks against the subject.
func network(f *models.Features, lambda float64) models.Evidence {
	e := baseline.SayLook(f, lambda)
	switch {
	case f.Has(models.BaselineMissing):
		return baseline.Silent(models.Unavailable)
	case f.Get(models.NetTotal) == 0:
		return baseline.Silent(models.Learning)
	case f.Has(models.NetUnknown) && lambda > 0:
		e = baseline.Silent(models.Unavailable)
	case f.Has(models.NetUnavailable):
		e.Confidence, e.State = 0.5, models.Unavailable
	case f.Has(models.IsEnrolling):
		e.State = models.Learning
	}
	e.Facts = networkFacts(f)
	return e
}

// networkFacts names the finest level that the subject is known to use, or how
// new the network is.
func networkFacts(f *models.Features) [models.MaxFacts]models.Fact {
	var facts baseline.Facts
	w := f.Three(models.NetWeight1)
	fact := newLevel(f, w)
	facts.Add(fact != models.NoFact, fact, 1)
	for _, known := range w {
		if known > 0 {
			facts.Add(true, models.FactKnownWeight, known)
			break
		}
	}
	if trust := min(f.Get(models.NetTrust2), f.Get(models.NetTrust3)); w[2] > 0 && trust < 1 {
		facts.Add(true, models.FactProbation, trust)
	}
	facts.Add(f.Get(models.SinceLook) > 0, models.FactMinutesSince, f.Get(models.SinceLook))
	return facts.List()
}

// newLevel names the coarsest level that is new to the subject, as what it is: where
// no AS number or no country is known, a block of addresses stands in for it.
func newLevel(f *models.Features, w [baseline.Levels]float64) models.FactCode {
	network, country := !f.Has(models.BlockNetwork), !f.Has(models.BlockCountry)
	switch {
	case w[2] == 0 && country:
		return models.FactNewCountry
	case w[1] == 0 && network && country:
		return models.FactNewASN
	case w[1] == 0 && network:
		return models.FactNewNetwork
	case w[2] == 0 || w[1] == 0:
		return models.FactNewBlock
	case w[0] == 0 && network:
		return models.FactNewAddress
	case w[0] == 0:
		return models.FactNewInBlock
	}
	return models.NoFact
}
