package main

import (
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// hourly gathers events, one for each call of the function returned.
func hourly(t *testing.T, l *labels) (*gathering, func(n int, at time.Duration, change func(*models.Event))) {
	t.Helper()
	engine := risk.New(risk.DefaultConfig())
	g := newGathering(l, streams{})
	return g, func(n int, at time.Duration, change func(*models.Event)) {
		t.Helper()
		e := decided(n, moved(), engine)
		e.Time, e.Pseudonym, e.Denial, e.Status = begin.Add(at), models.Pseudonym{1}, "", 200
		change(e)
		if err := g.take(record{value: encode(e)}); err != nil {
			t.Fatal(err)
		}
	}
}

func exhausted(e *models.Event) { e.Denial, e.Status = models.StepUpExhausted, 403 }

func unchanged(*models.Event) {}

// Nobody teaches more by failing more: an hour of a caller is one example.
func TestOneCallerHasOneExampleAnHour(t *testing.T) {
	g, send := hourly(t, &labels{})
	for n := range 120 {
		send(n, time.Duration(n)*time.Minute, exhausted)
	}
	if attacks, genuine, _ := g.tally(); attacks != 2 || genuine != 0 {
		t.Errorf("two hours of failing are %d attacks and %d genuine sessions, want 2 and 0", attacks, genuine)
	}
	send(121, 119*time.Minute, func(e *models.Event) { exhausted(e); e.Pseudonym[0] = 2 })
	if attacks, _, _ := g.tally(); attacks != 3 {
		t.Errorf("%d attacks, want 3: another caller has hours of its own", attacks)
	}
}

func TestAbandonedChallengesOfOneHourAreOneExample(t *testing.T) {
	g, send := hourly(t, &labels{})
	asked := func(e *models.Event) { e.Denial, e.Status = models.StepUpRequired, 401 }
	send(1, time.Minute, exhausted)
	send(2, 2*time.Minute, asked)
	send(3, 3*time.Hour, unchanged)
	if attacks, _, _ := g.tally(); attacks != 1 || len(g.pending) != 0 {
		t.Errorf("%d attacks and %d challenges waited for, want 1 and 0", attacks, len(g.pending))
	}
}

func TestLabelsOfOneHourAreOneExample(t *testing.T) {
	l := &labels{
		events:   map[models.EventID]label{},
		subjects: map[models.Pseudonym][]label{{2}: {{attack: true, weight: 1}}},
	}
	for n := range 60 {
		l.events[fixedID(n)] = label{attack: n == 0, weight: 0.5}
	}
	g, send := hourly(t, l)
	for n := range 60 {
		send(n, time.Duration(n)*time.Minute/2, unchanged)
	}
	if attacks, genuine, labeled := g.tally(); attacks != 1 || genuine != 0 || labeled != 1 {
		t.Errorf("events: %d attacks, %d genuine, %d labeled, want the first alone", attacks, genuine, labeled)
	}
	for n := range 60 {
		send(100+n, time.Duration(n)*time.Minute, func(e *models.Event) { e.Pseudonym[0] = 2 })
	}
	if attacks, _, labeled := g.tally(); attacks != 2 || labeled != 2 {
		t.Errorf("a subject: %d attacks, %d labeled, want one more", attacks, labeled)
	}
}

// In the hour of a thief its owner may have called too: what is known of the thief holds,
// whichever was first.
func TestAttackOfTheHourHolds(t *testing.T) {
	for _, order := range [][2]int{{1, 2}, {2, 1}} {
		g, send := hourly(t, &labels{events: map[models.EventID]label{
			fixedID(1): {weight: 1}, fixedID(2): {attack: true, weight: 0.5}}})
		for i, n := range order {
			send(n, time.Duration(i)*time.Minute, unchanged)
		}
		if attacks, genuine, labeled := g.tally(); attacks != 1 || genuine != 0 || labeled != 1 || g.examples[0].Weight != 0.5 {
			t.Errorf("events %v: %d attacks, %d genuine, %d labeled, want the attack alone", order, attacks, genuine, labeled)
		}
	}
}

// A sample that is failed or left unanswered is no attack; one that is passed stands for
// many.
func TestSamplesAreLearnedFromWherePassed(t *testing.T) {
	asked := func(e *models.Event) { e.Denial, e.Status = models.StepUpRequired, 401 }
	sample := func(change func(*models.Event)) func(*models.Event) {
		return func(e *models.Event) { change(e); e.Features.Flags |= models.Explored }
	}
	f := func(name string, want int, last func(*models.Event)) {
		t.Helper()
		g, send := hourly(t, &labels{})
		send(1, 0, sample(asked))
		send(2, time.Minute, last)
		send(3, 3*time.Hour, unchanged)
		if len(g.examples) != want || len(g.pending) != 0 {
			t.Errorf("%s: %d examples and %d challenges waited for, want %d and 0", name, len(g.examples), len(g.pending), want)
		}
	}
	f("failed", 0, exhausted)
	f("failed as a sample", 0, sample(exhausted))
	f("left unanswered", 0, unchanged)
	f("passed", 1, func(e *models.Event) { e.Passed = true })
	g, send := hourly(t, &labels{})
	send(1, 0, sample(exhausted)) // its challenge was not recorded
	if len(g.examples) != 0 {
		t.Error("a failed sample without its challenge is an attack")
	}
}

// What an ended session is asked for says nothing of the score.
func TestStepUpsAfterLogoffAreNoLabels(t *testing.T) {
	g, send := hourly(t, &labels{})
	send(1, 0, func(e *models.Event) {
		e.Denial, e.Status = models.StepUpRequired, 401
		e.Features.Set(models.SessionKind, models.SessionAfterLogout)
	})
	send(2, 3*time.Hour, unchanged)
	if len(g.examples) != 0 || len(g.pending) != 0 {
		t.Errorf("%d examples, %d challenges waited for, want none", len(g.examples), len(g.pending))
	}
}

// What is known holds against what a step-up of the same hour says, whichever was first.
func TestLabelReplacesStepUpOfTheHour(t *testing.T) {
	for _, order := range [][2]int{{1, 2}, {2, 1}} {
		g, send := hourly(t, &labels{events: map[models.EventID]label{fixedID(2): {weight: 1}}})
		for i, n := range order {
			send(n, time.Duration(i)*time.Minute, exhausted)
		}
		if attacks, genuine, labeled := g.tally(); attacks != 0 || genuine != 1 || labeled != 1 {
			t.Errorf("events %v: %d attacks, %d genuine, %d labeled, want the label alone", order, attacks, genuine, labeled)
		}
	}
}

// Anonymous callers have no pseudonym; they are told apart by address.
func TestAnonymousCallersHaveHoursOfTheirOwn(t *testing.T) {
	l := &labels{events: map[models.EventID]label{}}
	g, send := hourly(t, l)
	for n := range 4 {
		l.events[fixedID(n)] = label{attack: true, weight: 1}
		send(n, 0, func(e *models.Event) {
			e.Features.Flags |= models.IsAnonymous
			e.Subject, e.Credential, e.Pseudonym = models.Anonymous, models.NoCredential, models.Pseudonym{}
			e.Observed.Address = uint32(1 + n/2)
		})
	}
	if attacks, _, _ := g.tally(); attacks != 2 {
		t.Errorf("%d attacks of two addresses, want 2", attacks)
	}
}
