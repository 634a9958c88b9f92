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
	o.wants(t, noon.Add(time.Hour))
	o.step(stepOf(1, noon.Add(time.Hour), -20))
	o.step(exhaustedOf(1, noon.Add(time.Hour)))
	o.wants(t, noon.Add(time.Hour), labeledBy(-20, true, adapt.Failed, 1))
	if o.verdict(models.Pseudonym{2}, noon, true, 1, noon.Add(time.Hour)) {
		t.Error("a verdict without a look was learned")
	}
}

// The hour is that of the gateway: what began long before and ends now, of whoever,
// does not begin one.
func TestALateOutcomeBeginsNoHour(t *testing.T) {
	o := gathering(0)
	o.wants(t, noon)
	for range 10 {
		o.step(stepOf(1, noon, -20))
		o.step(exhaustedOf(1, noon))
		o.step(stepOf(2, noon.Add(-3*time.Hour), 3))
		o.step(stepOf(3, noon.Add(time.Hour), 3))
	}
	o.wants(t, noon.Add(time.Minute), labeledBy(-20, true, adapt.Failed, 1), labeledBy(3, true, adapt.Abandoned, 1))
}

// What came before the first round is remembered after it.
func TestTheFirstRoundForgetsNoLabel(t *testing.T) {
	o := gathering(0)
	for range 2 {
		o.step(stepOf(1, noon, 3))
		o.step(exhaustedOf(1, noon))
		o.drain(noon.Add(time.Minute), nil)
	}
	if counts, _ := o.tallies(); counts[fromFailed] != 1 {
		t.Errorf("%d labels of one caller in an hour, want 1", counts[fromFailed])
	}
}

// Who was asked as a sample and does not answer may be anybody who has better to
// do: only one who passes is a label.
func TestASampleThatIsNotPassedIsNoLabel(t *testing.T) {
	o := gathering(0.0005)
	for n := range 3 {
		explored := stepOf(n, noon, 0.5)
		explored.Features.Flags = models.Explored
		o.step(explored)
	}
	o.step(exhaustedOf(0, noon.Add(time.Minute)))
	o.step(passedOf(1, noon.Add(time.Minute)))
	o.wants(t, noon.Add(2*time.Hour), labeledBy(0.5, false, adapt.Certain, float64(float32(0.0005))))
	if len(o.pending) != 0 || o.first != o.end {
		t.Errorf("%d are still waited for", len(o.pending))
	}
	o.step(stepOf(0, noon.Add(2*time.Hour), 3)) // by its score: no label was spent
	o.step(exhaustedOf(0, noon.Add(2*time.Hour)))
	o.wants(t, noon.Add(2*time.Hour), labeledBy(3, true, adapt.Failed, 1))
}

// An analyst knows better than how a step-up ended, while that can be put right,
// and is not overruled by himself.
func TestAVerdictReplacesALabelThatWaits(t *testing.T) {
	o := gathering(0)
	e := stepOf(1, noon, 3)
	o.see(e)
	o.step(e)
	o.step(exhaustedOf(1, noon))
	o.step(stepOf(2, noon, 4))
	o.step(exhaustedOf(2, noon))
	if !o.verdict(e.Pseudonym, noon, false, 0.5, noon.Add(time.Second)) {
		t.Fatal("the verdict was not learned")
	}
	if o.verdict(e.Pseudonym, noon, true, 1, noon.Add(2*time.Second)) {
		t.Error("a second verdict was learned")
	}
	o.wants(t, noon.Add(time.Minute), labeledBy(3, false, 0.5, 1), labeledBy(4, true, adapt.Failed, 1))
	other := stepOf(2, noon, 4)
	o.see(other)
	if o.verdict(other.Pseudonym, noon, false, 1, noon.Add(2*time.Minute)) {
		t.Error("a caller whose label was learned had another in that hour")
	}
	o.wants(t, noon.Add(3*time.Minute))
	if counts, losses := o.tallies(); counts[fromVerdict] != 1 || losses[lostAgain] != 3 {
		t.Errorf("%d verdicts, %d labels lost to another of the hour, want 1 and 3", counts[fromVerdict], losses[lostAgain])
	}
}

// A report speaks of what came after its beginning alone, however long ago.
func TestAReportLabelsWhatCameSince(t *testing.T) {
	for name, c := range map[string]struct {
		since, at time.Duration
		nats      float64
		ok        bool
	}{
		"nothing since":    {21 * time.Minute, 40 * time.Minute, 0, false},
		"the last since":   {-time.Hour, 40 * time.Minute, 1, true},
		"of that moment":   {20 * time.Minute, 40 * time.Minute, 1, true},
		"days later":       {time.Minute, 72 * time.Hour, 1, true},
		"before the last":  {-time.Hour, 10 * time.Minute, 0, true},
		"before they came": {-2 * time.Hour, -time.Hour, 0, false},
	} {
		o := gathering(0)
		o.see(stepOf(1, noon, 0))
		o.see(stepOf(1, noon.Add(20*time.Minute), 1))
		who := stepOf(1, noon, 0).Pseudonym
		if got := o.report(who, noon.Add(c.since), noon.Add(c.at), noon.Add(c.at)); got != c.ok {
			t.Errorf("%s: learned %v", name, got)
		}
		if labels := o.drain(noon, nil); c.ok && (len(labels) != 1 || labels[0] != labeledBy(c.nats, true, adapt.Certain, 1)) {
			t.Errorf("%s: %+v, want an attack with %g nats", name, labels, c.nats)
		}
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
	o.wants(t, noon.Add(5*time.Hour))
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
