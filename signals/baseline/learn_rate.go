package baseline

import (
	"math"

	"github.com/riskgate/riskgate/models"
)

// What is assumed of averages before there are samples: as many samples of the
// variance of their kind. The means are in the packages that compare with them.
const (
	PriorStrength = 10

	PriorVariance = 1.0  // of ln(1+amount)
	NoiseVariance = 0.04 // added to every variance, but not to that of a share

	DayStrength    = 3    // days that the peers' day counts as
	DayVariance    = 0.3  // of ln(1+amount of a day)
	SpreadVariance = 0.25 // of a mean of nats, or of ln sigma

	RunStart = 5 // ids in a row that mean nothing

	RefusedUsual  = 0.03 // share of 403 and 404
	ShareVariance = 0.0009

	shareScale = 16 // of a share that is kept as Fixed
)

// kind is the prior variance of an average, and the noise added to its variance.
type kind struct{ variance, noise float64 }

var (
	ofAmount = kind{PriorVariance, NoiseVariance}
	ofDays   = kind{DayVariance, NoiseVariance}
	ofNats   = kind{SpreadVariance, NoiseVariance}
	ofShare  = kind{ShareVariance * shareScale * shareScale, 0} // of shareScale times a share
)

const (
	rateStep   = 0.05         // weight of a new sample
	anchorStep = rateStep / 6 // for a memory of 180 days instead of 30
	maxSigmas  = 3            // one sample moves an average by no more than this
)

// peak notes the rates of a verified request.
func (l *Local) peak(hour uint16) {
	if l.MinutePeak == 0 || later(hour, l.PeakHour) {
		l.PeakHour = hour
	}
	l.MinutePeak = max(l.MinutePeak, ShortOf(l.Minute))
	l.HourPeak = max(l.HourPeak, ShortOf(l.Hour))
	l.BytesPeak = max(l.BytesPeak, ShortOf(l.Bytes))
	l.PathPeak = max(l.PathPeak, l.Paths.Nats)
	l.Classes |= activeToday
}

// roll moves the averages when an hour is over: at most once an hour, whatever
// the hour held.
func (l *Local) roll(now uint32) {
	hour := uint16(now / 3600)
	if l.Objects.Requests > 0 && later(hour, l.Objects.Hour) {
		l.rollObjects()
		l.Objects = Objects{Hour: hour}
	}
	if today := uint16(now / day); l.Daily.Day < today {
		l.rollDay()
		l.Paths.fade(today/7 - l.Daily.Day/7)
		l.Daily = Daily{Day: today}
	}
	if l.MinutePeak != 0 && later(hour, l.PeakHour) {
		l.rollRates()
	}
}

func (l *Local) rollRates() {
	minute, hourly, n := LnRate(l.MinutePeak.Float()), LnRate(l.HourPeak.Float()), l.RateSamples
	anchor := l.MinuteVar
	move(&l.MinuteAnchor, &anchor, n, minute, anchorStep, ofAmount)
	anchor = l.HourVar
	move(&l.HourAnchor, &anchor, n, hourly, anchorStep, ofAmount)
	move(&l.MinuteMean, &l.MinuteVar, n, minute, rateStep, ofAmount)
	move(&l.HourMean, &l.HourVar, n, hourly, rateStep, ofAmount)
	move(&l.BytesMean, &l.BytesVar, n, LnRate(l.BytesPeak.Float()), rateStep, ofAmount)
	l.RateSamples = saturate(uint32(l.RateSamples) + 1)
	move(&l.PathMean, &l.PathVar, uint16(l.PathSample), l.PathPeak.Float(), rateStep, ofNats)
	l.PathSample += min(1, ^l.PathSample)
	l.Rhythm.take()
	l.PeakHour, l.MinutePeak, l.HourPeak, l.BytesPeak, l.PathPeak = 0, 0, 0, 0, 0
}

// Rates returns the requests per minute and per hour at time now, with one more
// request.
func (l *Local) Rates(now uint32) (minute, hour float64) {
	m := float64(l.Minute)*halved(l.At, now, 60) + 1
	h := float64(l.Hour)*halved(l.At, now, 3600) + 1
	return m * math.Ln2, h * math.Ln2
}

// BytesPerHour returns the response bytes per hour at time now, those of requests
// answered before.
func (l *Local) BytesPerHour(now uint32) float64 {
	return float64(l.Bytes) * halved(l.At, now, 3600) * math.Ln2
}

// maxBytes bounds the bytes counted.
const maxBytes = 1e13

// Behavior returns the failed logins and the nats left behind, at time now.
func (l *Local) Behavior(now uint32) (failures, actor float64) {
	by := halved(l.At, now, behaviorLife)
	return float64(l.Failures) * by, float64(l.Actor) * by
}

// LnRate is the scale on which decayed counts are compared: ln(1 + n*ln2).
func LnRate(count float64) float64 { return models.Ln(1 + float64(count*math.Ln2)) }

// move takes sample x, the one after n, into a moving average. A sample far off
// moves it by no more than maxSigmas standard deviations would.
func move(mean, variance *Fixed, n uint16, x, step float64, of kind) {
	k := float64(n)
	step = max(step, 1/(k+1))
	m, v := mean.Float(), variance.Float()
	if n == 0 {
		m = x
	}
	sigma := math.Sqrt((float64(k*v)+float64(PriorStrength*of.variance))/(k+PriorStrength) + of.noise)
	delta := min(max(x-m, -maxSigmas*sigma), maxSigmas*sigma)
	*mean = FixedOf(m + float64(step*delta))
	*variance = FixedOf((1 - step) * (v + float64(step*float64(delta*delta))))
}
