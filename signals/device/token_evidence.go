package device

import (
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

const (
	foreignNats = 4.0
	forgedNats  = 6.0

	missPrior    = 0.15 // how often looks come without the token
	missStrength = 4.0
	missFloor    = 1e-6
	stolen       = 0.05 // how often an attacker has the token
	habitLooks   = 2.0  // weighted looks with a token that make it a habit
)

// token judges the signed device token, about -3 to 6 nats: where nu is the share of
// the caller's n looks without one, (k + 4*0.15)/(n + 4), a valid one says
// ln(0.05/(1-nu)) once it is trusted, none min(1, n/2)*ln(0.95/nu), that of another
// subject 4, a forged one 6. It is silent for callers without a user agent, for
// machines, and while the subject is not known to keep one. Riskgate's own; what
// teaches the share is settled in ADR 21.
func token(f *models.Features) models.Evidence {
	status := int(f.Get(models.TokenStatus))
	switch {
	case f.Has(models.IsMachine), f.Has(models.IsAnonymous), !f.Has(models.HasAgent):
		return baseline.Silent(models.Unavailable)
	case status == models.TokenForged:
		return said(f, forgedNats, models.FactTokenForged)
	case status == models.TokenForeign:
		return said(f, foreignNats, models.FactTokenForeign)
	case f.Has(models.BaselineMissing):
		return baseline.Silent(models.Unavailable)
	case status == models.TokenValid:
		return said(f, validToken(f), models.FactTokenValid)
	case !f.Has(models.DeviceTokenIssued):
		return baseline.Silent(models.Learning)
	}
	return absentToken(f)
}

// absentToken grows with the habit: who has shown a token for a look or two may
// well have a second device.
func absentToken(f *models.Features) models.Evidence {
	habit := min(1, max(0, f.Get(models.TokenLooks)/habitLooks))
	return said(f, habit*models.Ln((1-stolen)/missRate(f)), models.FactTokenAbsent)
}

// validToken ramps from what an absent token would say to what this one says, by
// the trust it has earned (rule R).
func validToken(f *models.Features) float64 {
	miss, trust := missRate(f), f.Get(models.TokenTrust)
	valid := models.Ln(stolen / (1 - miss))
	absent := 0.0
	if f.Has(models.DeviceTokenIssued) {
		absent = models.Ln((1 - stolen) / miss)
	}
	return float64((1-trust)*absent) + float64(trust*valid)
}

// missRate is nu_t = (k + 4*0.15)/(n + 4).
func missRate(f *models.Features) float64 {
	k, n := f.Get(models.TokenMissed), f.Get(models.TokenLooks)
	nu := (k + missStrength*missPrior) / (n + missStrength)
	return min(1-missFloor, max(missFloor, nu))
}

func said(f *models.Features, lambda float64, fact models.FactCode) models.Evidence {
	e := baseline.SayLook(f, lambda)
	e.Facts[0] = models.Fact{Code: fact, Value: 1}
	return e
}
