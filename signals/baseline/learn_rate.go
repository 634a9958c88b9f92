package baseline

import (
	"math"
	"math/bits"

	"github.com/riskgate/riskgate/models"
)

// Prior is what is assumed of averages before there are samples: as many samples
// of this variance.
const (
	PriorStrength = 10
	PriorVariance = 1.0
	NoiseVariance = 0.04 // added to every variance
)

const (
	rateStep   = 0.05         // weight of a new sample
	anchorStep = rateStep / 6 // for a memory of 180 days instead of 30
	maxSigmas  = 3            // one sample moves an average by no more than this
)

// peak notes the rates of a verified request.
func (l *Local) peak(hour uint32) {
	l.PeakHour = max(l.PeakHour, hour)
	l.MinutePeak = max(l.MinutePeak, l.Minute)
	l.HourPeak = max(l.HourPeak, l.Hour)
}

// roll moves the averages when an hour is over: at most once an hour, whatever
// the hour held.
func (l *Local) roll(now uint32) {
	hour := now / 3600
	if l.Objects.Hour < hour && l.Objects.Requests > 0 {
		if l.PeakHour == l.Objects.Hour { // the hour had verified requests
			x := models.Ln(1 + l.Objects.Distinct())
			move(&l.ObjectsMean, &l.ObjectsVar, l.ObjectSample, x, rateStep)
			l.ObjectSample = saturate(uint32(l.ObjectSample) + 1)
		}
		l.Objects = Objects{Hour: hour}
	}
	if l.PeakHour == 0 || l.PeakHour >= hour {
		return
	}
	minute, hourly := LnRate(float64(l.MinutePeak)), LnRate(float64(l.HourPeak))
	anchor := l.MinuteVar
	move(&l.MinuteAnchor, &anchor, l.RateSamples, minute, anchorStep)
	anchor = l.HourVar
	move(&l.HourAnchor, &anchor, l.RateSamples, hourly, anchorStep)
	move(&l.MinuteMean, &l.MinuteVar, l.RateSamples, minute, rateStep)
	move(&l.HourMean, &l.HourVar, l.RateSamples, hourly, rateStep)
	l.RateSamples = saturate(uint32(l.RateSamples) + 1)
	l.PeakHour, l.MinutePeak, l.HourPeak = 0, 0, 0
}

// Rates returns the requests per minute and per hour at time now, with one more
// request.
func (l *Local) Rates(now uint32) (minute, hour float64) {
	m := float64(l.Minute)*halved(l.At, now, 60) + 1
	h := float64(l.Hour)*halved(l.At, now, 3600) + 1
	return m * math.Ln2, h * math.Ln2
}

// Behavior returns the failed logins and the nats left behind, at time now.
func (l *Local) Behavior(now uint32) (failures, actor float64) {
	by := halved(l.At, now, behaviorLife)
	return float64(l.Failures) * by, float64(l.Actor) * by
}

// LnRate is the scale on which decayed counts are compared: ln(1 + n*ln2).
func LnRate(count float64) float64 { return models.Ln(1 + float64(count*math.Ln2)) }

// move takes sample x, the one after n, into a moving average. A sample far off
// moves it by no more than maxSigmas standard deviations would.
func move(mean, variance *float32, n uint16, x, step float64) {
	k := float64(n)
	step = max(step, 1/(k+1))
	m, v := float64(*mean), float64(*variance)
	if n == 0 {
		m = x
	}
	sigma := math.Sqrt((float64(k*v)+PriorStrength*PriorVariance)/(k+PriorStrength) + NoiseVariance)
	delta := min(max(x-m, -maxSigmas*sigma), maxSigmas*sigma)
	*mean = float32(max(0, m+float64(step*delta)))
	*variance = float32((1 - step) * (v + float64(step*float64(delta*delta))))
}

// See counts a request for an object, given by the hash of its ids, and its
// number if it has one. Zero is no object; a new hour starts anew.
func (o *Objects) See(object uint32, number int64, now uint32) {
	if hour := now / 3600; o.Hour < hour {
		*o = Objects{Hour: hour}
	}
	if object == 0 {
		return
	}
	if o.Requests < math.MaxUint16 {
		o.Requests++
	}
	bit := object % objectBits
	o.Bits[bit/64] |= 1 << (bit % 64)
	if number >= 0 {
		o.step(number)
	}
}

// step follows a run of ids that are one step apart, or repeat the last step.
func (o *Objects) step(number int64) {
	d := number - o.Last
	same := d == 1 || d == -1 || d == int64(o.Step)
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
		o.Step = int32(min(max(d, math.MinInt32), math.MaxInt32))
	}
	o.Last = number
}

// Distinct estimates the number of distinct objects: -m ln(z/m), where z of m
// bits are still zero. A full bitmap counts as one zero bit: 1420.
func (o *Objects) Distinct() float64 {
	zeros := objectBits
	for _, w := range o.Bits {
		zeros -= bits.OnesCount64(w)
	}
	return max(0, -objectBits*models.Ln(float64(max(1, zeros))/objectBits))
}
