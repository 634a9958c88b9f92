package baseline

const (
	frozenDays  = 7 // after which a profile learns again, whatever happened
	suspectDays = 1 // before a failed step-up
)

// freeze is what a failed step-up does: somebody has the subject's credential and
// cannot prove who he is. What was learned for the first time since the day before
// is forgotten, so that it begins anew, on probation; and until a step-up is
// passed, for a week at most, nothing is learned.
func (c *Contribution) freeze(now uint32) {
	if !c.frozen(now) {
		c.suspect(now - min(now, suspectDays*day))
	}
	c.hold(now)
}

// hold notes that nothing is to be learned for a week from time at, which may be before
// the last look was learned.
func (c *Contribution) hold(at uint32) {
	i := c.findKind(OnSubject)
	if i < 0 {
		i = c.freeProbation(max(at, c.At))
	}
	at = max(at, c.Probation[i].since(OnSubject))
	c.Probation[i] = Probation{Value: at, Counted: uint16(at / 3600), Days: 1, Kind: OnSubject}
}

// since returns the time that an entry of that kind holds, else 0.
func (p *Probation) since(kind ProbationKind) uint32 {
	if p.Kind != kind {
		return 0
	}
	return p.Value
}

// frozen reports whether nothing is to be learned.
func (c *Contribution) frozen(now uint32) bool {
	i := c.findKind(OnSubject)
	return i >= 0 && now < c.Probation[i].Value+frozenDays*day
}

// thaw ends it.
func (c *Contribution) thaw() {
	if i := c.findKind(OnSubject); i >= 0 {
		c.Probation[i] = Probation{}
	}
}

func (c *Contribution) findKind(kind ProbationKind) int {
	for i := range c.Probation {
		if c.Probation[i].Kind == kind {
			return i
		}
	}
	return -1
}

// suspect forgets the values of tables that were born on the day of time since or
// later, as far as that is known.
func (c *Contribution) suspect(since uint32) {
	learned := c.At / day
	forgetBorn(c.Network[:], learned, since/day)
	forgetBorn(c.Device[:], learned, since/day)
}

// forgetBorn empties the slots born on a day or later, if there is anything older:
// the first days of a subject are all it has. Nothing was born after the day of the
// last learning.
func forgetBorn(table []Slot, learned, day uint32) {
	suspect := func(s *Slot) bool { return s.Born != 0 && learned-s.age(learned) >= day }
	older := false
	for i := range table {
		older = older || table[i].Weight > 0 && !suspect(&table[i])
	}
	for i := range table {
		if older && suspect(&table[i]) {
			table[i] = Slot{}
		}
	}
}
