package gateway

import (
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk/adapt"
)

// look is a moment for which a label may come.
type look struct {
	moment
	before int // number of the caller's look before; it may be gone
}

// see remembers a look, for which a label may come.
func (o *outcomes) see(e *models.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.on {
		return
	}
	last := o.last(e.Pseudonym)
	number, begin := last, e.Time.Truncate(time.Hour).UnixNano()
	for n := 0; number >= 0 && o.look(number).at >= begin; number = o.earlier(number) {
		if n++; n == looksAnHour {
			return
		}
	}
	slot := o.look(o.seen)
	if n, ok := o.newest[slot.subject]; ok && n == o.seen-looksKept {
		delete(o.newest, slot.subject)
	}
	*slot = look{momentOf(e), last}
	o.newest[e.Pseudonym] = o.seen
	o.seen++
}

func (o *outcomes) look(number int) *look { return &o.looks[number%looksKept] }

// last returns the number of the last look of a caller, negative if there is none.
func (o *outcomes) last(p models.Pseudonym) int {
	if number, ok := o.newest[p]; ok {
		return number
	}
	return -1
}

// earlier returns the number of a caller's look before another, negative if it is
// gone.
func (o *outcomes) earlier(number int) int {
	if before := o.look(number).before; before >= o.seen-looksKept {
		return before
	}
	return -1
}

// verdict labels the last look of a subject at a time, or up to an hour before it,
// and reports whether it is learned from.
func (o *outcomes) verdict(subject models.Pseudonym, at time.Time, attack bool, weight float64, now time.Time) bool {
	return o.rule(subject, at.Add(-patience+1), at, adapt.Example{Attack: attack, Weight: weight, Chance: 1}, now)
}

// report labels the last look of a subject from since until at as an attack, and
// reports whether it is learned from.
func (o *outcomes) report(subject models.Pseudonym, since, at, now time.Time) bool {
	return o.rule(subject, since, at, adapt.Example{Attack: true, Weight: adapt.Certain, Chance: 1}, now)
}

// rule gives the last look of a subject from since until at a label.
func (o *outcomes) rule(subject models.Pseudonym, since, at time.Time, x adapt.Example, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.on {
		return false
	}
	o.turn(now)
	number := o.last(subject)
	for number >= 0 && o.look(number).at > at.UnixNano() {
		number = o.earlier(number)
	}
	if number < 0 || o.look(number).at < since.UnixNano() {
		o.losses[lostUnknown]++
		return false
	}
	if asked, waiting := o.pending[subject]; waiting {
		o.challenges[asked%maxChallenges].closed = true
		delete(o.pending, subject)
	}
	return o.label(&o.look(number).moment, fromVerdict, x)
}
