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
	i := c.findKind(OnSubject)
	if i < 0 {
		forgetYoung(c.Network[:], now)
		forgetYoung(c.Device[:], now)
		i = c.freeProbation(now)
	}
	c.Probation[i] = Probation{Value: now, Counted: uint16(now / 3600), Days: 1, Kind: OnSubject}
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

// forgetYoung empties the slots born since the day before, if there is anything
// older: the first days of a subject are all it has.
func forgetYoung(table []Slot, now uint32) {
	today := int(now/day) % 255
	suspect := func(s *Slot) bool {
		return s.Born != 0 && (today-int(s.Born-1)+255)%255 <= suspectDays
	}
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
