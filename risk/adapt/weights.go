package adapt

import (
	"math"

	"github.com/riskgate/riskgate/models"
)

// The bounds and rates of learned weights.
const (
	leastWeight = 0.25
	mostWeight  = 2
	rate        = 0.05 // eta of AdaGrad
	pull        = 0.01 // rho: back to where the weight was configured
	mostChance  = 50   // largest 1/P(step-up | S)
)

// Example is the evidence of a session of which it became known what it was.
type Example struct {
	// Nats is confidence times lambda of each group, before any weight; 0 for
	// groups that carry none.
	Nats [models.NumGroups]float64
	// Attack is the label.
	Attack bool
	// Weight is how far the label is believed, in (0, 1]: see the constants.
	Weight float64
	// Chance is the probability with which a session of that score gets a label,
	// in (0, 1]; 1 where every one does.
	Chance float64
}

// How far labels are believed. A step-up that was passed, a verdict and a report
// count in full.
const (
	Certain   = 1.0
	Failed    = 0.7 // a step-up that was failed: an attack
	Abandoned = 0.3 // a challenge that was never answered: an attack
)

// Sampled is a Chance small enough that the cap on importance holds: that of a
// session below the threshold that was asked all the same, one in a hundred or
// fewer.
const Sampled = 1.0 / mostChance

// Importance is what an example counts for: how far it is believed, and in place
// of how many sessions that got no label, at most 50.
func (x *Example) Importance() float64 {
	return x.Weight * min(1/x.Chance, mostChance)
}

// NatsOf returns the evidence of a decision as an Example holds it.
func NatsOf(evidence *models.EvidenceSet) (nats [models.NumGroups]float64) {
	for g := range nats {
		nats[g] = evidence[g].Confidence * evidence[g].Lambda
	}
	return nats
}

func (x *Example) sound() bool {
	for _, n := range x.Nats {
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return false
		}
	}
	return x.Weight > 0 && x.Weight <= 1 && x.Chance > 0 && x.Chance <= 1
}

// Weights learns the weights of the groups by gradient descent on the logistic
// loss, one example at a time, each within [0.25, 2], or from where it was
// configured if that is less, and drawn back to there. A group that is silenced, or
// carries no weight, stays so. The zero value is not usable.
type Weights struct {
	home      [models.NumGroups]float64
	weights   [models.NumGroups]float64
	squares   [models.NumGroups]float64
	slope     float64
	intercept float64
	seen      int
}

// NewWeights begins with the configured weights, slope and intercept.
func NewWeights(configured [models.NumGroups]float64, slope, intercept float64) *Weights {
	return &Weights{home: configured, weights: configured, slope: slope, intercept: intercept}
}

// Learn takes one example and reports whether it was sound.
func (w *Weights) Learn(x *Example) bool {
	if !x.sound() {
		return false
	}
	target := 0.0
	if x.Attack {
		target = 1
	}
	loss := float64((logistic(w.Odds(x)) - target) * x.Importance())
	for g := range w.weights {
		if w.home[g] == 0 {
			continue
		}
		w.squares[g] += float64(loss * loss * x.Nats[g] * x.Nats[g])
		eta := rate / math.Sqrt(1+w.squares[g])
		next := w.weights[g] - float64(eta*loss*w.slope*x.Nats[g]) - float64(eta*pull*(w.weights[g]-w.home[g]))
		w.weights[g] = min(max(next, min(leastWeight, w.home[g])), mostWeight)
	}
	w.seen++
	return true
}

// Expect sets the intercept that examples are learned with: see Level.
func (w *Weights) Expect(intercept float64) { w.intercept = intercept }

// Evidence returns the weighted sum of an example, in nats.
func (w *Weights) Evidence(x *Example) float64 {
	e := 0.0
	for g, n := range x.Nats {
		e += float64(w.weights[g] * n)
	}
	return e
}

// Odds returns the log-odds of attack.
func (w *Weights) Odds(x *Example) float64 {
	return float64(w.slope*w.Evidence(x)) + w.intercept
}

// Weights returns the weights, by group.
func (w *Weights) Weights() [models.NumGroups]float64 { return w.weights }

// Seen returns how many examples were learned.
func (w *Weights) Seen() int { return w.seen }

func logistic(odds float64) float64 { return 1 / (1 + math.Exp(-odds)) }
