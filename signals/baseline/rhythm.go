package baseline

import (
	"math"

	"github.com/riskgate/riskgate/models"
)

const (
	rhythmStep  = 0.1
	rhythmLeast = 0.01 // variance of who is as even as a clock
	rhythmShift = 4    // added to ln sigma where it is kept, so that it is positive

	// RhythmSamples is from how many requests on a rhythm means something.
	RhythmSamples = 30
)

// Rhythm follows how evenly the requests of one stretch of activity come: moving
// mean and variance of ln(1 + seconds since the last one). A pause of half an hour
// starts anew.
type Rhythm struct {
	Mean, Var Fixed
	Usual     Fixed // moving average of 4 + ln sigma over the hours
	Samples   uint8 // gaps of this stretch, saturating
	Hours     uint8 // behind Usual, saturating
}

// See takes the seconds since the last request into account; negative: there is
// none.
func (r *Rhythm) See(gap float64) {
	if gap < 0 || gap > sessionIdle {
		r.Samples = 0
		return
	}
	x, k := models.Ln(1+gap), float64(r.Samples)
	step := max(rhythmStep, 1/(k+1))
	if r.Samples == 0 {
		r.Mean, r.Var = FixedOf(x), 0
	}
	m, v := r.Mean.Float(), r.Var.Float()
	delta := x - m
	r.Mean = FixedOf(m + float64(step*delta))
	r.Var = FixedOf((1 - step) * (v + float64(step*float64(delta*delta))))
	r.Samples += min(1, ^r.Samples)
}

// Sigma returns ln sigma of the present stretch.
func (r *Rhythm) Sigma() float64 { return 0.5 * models.Ln(max(rhythmLeast, r.Var.Float())) }

// Own returns the usual ln sigma.
func (r *Rhythm) Own() float64 { return r.Usual.Float() - rhythmShift }

// take moves the usual ln sigma when an hour is over, if it held enough requests.
func (r *Rhythm) take() {
	if r.Samples < RhythmSamples {
		return
	}
	var unused Fixed
	move(&r.Usual, &unused, uint16(r.Hours), r.Sigma()+rhythmShift, rateStep, ofNats)
	r.Hours += min(1, ^r.Hours)
}

// Gap returns the seconds since the last request, negative if there was none.
func (l *Local) Gap(now uint32) float64 {
	if l.At == 0 {
		return -1
	}
	return math.Max(0, float64(now)-float64(l.At))
}
