package signals

import (
	"crypto/rand"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

// Observe learns from the event of a decided request, after its answer.
func (c *Collector) Observe(ev *models.Event) {
	if ev.Pseudonym == (models.Pseudonym{}) {
		return
	}
	share, used := false, uint8(0)
	ref, _ := c.memory.Acquire(ev.Pseudonym, admissionOf(ev.Identity), ev.Time)
	if p := ref.Profile(); p != nil {
		share = baseline.Learn(p, ev)
		used = p.Local.Classes
	}
	ref.Release(true)
	c.world.Learn(ev, c.sourceKeys(ev.Client, &ev.Observed), share)
	if share {
		c.world.LearnRole(ev.Observed.Role, used, baseline.Stamp(ev.Time))
	}
}

// Failed counts a refused credential that names a subject as a failed login of
// it. It teaches nothing else, and what is stored does not change by it.
func (c *Collector) Failed(id *models.Identity, view *models.Request) {
	ref, _ := c.memory.Acquire(id.Pseudonym, admissionOf(id), view.Time)
	if p := ref.Profile(); p != nil {
		p.Local.Fail(baseline.Stamp(view.Time))
	}
	ref.Release(false)
}

func admissionOf(id *models.Identity) baseline.Admission {
	switch {
	case id == nil:
		return baseline.Transient
	case id.Declared:
		return baseline.Declared
	}
	return baseline.Ordinary
}

// IssueToken appends a device token for the answer to a request, and reports
// whether there is one to send: after a verified look, or a passed step-up, of a
// person with a user agent who showed none, or showed one that has earned trust
// it was not born with. Call it before Observe, with Status, Denial and
// Assessment set.
func (c *Collector) IssueToken(dst []byte, ev *models.Event) ([]byte, bool) {
	f := &ev.Features
	if ev.Subject != models.User || !f.Has(models.HasAgent) || f.Has(models.BaselineMissing) ||
		!f.Has(models.IsLook) && !ev.Passed || !baseline.Teaches(ev) {
		return dst, false
	}
	trusted := ev.Passed || f.Get(models.NetTrust2) == 1 || f.Has(models.TokenVouches)
	switch int(f.Get(models.TokenStatus)) {
	case models.TokenNone, models.TokenForeign:
	case models.TokenValid:
		if !trusted || f.Get(models.TokenTrust) != 1 || f.Has(models.TokenBornTrusted) {
			return dst, false
		}
	default:
		return dst, false
	}
	var device [8]byte
	_, _ = rand.Read(device[:]) // never fails
	return c.tokens.Issue(dst, ev.Pseudonym, device, ev.Time, trusted), true
}
