package baseline

import (
	"testing"

	"github.com/riskgate/riskgate/models"
)

// exhausted is a request after too many unanswered challenges.
func exhausted(at uint32) *models.Event {
	ev := success(at)
	ev.Denial, ev.Status = models.StepUpExhausted, 403
	return ev
}

// history is a profile of ten days at home.
func history() (p Profile, at uint32) {
	at = t0
	for range 10 {
		Learn(&p, success(at))
		at += day
	}
	return p, at
}

func strangeLook(at uint32) *models.Event {
	ev := success(at)
	ev.Observed.Address, ev.Observed.Network, ev.Observed.Fingerprint, ev.Observed.Family = 81, 82, 84, 85
	return ev
}

func TestFailedStepUpFreezes(t *testing.T) {
	p, at := history()
	before := p.Own
	Learn(&p, strangeLook(at)) // let in, and learned
	if !p.Own.KnowsNetwork(82) || !p.Own.KnowsFingerprint(84) {
		t.Fatal("the strange look was not learned")
	}
	Learn(&p, exhausted(at+3600))
	if p.Own.KnowsNetwork(82) || p.Own.KnowsFingerprint(84) {
		t.Error("what was learned the same day is still known")
	}
	if !p.Own.KnowsNetwork(2) || !p.Own.KnowsFingerprint(4) || p.Own.Failed != 1 {
		t.Error("what was known before is lost")
	}
	for h := range uint32(frozenDays*24 - 1) {
		ev := strangeLook(at + 7200 + h*3600)
		ev.Observed.Endpoint = 9
		if Learn(&p, ev) {
			t.Fatal("a frozen profile teaches the world")
		}
	}
	if p.Own.KnowsNetwork(82) || p.Own.Successes != before.Successes+1 || p.Local.PathSample != 0 && p.Local.PathMean != 0 {
		t.Errorf("a frozen profile learned: %d successes", p.Own.Successes)
	}
	Learn(&p, strangeLook(at+frozenDays*day+7200))
	if !p.Own.KnowsNetwork(82) || p.Own.Trust(OnASN, 82, true) > 0.01 {
		t.Error("after a week it does not learn, or not on probation")
	}
}

func TestPassedStepUpThaws(t *testing.T) {
	p, at := history()
	Learn(&p, exhausted(at))
	ev := success(at + 3600)
	ev.Passed = true
	Learn(&p, ev)
	Learn(&p, strangeLook(at+7200))
	if !p.Own.KnowsNetwork(82) || p.Own.findKind(OnSubject) >= 0 {
		t.Error("a passed step-up does not end it")
	}
}

// A subject of whom nothing older is known keeps what it has; and nobody thaws a
// profile by filling its list of probations.
func TestFreezeOfTheYoungAndOfTheFull(t *testing.T) {
	var young Profile
	Learn(&young, success(t0))
	Learn(&young, exhausted(t0+3600))
	if !young.Own.KnowsNetwork(2) {
		t.Error("the first day was forgotten")
	}
	p, at := history()
	Learn(&p, exhausted(at))
	for i := range uint32(40) {
		p.Own.try(OnASN, 1000+i, false, trial{now: at + 7200})
	}
	if !p.Own.frozen(at + 7200) {
		t.Error("forty values on probation ended it")
	}
}

// Whoever fails a step-up that a policy asks for has failed it, in an explored session
// too: one that is asked as a sample only never ends so.
func TestExhaustedStepUpsFreeze(t *testing.T) {
	for _, flags := range []models.Flag{0, models.Explored} {
		ev := success(t0)
		ev.Denial, ev.Status, ev.Features.Flags = models.StepUpExhausted, 403, flags
		var c Contribution
		c.countStepUp(ev, t0)
		if c.Failed != 1 || !c.frozen(t0+1) {
			t.Errorf("flags %b: %d failed, frozen %v", flags, c.Failed, c.frozen(t0+1))
		}
	}
}
