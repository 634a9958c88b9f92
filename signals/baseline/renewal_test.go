package baseline

import (
	"testing"

	"github.com/riskgate/riskgate/models"
)

// poll folds the requests of a caller that never pauses into a profile, every
// ten minutes, and returns how many of them were looks, and how many taught the
// world.
func poll(p *Profile, from uint32, hours int, change func(*models.Event)) (looks, shares int) {
	for i := range uint32(hours * 6) {
		ev := success(from + i*600)
		change(ev)
		a := ArrivalOf(ev)
		ev.Features.Flags &^= models.IsLook
		if p.Local.Visit(&p.Own, &a).Look {
			ev.Features.Flags |= models.IsLook
			looks++
		}
		if Learn(p, ev) {
			shares++
		}
	}
	return looks, shares
}

func same(*models.Event) {}

// A session that never ends is looked at, and learned, once in every hour.
func TestLongSessionsAreLookedAtAgain(t *testing.T) {
	var p Profile
	from := t0 - t0%3600
	if n, _ := poll(&p, from, 24, same); n != 24 {
		t.Errorf("%d looks in 24 hours, want 24", n)
	}
	if w := p.Own.NetworkWeights(&success(from).Observed, from+day); w.Level[0] < 11 {
		t.Errorf("the address weighs %.2f after 24 hours at half a success each", w.Level[0])
	}
}

// Within an hour nothing is evaluated twice.
func TestLooksAreHeldForTheHour(t *testing.T) {
	var p Profile
	from := t0 - t0%3600
	if n, _ := poll(&p, from, 1, same); n != 1 {
		t.Errorf("%d looks in an hour, want 1", n)
	}
}

// To stay where one is says nothing about how often anybody moves.
func TestLooksAtTheSameAreNoTrials(t *testing.T) {
	var p Profile
	from := t0 - t0%3600
	poll(&p, from, 1, same)
	looks, shares := poll(&p, from+2*3600, 12, same)
	if looks != 12 || shares != 1 {
		t.Errorf("%d looks in 12 hours, of which %d taught the world; want 12 and 1", looks, shares)
	}
	if n := p.Own.Novelty.N[netNovelty]; n < 0.4 || n > 0.5 {
		t.Errorf("%g trials of novelty, want those of one look", n)
	}
}

// A machine client that moves and never pauses ends the probation of its new
// network after five days.
func TestProbationOfPollersEnds(t *testing.T) {
	var p Profile
	from := t0 - t0%day
	machine := func(ev *models.Event) { ev.Subject, ev.Features.Flags = models.Client, models.IsMachine|models.IsLook }
	moved := func(ev *models.Event) { machine(ev); ev.Observed.Address, ev.Observed.Network = 21, 22 }
	poll(&p, from, 5*24, machine)
	from += 5 * day
	poll(&p, from, 1, moved)
	if tau := p.Own.Trust(OnASN, 22, true); tau > 0 {
		t.Fatalf("trust %g at once", tau)
	}
	poll(&p, from+3600, 5*24, moved)
	if tau := p.Own.Trust(OnASN, 22, true); tau != 1 {
		t.Errorf("trust %g after five days of use, want 1", tau)
	}
}

// So does one whose new network costs it so much that its score is never low.
func TestProbationEndsByUse(t *testing.T) {
	var p Profile
	from := t0 - t0%day
	machine := func(ev *models.Event) { ev.Subject, ev.Features.Flags = models.Client, models.IsMachine|models.IsLook }
	poll(&p, from, 5*24, machine)
	from += 5 * day
	poll(&p, from, 5*24, func(ev *models.Event) {
		machine(ev)
		ev.Observed.Address, ev.Observed.Network, ev.Assessment.Score = 21, 22, 55
	})
	if tau := p.Own.Trust(OnASN, 22, true); tau != 1 {
		t.Errorf("trust %g after five days of use, want 1", tau)
	}
	var q Profile
	poll(&q, from, 5*24, machine)
	poll(&q, from+5*day, 5*24, func(ev *models.Event) {
		machine(ev)
		ev.Observed.Address, ev.Observed.Network, ev.Assessment.Score, ev.Assessment.ActorNats = 21, 22, 55, 3
	})
	if tau := q.Own.Trust(OnASN, 22, false); tau != 0 {
		t.Errorf("trust %g of who also enumerates, want none", tau)
	}
}

// However many requests it has on its first day: a machine client is enrolled no
// sooner than on its third.
func TestEnrollingTakesDays(t *testing.T) {
	var c Contribution
	for i := range uint32(1000) {
		c.succeed(t0 + i)
	}
	if !c.Enrolling(t0 + 2000) {
		t.Error("enrolled after a quarter of an hour")
	}
	c.succeed(t0 + day)
	c.succeed(t0 + 2*day)
	if c.Enrolling(t0 + 2*day) {
		t.Error("still enrolling after three days of a thousand requests")
	}
	var d Contribution
	d.succeed(t0)
	if !d.Enrolling(t0+6*day) || d.Enrolling(t0+7*day) {
		t.Error("who comes seldom is enrolled after seven days")
	}
}
