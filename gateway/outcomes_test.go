package gateway

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk/adapt"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// stepOf is a decision about caller n that asks for a step-up, with as many nats of
// network evidence.
func stepOf(n int, at time.Time, nats float64) *models.Event {
	e := &models.Event{Time: at, Established: true, Denial: models.StepUpRequired, ByRisk: models.StepUp}
	binary.LittleEndian.PutUint64(e.Pseudonym[:], uint64(n)+1)
	e.Observed.Fingerprint, e.Observed.Network = 1, 2
	e.Evidence[models.Network] = models.Evidence{Lambda: nats, Confidence: 1}
	return e
}

func passedOf(n int, at time.Time) *models.Event {
	e := stepOf(n, at, 0)
	e.Denial, e.Passed = "", true
	return e
}

func exhaustedOf(n int, at time.Time) *models.Event {
	e := stepOf(n, at, 0)
	e.Denial = models.StepUpExhausted
	return e
}

func gathering(chance float32) *outcomes {
	o := &outcomes{}
	o.gather(chance)
	return o
}

// wants drains and compares what is believed, by the evidence of the challenge.
func (o *outcomes) wants(t *testing.T, now time.Time, want ...adapt.Example) {
	t.Helper()
	got := o.drain(now, nil)
	if len(got) != len(want) {
		t.Fatalf("%d labels, want %d: %+v", len(got), len(want), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("label %d: %+v, want %+v", i, got[i], want[i])
		}
	}
}

func labeledBy(nats float64, attack bool, weight, chance float64) adapt.Example {
	x := adapt.Example{Attack: attack, Weight: weight, Chance: chance}
	x.Nats[models.Network] = nats
	return x
}

// What is learned from is the evidence of the challenge, however the caller comes
// back.
func TestHowStepUpsEnd(t *testing.T) {
	o := gathering(0.0005)
	o.step(stepOf(1, noon, 3))
	o.step(passedOf(1, noon.Add(time.Minute)))
	o.step(stepOf(2, noon, 4))
	o.step(stepOf(2, noon.Add(time.Second), 7))
	o.step(exhaustedOf(2, noon.Add(time.Minute)))
	o.step(stepOf(3, noon, 5))
	explored := stepOf(4, noon, 0.5)
	explored.Features.Flags = models.Explored
	o.step(explored)
	o.step(passedOf(4, noon.Add(time.Minute)))
	o.wants(t, noon.Add(time.Hour),
		labeledBy(3, false, adapt.Certain, 1), labeledBy(4, true, adapt.Failed, 1), labeledBy(0.5, false, adapt.Certain, float64(float32(0.0005))))
	o.wants(t, noon.Add(time.Hour+1), labeledBy(5, true, adapt.Abandoned, 1))
	o.step(passedOf(3, noon.Add(2*time.Hour))) // too late
	o.wants(t, noon.Add(4*time.Hour))
	if counts, _ := o.tallies(); counts != [numSources]uint64{fromPassed: 2, fromFailed: 1, fromAbandoned: 1} {
		t.Errorf("counted %v", counts)
	}
}

// Who passes on his own device must not vouch for the thief who was asked on
// another; and what nobody was asked by the score is no label.
func TestOutcomesOfOthersAreNone(t *testing.T) {
	o := gathering(0)
	o.step(stepOf(1, noon, 3))
	elsewhere := passedOf(1, noon.Add(time.Second))
	elsewhere.Observed.Fingerprint = 9
	o.step(elsewhere)
	o.step(passedOf(2, noon)) // asked by a policy
	stranger := stepOf(3, noon, 3)
	stranger.Established = false
	o.step(stranger)
	o.wants(t, noon.Add(2*time.Hour), labeledBy(3, true, adapt.Abandoned, 1))
}

// Ten thousand failures of one account teach what one does; so do those of a
// minute on both sides of an hour, but for one.
func TestACallerHasOneLabelAnHour(t *testing.T) {
	o := gathering(0)
	for i := range 10_000 {
		at := noon.Add(time.Duration(i) * 100 * time.Millisecond) // 17 minutes
		o.step(stepOf(1, at, -20))
		o.step(exhaustedOf(1, at))
	}
	o.wants(t, noon.Add(30*time.Minute), labeledBy(-20, true, adapt.Failed, 1))
	o.step(stepOf(1, noon.Add(time.Hour), -20))
	o.step(exhaustedOf(1, noon.Add(time.Hour)))
	o.wants(t, noon.Add(time.Hour), labeledBy(-20, true, adapt.Failed, 1))
	if o.verdict(models.Pseudonym{2}, noon, true, 1, noon.Add(time.Hour)) {
		t.Error("a verdict without a look was learned")
	}
}

