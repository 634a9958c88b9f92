package baseline

import (
	"math"

	"github.com/riskgate/riskgate/models"
)

// Lift is one categorical group of a request, ready to be weighed: how often the
// subject and the world show its values, finest level first, and how often
// novelty is normal.
type Lift struct {
	Weight  [Levels]float64 // of the value in the subject's table
	Total   float64         // of the whole table
	Share   [Levels]float64 // of the value in the world
	Novelty [Levels]float64 // the subject's rate of new values
	Hazard  [Levels]float64 // the world's, after the same gap
	Odds    float64         // reputation of the source; 0 counts as 1
	Trust   [2]float64      // of level 2 and of level 3
	Alpha   float64         // weight of the world, see AlphaOf
}

// LiftCap bounds the evidence of one group, in nats.
const LiftCap = 8

const (
	alpha      = 0.5  // weight of the world in the lift, for who has no history
	alphaLess  = 0.2  // by which each weight of history lowers it
	alphaKnown = 0.1  // least
	minRate    = 1e-9 // shares and rates of novelty are never smaller
)

// Spoof says how likely an attacker can imitate each level of a group: finest,
// middle, coarsest, none.
type Spoof [Levels + 1]float64

// Nats returns ln(A/L) under the source's odds, and what it would be at even
// odds. For a subject without history the second is exactly 0.
func (l *Lift) Nats(pi *Spoof) (withOdds, even float64) {
	mid := min(l.Trust[0], l.Trust[1])
	full, fullEven := l.mixture(pi, 0)
	if mid == 1 || l.Total == 0 {
		return full, fullEven
	}
	one, oneEven := l.mixture(pi, 2)
	two, twoEven := l.mixture(pi, 3)
	ramp := func(full, one, two float64) float64 {
		return float64((1-l.Trust[1])*max(two, full)) + float64((l.Trust[1]-mid)*max(one, full)) + float64(mid*full)
	}
	return ramp(full, one, two), ramp(fullEven, oneEven, twoEven)
}

// AlphaOf returns the weight of the world in the lift for a subject of so much
// history, by the model that the features are of.
func AlphaOf(f *models.Features, total float64) float64 {
	if f.Has(models.SecondModel) {
		return max(alphaKnown, alpha-float64(alphaLess*total))
	}
	return alpha
}

// mixture weighs the group as if the finest levels, so many, were new to the
// subject.
func (l *Lift) mixture(pi *Spoof, strange int) (withOdds, even float64) {
	odds := l.Odds
	if odds == 0 {
		odds = 1
	}
	if l.Total == 0 {
		return min(LiftCap, models.Ln(1-pi[Levels]+float64(pi[Levels]*odds))), 0
	}
	attacker, user, novel := 0.0, 0.0, 1.0
	for i := range l.Weight {
		a := l.lift(i, i < strange)
		nu := l.novelty(i)
		attacker += float64(pi[i] * a)
		user += float64(float64(novel*(1-nu)) * a)
		novel = float64(novel * nu)
	}
	user = models.Ln(user + novel)
	withOdds = models.Ln(attacker+float64(pi[Levels]*odds)) - user
	even = models.Ln(attacker+pi[Levels]) - user
	return min(LiftCap, withOdds), min(LiftCap, even)
}

func (l *Lift) lift(i int, strange bool) float64 {
	weight := l.Weight[i]
	if strange {
		weight = 0
	}
	q := min(1, max(minRate, l.Share[i]))
	return (weight + float64(l.Alpha*q)) / (l.Total + l.Alpha) / q
}

// novelty is the geometric mean of the subject's and the world's rate.
func (l *Lift) novelty(i int) float64 {
	nu := float64(l.Novelty[i] * l.Hazard[i])
	if !(nu > 0) {
		return minRate
	}
	return min(1, max(minRate, math.Sqrt(nu)))
}
