// Package device turns what is known of the caller's device, fingerprint, agent
// and signed token, into evidence.
package device

import (
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

// spoof says how likely an attacker shows the subject's own fingerprint, its
// family, its type of device, or something else.
var spoof = baseline.Spoof{0.25, 0.25, 0.20, 0.30}

// Evaluate computes the evidence of this family: Device, Token and ClientSanity.
// It returns what the reputation of the device adds, in nats, which is part of
// the Infrastructure group.
func Evaluate(f *models.Features, out *models.EvidenceSet) (odds float64) {
	out[models.ClientSanity] = sanity(f)
	if !f.Has(models.IsLook) {
		out[models.Device] = baseline.Held(f, models.HeldDevice)
		out[models.Token] = baseline.Held(f, models.HeldToken)
		return 0
	}
	l := lift(f)
	withOdds, even := l.Nats(&spoof)
	out[models.Device] = device(f, even)
	out[models.Token] = token(f)
	return withOdds - even
}

// lift prepares the group. Its values are on probation only where a token tells
// devices apart.
func lift(f *models.Features) baseline.Lift {
	l := baseline.Lift{
		Weight:  f.Three(models.DevWeight1),
		Total:   f.Get(models.DevTotal),
		Share:   f.Three(models.DevShare1),
		Novelty: f.Three(models.DevNovelty1),
		Hazard:  f.Three(models.DevHazard1),
		Odds:    f.Get(models.DevOdds),
		Trust:   [2]float64{1, 1},
		Alpha:   baseline.AlphaOf(f, f.Get(models.DevTotal)),
	}
	if f.Has(models.DeviceTokenIssued) {
		l.Trust = [2]float64{f.Get(models.DevTrust2), f.Get(models.DevTrust3)}
	}
	return l
}

// device is the lift of JA4 with user agent, agent family and type of device, about
// -1.4 to 8 nats: ln(A/L) of baseline.Lift. It refines what Freeman et al. (NDSS
// 2016) count of user agents by the history and the novelty of the caller.
func device(f *models.Features, lambda float64) models.Evidence {
	switch {
	case f.Has(models.BaselineMissing), f.Flags&(models.HasAgent|models.AboveTLS) == 0:
		return baseline.Silent(models.Unavailable)
	case f.Get(models.DevTotal) == 0:
		return baseline.Silent(models.Learning)
	}
	e := baseline.SayLook(f, lambda)
	if f.Has(models.IsEnrolling) {
		e.State = models.Learning
	}
	e.Facts = deviceFacts(f)
	return e
}

func deviceFacts(f *models.Features) [models.MaxFacts]models.Fact {
	var facts baseline.Facts
	w := f.Three(models.DevWeight1)
	switch {
	case w[2] == 0:
		facts.Add(true, models.FactNewDeviceType, 1)
	case w[1] == 0:
		facts.Add(true, models.FactNewFamily, 1)
	case w[0] == 0:
		facts.Add(true, models.FactNewDevice, 1)
	}
	for _, known := range w {
		if known > 0 {
			facts.Add(true, models.FactKnownWeight, known)
			break
		}
	}
	return facts.List()
}
