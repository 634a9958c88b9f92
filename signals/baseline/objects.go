package baseline

import (
	"math"
	"math/bits"

	"github.com/riskgate/riskgate/models"
)

// See counts a request for an object, given by the hash of its ids, and its
// number if it has one. If it is another one than those of the hour as far as can be
// told, it returns for how many it stands, since the fuller the bitmap is, the more
// of them share a bit; else 0. Zero is no object; a new hour starts anew.
func (o *Objects) See(object uint32, number int64, now uint32) (others uint32) {
	if hour := uint16(now / 3600); later(hour, o.Hour) {
		*o = Objects{Hour: hour}
	}
	if object == 0 {
		return 0
	}
	if o.Requests < math.MaxUint16 {
		o.Requests++
	}
	bit := object % objectBits
	if o.Bits[bit/32]>>(bit%32)&1 == 0 {
		zeros := o.zeros()
		others = (objectBits + zeros/2) / zeros
	}
	o.Bits[bit/32] |= 1 << (bit % 32)
	if number >= 0 {
		o.step(int32(number))
	}
	return others
}

func (o *Objects) zeros() uint32 {
	zeros := objectBits
	for _, w := range o.Bits {
		zeros -= bits.OnesCount32(w)
	}
	return uint32(zeros)
}

// step follows a run of ids that are one step apart, or repeat the last step.
func (o *Objects) step(number int32) {
	d := number - o.Last
	same := d == 1 || d == -1 || d == o.Step
	switch {
	case o.Run == 0:
		o.Run = 1
	case d == 0:
	case same:
		o.Run = saturate(uint32(o.Run) + 1)
	default:
		o.Run = 1
	}
	if d != 0 {
		o.Step = d
	}
	o.Last = number
}

// Distinct estimates the number of distinct objects: -m ln(z/m), where z of m
// bits are still zero (Whang et al., ACM TODS 1990). A full bitmap counts as one zero bit: 1420.
func (o *Objects) Distinct() float64 {
	return max(0, -objectBits*models.Ln(float64(max(1, o.zeros()))/objectBits))
}

// RefusedShare returns which share of the distinct objects was refused, 0 to 1.
func (o *Objects) RefusedShare() float64 {
	return min(1, float64(o.Refused)/max(1, o.Distinct()))
}

// rollObjects learns how many objects an hour held that had verified requests,
// and which share of them was refused, as if ten more had been asked for and
// refused as usual.
func (l *Local) rollObjects() {
	if l.MinutePeak == 0 || l.PeakHour != l.Objects.Hour || l.Classes&refusedToday != 0 {
		return
	}
	n, distinct := uint16(l.ObjectSample), max(1, l.Objects.Distinct())
	move(&l.ObjectsMean, &l.ObjectsVar, n, models.Ln(1+distinct), rateStep, ofAmount)
	usual := RefusedUsual
	if n > 0 {
		usual, _ = l.RefusedShare()
	}
	share := (float64(l.Objects.RefusedShare()*distinct) + float64(PriorStrength*usual)) / (distinct + PriorStrength)
	move(&l.RefusedMean, &l.RefusedVar, n, shareScale*share, rateStep, ofShare)
	l.ObjectSample += min(1, ^l.ObjectSample)
}

// RefusedShare returns the usual share of objects refused in an hour, and its
// variance.
func (l *Local) RefusedShare() (mean, variance float64) {
	return l.RefusedMean.Float() / shareScale, l.RefusedVar.Float() / (shareScale * shareScale)
}

// setRefusedShare sets what RefusedShare returns.
func (l *Local) setRefusedShare(mean, variance float64) {
	l.RefusedMean, l.RefusedVar = FixedOf(shareScale*mean), FixedOf(shareScale*shareScale*variance)
}
