package baseline

import "github.com/riskgate/riskgate/models"

// changedDays is how far a changed password reaches back: what is young may be what
// it was changed for.
const changedDays = youngDays

// changePassword does what a report of the week before does: somebody else may have
// known the password, or has changed it now. Who has just proved himself is believed:
// what he comes with is known and trusted, and it is learned on. Of whom nothing is
// known from before that week, there is nothing to protect.
//
// Credit is of a kind of device and a network, where somebody else may be too: it keeps
// the trust of a device token, and gives it none.
func (p *Profile) changePassword(ev *models.Event, now uint32) {
	c, since := &p.Own, now-min(now, changedDays*day)
	if c.First == 0 || c.First >= since {
		return
	}
	o, days := &ev.Observed, uint8(fullTrust)
	token := c.findProbation(OnToken, o.DeviceToken)
	if token >= 0 && !ev.Passed {
		days = c.Probation[token].Days
	}
	c.distrust(since)
	p.Local.Sessions = [MaxSessions]Session{}
	if !ev.Passed && !(ev.Features.Has(models.HoldsCredit) && Teaches(ev)) {
		c.hold(now)
		return
	}
	if token >= 0 {
		c.Probation[token].Days = days
	}
	t := trial{now: now, again: true, vouched: true}
	c.learnNetwork(o, 1, t)
	if o.Fingerprint != 0 {
		c.learnDevice(o, 1, t)
	}
	c.learnPlace(&ev.Features, o, now)
}