func TestChallengesAreBounded(t *testing.T) {
	o := gathering(0)
	for n := range maxChallenges + 10 {
		o.step(stepOf(n, noon, 3))
	}
	if _, losses := o.tallies(); losses[lostFull] != 10 || len(o.pending) != maxChallenges {
		t.Errorf("%d are waited for, %d lost", len(o.pending), losses[lostFull])
	}
	if got := len(o.drain(noon.Add(2*time.Hour), nil)); got != maxLabels {
		t.Errorf("%d labels in an hour, want %d", got, maxLabels)
	}
	if len(o.pending) != 0 || o.first != o.end {
		t.Errorf("%d are still waited for", len(o.pending))
	}
	o.step(stepOf(1, noon.Add(5*time.Hour), 3))
	o.wants(t, noon.Add(7*time.Hour), labeledBy(3, true, adapt.Abandoned, 1))
}

// A label is about the last look at its time, or up to an hour before.
func TestVerdictsFindTheirLook(t *testing.T) {
	o := gathering(0)
	for i := range 3 { // at 12:00, 12:20, 12:40
		o.see(stepOf(1, noon.Add(time.Duration(i)*20*time.Minute), float64(i)))
	}
	who, now := stepOf(1, noon, 0).Pseudonym, noon
	for _, c := range []struct {
		at   time.Duration
		nats float64
		ok   bool
	}{{-time.Second, 0, false}, {0, 0, true}, {19 * time.Minute, 0, true}, {30 * time.Minute, 1, true}, {99 * time.Minute, 2, true}, {100 * time.Minute, 0, false}} {
		now = now.Add(time.Hour) // of another label
		if got := o.verdict(who, noon.Add(c.at), true, 0.5, now); got != c.ok {
			t.Errorf("at %v: learned %v", c.at, got)
		}
		if c.ok {
			o.wants(t, now, labeledBy(c.nats, true, 0.5, 1))
		}
	}
	if o.verdict(models.Pseudonym{9}, noon, true, 1, now) {
		t.Error("a verdict about nobody was learned")
	}
}

// A verdict holds where a step-up is still open.
func TestAVerdictEndsTheWait(t *testing.T) {
	o := gathering(0)
	e := stepOf(1, noon, 3)
	o.see(e)
	o.step(e)
	if !o.verdict(e.Pseudonym, noon, false, 1, noon.Add(time.Minute)) {
		t.Fatal("not learned")
	}
	o.step(passedOf(1, noon.Add(2*time.Minute)))
	o.wants(t, noon.Add(3*time.Hour), labeledBy(3, false, 1, 1))
}

// Looks of one caller do not push out those of others, and old ones give way.
func TestLooksAreBounded(t *testing.T) {
	o := gathering(0)
	o.see(stepOf(0, noon, 7))
	for i := range 100_000 {
		o.see(stepOf(1, noon.Add(time.Duration(i)*time.Millisecond), 30))
	}
	if o.seen != 1+looksAnHour {
		t.Errorf("%d looks of two callers in an hour, want %d", o.seen, 1+looksAnHour)
	}
	victim := stepOf(0, noon, 0).Pseudonym
	if !o.verdict(victim, noon, true, 1, noon) {
		t.Error("a look was pushed out by another caller")
	}
	for n := range looksKept {
		o.see(stepOf(n+2, noon.Add(time.Minute), 1))
	}
	if len(o.newest) != looksKept {
		t.Errorf("%d callers are known, want those of the %d looks", len(o.newest), looksKept)
	}
	if o.verdict(victim, noon, true, 1, noon.Add(time.Hour)) {
		t.Error("a look that is gone was learned")
	}
}

func TestWithoutLearningNothingIsGathered(t *testing.T) {
	o := &outcomes{}
	e := stepOf(1, noon, 3)
	o.see(e)
	o.step(e)
	if o.verdict(e.Pseudonym, noon, true, 1, noon) || o.looks != nil || o.challenges != nil {
		t.Error("gathered")
	}
	o.wants(t, noon.Add(3*time.Hour))
	o.gather(0)
	o.see(e)
	o.step(e)
	o.cease()
	o.wants(t, noon.Add(3*time.Hour))
	if o.looks != nil || o.pending != nil {
		t.Error("memory is held")
	}
}
