package baseline

import (
	"math/bits"

	"github.com/riskgate/riskgate/models"
)

const (
	dayRegisters = 32
	dayTop       = 15 // of a register, four bits
)

// Daily counts the distinct objects of one UTC day: a HyperLogLog (Flajolet et al.,
// AofA 2007) of 32 registers whose estimate grows at insertion, by one over the
// probability that a new object changes a register, the martingale estimator of Ting
// (KDD 2014). That is exact for the first and off by 0.83/sqrt(32),
// 15 %, in the long run, up to a few hundred thousand.
type Daily struct {
	Registers [dayRegisters / 2]uint8 // two of four bits each, the even one below
	Estimate  float32
	Day       uint16 // days since 1970
	Longest   uint16 // numeric ids one step apart, in a row
}

// See counts a request for an object, given by its hash. Zero is no object; a
// new day starts anew.
func (d *Daily) See(object uint32, day uint16) {
	if d.Day < day {
		*d = Daily{Day: day}
	}
	if object == 0 {
		return
	}
	at, shift := object>>28, object>>25&4 // the upper five bits choose a register
	rank := min(dayTop, uint8(bits.LeadingZeros32(object<<5|1<<4))+1)
	if have := d.Registers[at] >> shift & 15; rank > have {
		d.Estimate = min(d.Estimate+d.growth(), maxWeight)
		d.Registers[at] += (rank - have) << shift
	}
}

// growth returns one over the probability that a new object changes a register.
func (d *Daily) growth() float32 {
	open := uint32(0) // in 2^-15 registers
	for _, two := range d.Registers {
		open += openAt[two&15] + openAt[two>>4]
	}
	return dayRegisters * (1 << dayTop) / float32(max(1, open))
}

// openAt is 2^15 times the probability that a register of that value rises.
var openAt = func() (p [16]uint32) {
	for i := range dayTop {
		p[i] = 1 << (dayTop - i)
	}
	return p
}()

// Distinct returns the estimate.
func (d *Daily) Distinct() float64 { return float64(d.Estimate) }

// rollDay learns how many objects a day held that had verified requests, and how
// many of them in a row.
func (l *Local) rollDay() {
	if l.Classes&(activeToday|refusedToday) == activeToday && l.Daily.Estimate > 0 {
		move(&l.DayMean, &l.DayVar, uint16(l.DaySample), models.Ln(1+l.Daily.Distinct()), rateStep, ofDays)
		l.DaySample += min(1, ^l.DaySample)
		l.RunTop = FixedOf(topRun(l.RunTop.Float(), models.Ln(1+float64(l.Daily.Longest))))
	}
	l.Classes &^= activeToday | refusedToday
}

// What a day moves the longest usual run of ids by: up by a factor e at most, so
// that one day of reading everything does not make it usual, and down slowly, so
// that a weekly export stays so.
const (
	runRise = 1.0
	runFade = 1.0 / 128
)

// topRun returns the longest usual run after a day with a longest run, both as
// ln(1+run).
func topRun(top, longest float64) float64 {
	least := models.Ln(1 + RunStart)
	top, longest = max(top, least), max(longest, least)
	return top + max(min(longest-top, runRise), float64(runFade*(longest-top)))
}
