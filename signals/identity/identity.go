// Package identity judges what concerns the account itself: changes inside its
// sessions, failed logins, privilege and long silence.
package identity

import (
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

// Evaluate computes the evidence of this family: Session, Failures, Privilege and
// Dormancy. Verdict and Credit say nothing here: risk takes their nats from the
// features, which may be set later.
func Evaluate(f *models.Features, out *models.EvidenceSet) {
	out[models.Session] = session(f)
	out[models.Failures] = failures(f)
	out[models.Privilege] = privilege(f)
	out[models.Dormancy] = dormancy(f)
	out[models.Verdict], out[models.Credit] = models.Evidence{}, models.Evidence{}
}

// sessionNats is what each models.SessionKind says.
var sessionNats = [models.NumSessionKinds]float64{
	models.SessionKnownASN:    0.3,
	models.SessionUnknownASN:  1.5,
	models.SessionFamily:      3,
	models.SessionFingerprint: 4,
	models.SessionCountry:     5,
	models.SessionTwoPlaces:   5,
	models.SessionAfterLogout: 6,
}

// session is the largest of what changes inside a session say, 0 to 6 nats, as listed in
// sessionNats. It is a hit from a change of device on. To move to another network in the
// middle of a session is everyday life: it counts, and it may be learned. Riskgate's
// own; for a token after logoff see ADR 110.
func session(f *models.Features) models.Evidence {
	kind := int(min(max(f.Get(models.SessionKind), 0), models.NumSessionKinds-1))
	e := baseline.Say(sessionNats[kind])
	if kind < models.SessionFamily {
		e.State = models.Clean
	}
	if kind != models.SessionSame {
		e.Facts[0] = models.Fact{Code: models.FactSessionChange, Value: float32(kind)}
	} else if f.Has(models.BaselineMissing) {
		e.State = models.Unavailable
	}
	return e
}

const (
	failureSlope = 0.5
	failureCap   = 2.5
)

// failures is min(2.5, 0.5*ln(1+n)), 0 to 2.5 nats, of n failed logins of the account,
// which are halved every 15 minutes. Riskgate's own.
func failures(f *models.Features) models.Evidence {
	n := max(0, f.Get(models.FailedLogins))
	e := baseline.Say(min(failureCap, failureSlope*models.Ln(1+n)))
	if n > 0 {
		e.Facts[0] = models.Fact{Code: models.FactFailedLogins, Value: float32(n)}
	}
	return e
}

// privilege is 1 nat for the first use of a route of class sensitive or admin, 2 where
// fewer than one in fifty looks of the same role are of somebody who uses such routes,
// else 0. Of who is new here nothing is a change. Riskgate's own.
func privilege(f *models.Features) models.Evidence {
	if !f.Has(models.IsEstablished) {
		return baseline.Silent(models.Learning)
	}
	first := min(2, max(0, f.Get(models.PrivilegeFirst)))
	e := baseline.Say(first)
	if first > 0 {
		e.Facts[0] = models.Fact{Code: models.FactFirstUse, Value: 1}
	}
	if first > 1 {
		e.Facts[1] = models.Fact{Code: models.FactRare, Value: 1}
	}
	return e
}

const (
	idleLimit = 30 // days
	idleNats  = 0.5
)

// dormancy is half a nat after 30 days without a verified success, else 0. Riskgate's
// own.
func dormancy(f *models.Features) models.Evidence {
	if f.Has(models.BaselineMissing) {
		return baseline.Silent(models.Unavailable)
	}
	days := f.Get(models.IdleDays)
	if days < idleLimit {
		return baseline.Say(0)
	}
	e := baseline.Say(idleNats)
	e.Facts[0] = models.Fact{Code: models.FactIdleDays, Value: float32(days)}
	return e
}
