package baseline

import "github.com/riskgate/riskgate/models"

// Correct lets rulings, oldest first, take effect on the profile of their subject.
// Each does so once: what is no newer than the last one that did is emptied in the
// list, so that what is left is what changed the profile now. It reports whether
// anything did.
func Correct(p *Profile, rulings *models.Rulings) (changed bool) {
	last := p.Own.lastVerdict()
	latest := last
	for i := range rulings {
		r := &rulings[i]
		if r.Kind == models.NoVerdict || r.At <= last {
			*r = models.Ruling{}
			continue
		}
		p.correct(r)
		latest = max(latest, r.At)
	}
	if latest == last {
		return false
	}
	p.Own.noteVerdict(latest)
	return true
}

// correct makes one ruling take effect. Where what is remembered of the values that
// a session began with changes, its next request is looked at anew.
func (p *Profile) correct(r *models.Ruling) {
	switch r.Kind {
	case models.Forgive:
		p.Local.Actor = 0
	case models.Confirm:
		p.Own.confirm(r)
		p.Local.Sessions = [MaxSessions]Session{}
	case models.Report:
		p.Own.report(r)
		p.Local.Sessions = [MaxSessions]Session{}
	}
}

// lastVerdict returns when the last verdict that took effect was given, 0 if none
// did.
func (c *Contribution) lastVerdict() uint32 {
	if i := c.findKind(OnVerdict); i >= 0 {
		return c.Probation[i].Value
	}
	return 0
}

// noteVerdict remembers when the last verdict that took effect was given, which may be
// before the last look was learned.
func (c *Contribution) noteVerdict(at uint32) {
	i := c.findKind(OnVerdict)
	if i < 0 {
		i = c.freeProbation(max(at, c.At))
	}
	c.Probation[i] = Probation{Value: at, Counted: uint16(at / 3600), Days: 1, Kind: OnVerdict}
}

// confirm trusts the values that are on probation, and learns again. It says nothing
// of those that came after it, nor of those last counted before it begins to speak.
func (c *Contribution) confirm(r *models.Ruling) {
	for i := range c.Probation {
		q := c.Probation[i]
		if !q.Kind.onValue() || q.Days == 1 && q.countedAfter(r.At) || r.Since != 0 && !q.countedSince(r.Since) {
			continue
		}
		c.vouch(q.Kind, q.Value)
	}
	c.thaw()
}

// report forgets what was learned for the first time since somebody else has been
// acting as the subject, so that it begins anew, on probation; probations that went
// on meanwhile begin anew too; and nothing is learned as after a failed step-up.
func (c *Contribution) report(r *models.Ruling) {
	c.distrust(r.Since)
	c.hold(r.At)
}

// distrust does so but for the last.
func (c *Contribution) distrust(since uint32) {
	c.suspect(since)
	for i := range c.Probation {
		if q := &c.Probation[i]; q.Kind.onValue() && q.countedSince(since) {
			q.Days = 1
		}
	}
	if c.Location.At >= since {
		c.Location = Location{}
	}
}

// countedAfter and countedSince compare hours, which are right up to three years
// either way.
func (p *Probation) countedAfter(at uint32) bool { return int16(p.Counted-uint16(at/3600)) > 0 }
func (p *Probation) countedSince(at uint32) bool { return int16(p.Counted-uint16(at/3600)) >= 0 }
