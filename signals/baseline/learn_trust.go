package baseline

// Rule R: a value that is new to a subject who already has a history earns trust
// slowly, so that an attacker who was let in once gains little by it.

const (
	youngSubject = 3  // verified days before which every value is trusted at once
	fullTrust    = 21 // counted days that end a probation
	machineTrust = 5  // the same for machine clients
	restHours    = 12 // at least so long between two counted days
)

// Trust returns tau of a value, 0 to 1: 1 unless it is on probation. A value not
// yet in any table has the trust it would start with.
func (c *Contribution) Trust(kind ProbationKind, value uint32, known bool) float64 {
	if i := c.findProbation(kind, value); i >= 0 {
		return trustAfter(c.Probation[i].Days)
	}
	if kind != OnToken && (known || c.Young()) {
		return 1
	}
	return 0
}

// Young reports whether the subject has so few verified days that the places it
// is used to are still being learned.
func (c *Contribution) Young() bool { return c.Days < youngSubject }

// trustAfter is min(1, ((d-1)/20)^2).
func trustAfter(days uint8) float64 {
	t := min(1, (float64(days)-1)/(fullTrust-1))
	return float64(t * t)
}

func (c *Contribution) findProbation(kind ProbationKind, value uint32) int {
	for i := range c.Probation {
		if p := &c.Probation[i]; p.Kind == kind && (p.Value == value || kind == NoProbation) {
			return i
		}
	}
	return -1
}

// vouch ends the probation of a value. A device token keeps its entry, because
// nothing else says that it has earned trust.
func (c *Contribution) vouch(kind ProbationKind, value uint32) {
	i := c.findProbation(kind, value)
	switch {
	case i < 0:
	case kind == OnToken:
		c.Probation[i].Days = fullTrust
	default:
		c.Probation[i] = Probation{}
	}
}

// trial is one verified look as rule R sees it.
type trial struct {
	now     uint32
	again   bool // nothing has changed since the last look
	calm    bool // the score was low enough for the day to count
	vouched bool // something trusted came with it
	machine bool
}

// try notes a look with a value. A new one goes on probation, unless the subject
// itself is new; one on probation has this day counted.
func (c *Contribution) try(kind ProbationKind, value uint32, known bool, t trial) {
	i := c.findProbation(kind, value)
	if i < 0 && !known && !t.vouched && (c.Days >= youngSubject || kind == OnToken) ||
		i < 0 && kind == OnToken {
		i = c.freeProbation(t.now)
		c.Probation[i] = Probation{Value: value, Counted: uint16(t.now / 3600), Days: 1, Kind: kind}
	} else if i >= 0 && t.calm {
		c.count(i, t)
	}
	if t.vouched {
		c.vouch(kind, value)
	}
}

// count adds a day: another UTC day, and at least restHours after the last.
func (c *Contribution) count(i int, t trial) {
	p := &c.Probation[i]
	hour := t.now / 3600
	ago := uint32(uint16(hour) - p.Counted) // hours; right up to 7 years
	if ago < restHours || (hour-ago)/24 == hour/24 || p.Days >= fullTrust {
		return
	}
	p.Counted = uint16(hour)
	p.Days++
	if p.Days >= fullTrust || t.machine && p.Days >= machineTrust {
		c.vouch(p.Kind, p.Value)
	}
}

// freeProbation returns an empty entry. If there is none, it gives up the value
// that was counted longest ago, and forgets it in the tables too: otherwise
// filling the list would end a probation.
func (c *Contribution) freeProbation(now uint32) int {
	if i := c.findProbation(NoProbation, 0); i >= 0 {
		return i
	}
	oldest, age := 0, uint16(0)
	for i := range c.Probation {
		if !c.Probation[i].Kind.onValue() {
			continue
		}
		if a := uint16(now/3600) - c.Probation[i].Counted; a >= age {
			oldest, age = i, a
		}
	}
	c.forget(c.Probation[oldest])
	return oldest
}

func (c *Contribution) forget(p Probation) {
	table := c.Network[:]
	if p.Kind == OnFamily || p.Kind == OnDeviceType {
		table = c.Device[:]
	}
	for i := range table {
		s := &table[i]
		mid := (p.Kind == OnASN || p.Kind == OnFamily) && s.Mid == p.Value
		coarse := (p.Kind == OnCountry || p.Kind == OnDeviceType) && s.Coarse == Fold16(p.Value)
		if mid || coarse {
			*s = Slot{}
		}
	}
}
