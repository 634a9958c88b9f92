package adapt

import "math"

const (
	// reach is how far, in nats, a budget may move a threshold from where it was
	// configured.
	reach = 1.0
	// pace and warmth give the step after n sessions: pace/sqrt(n+warmth).
	pace   = 0.5
	warmth = 100
)

// Budget follows the evidence, in nats, above which a given share of sessions
// lies (Robbins and Monro's quantile). It must be fed with at most one session an
// hour of each verified identity, so that nobody moves it by sending more. It
// never leaves the configured threshold by more than one nat. The zero value is
// not usable.
type Budget struct {
	target float64
	home   float64
	at     float64
	seen   uint64
}

// NewBudget returns a Budget for a share of sessions in (0, 1) that begins at the
// configured threshold.
func NewBudget(target, home float64) *Budget {
	if !(target > 0 && target < 1) || math.IsNaN(home) || math.IsInf(home, 0) {
		panic("BUG: a budget needs a share in (0, 1) and a finite threshold")
	}
	return &Budget{target: target, home: home, at: home}
}

// See takes the evidence of one session. What is not a number does not count.
func (b *Budget) See(nats float64) {
	if math.IsNaN(nats) {
		return
	}
	over := 0.0
	if nats > b.at {
		over = 1
	}
	step := pace / math.Sqrt(float64(b.seen)+warmth)
	b.at = min(max(b.at+float64(step*(over-b.target)), b.home-reach), b.home+reach)
	b.seen++
}

// Nats returns the threshold.
func (b *Budget) Nats() float64 { return b.at }

// Seen returns how many sessions were taken.
func (b *Budget) Seen() uint64 { return b.seen }

// Resume goes on from a threshold and a count that an earlier Budget returned.
// A threshold that is out of reach by now begins at the nearest that is not.
func (b *Budget) Resume(at float64, seen uint64) {
	if math.IsNaN(at) {
		return
	}
	b.at, b.seen = min(max(at, b.home-reach), b.home+reach), seen
}
