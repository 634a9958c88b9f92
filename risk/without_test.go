package risk

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// reached reports in words of its own whether what is asked for is as good as the goal.
func reached(goal Goal, a *models.Assessment, r Resolution) bool {
	forwarded := r.Action == models.Allow || r.Action == models.Monitor || r.Action == models.Throttle
	switch goal {
	case LetThrough:
		return forwarded
	case Unasked:
		return forwarded && r.Finding == ""
	}
	return a.Wanted == models.Allow && r.Action == models.Allow && r.Refill == 1
}

// slowest tries every set of groups that say something, in no clever order.
func slowest(e *Engine, f *models.Features, ev *models.EvidenceSet, c models.Class, canStepUp bool, goal Goal) (size int, points float64, ok bool) {
	var a models.Assessment
	e.Assess(f, ev, c, &a)
	mute := uint32(0)
	for g := range models.NumGroups {
		if g.Weighed() && ev[g] == (models.Evidence{}) {
			mute |= 1 << g
		}
	}
	for set := range uint32(1) << models.NumGroups {
		n := bits.OnesCount32(set)
		if set&mute != 0 || set>>models.Credit&1 == 1 || ok && n > size {
			continue
		}
		features, evidence, sum := *f, *ev, 0.0
		for g := range models.NumGroups {
			if set>>g&1 == 0 {
				continue
			}
			sum += a.Contributions[g].Points
			evidence[g] = models.Evidence{}
			features.Set(models.ActorNats, features.Get(models.ActorNats)*float64(1-one(g == models.RecentBehavior)))
			features.Set(models.VerdictNats, features.Get(models.VerdictNats)*float64(1-one(g == models.Verdict)))
		}
		if ok && n == size && sum >= points {
			continue
		}
		var again models.Assessment
		e.Assess(&features, &evidence, c, &again)
		if reached(goal, &again, e.Ask(&again, &features, c, canStepUp)) {
			size, points, ok = n, sum, true
		}
	}
	return size, points, ok
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func TestWithoutIsTheSmallestSet(t *testing.T) {
	config := DefaultConfig()
	config.Intercept = -3
	e, r := New(config), rand.New(rand.NewPCG(21, 22))
	sizes, goals, folded := map[int]int{}, map[Goal]int{}, 0
	for i := range 90 {
		f, ev := invented(r)
		for g := range ev {
			ev[g].Lambda /= 2
			if models.Group(g).Weighed() && r.IntN(3) > 0 {
				ev[g] = models.Evidence{}
			}
		}
		f.Flags &^= models.Flag(r.IntN(2)) * (models.IsEnrolling | models.IsAnonymous)
		if i%5 > 0 { // an attack elsewhere would often suffice
			f.Set(models.ModeNats, 0)
		}
		if i%3 == 0 {
			f.Set(models.VerdictNats, min(0, f.Get(models.VerdictNats)))
		}
		if i%2 == 0 { // what was said before the session changed
			f.Flags |= models.IsSessionChange
			for _, g := range []models.Group{models.Network, models.Device, models.Session} {
				ev[g] = models.Evidence{Lambda: r.NormFloat64() * 3, Confidence: 1, State: models.Clean}
			}
		}
		c, canStepUp := models.Class(i)%models.NumClasses, r.IntN(3) > 0
		var a models.Assessment
		e.Assess(f, ev, c, &a)
		asked := e.Ask(&a, f, c, canStepUp)
		x := e.Without(f, ev, c, canStepUp)
		goals[x.Goal]++
		if x.Goal == NoGoal {
			if !reached(Unnoticed, &a, asked) || x.Groups != nil {
				t.Errorf("%s, and nothing to look for, without %v", asked.Action, x.Groups)
			}
			continue
		}
		size, points, ok := slowest(e, f, ev, c, canStepUp, x.Goal)
		sum, named := 0.0, map[models.Group]bool{}
		for _, g := range x.Groups {
			sum, named[g] = sum+a.Contributions[g].Points, true
			if ev[g].Lambda < 0 {
				folded++
			}
		}
		if reached(x.Goal, &a, asked) || (x.Groups != nil) != ok || len(x.Groups) != size || len(named) != size || ok && sum != points {
			t.Errorf("%s: %v (%g points), want %d groups of %g points (%v)", x.Goal, x.Groups, sum, size, points, ok)
		}
		sizes[len(x.Groups)]++
	}
	if len(sizes) < 4 || len(goals) < int(numGoals) || folded == 0 {
		t.Errorf("only sets of these sizes: %v, and these goals: %v, %d", sizes, goals, folded)
	}
}

// What is left is told: the goal is to be let through, not to be allowed.
func TestWithoutTellsWhatIsLeft(t *testing.T) {
	e := New(DefaultConfig())
	say := func(nats ...float64) *models.EvidenceSet {
		ev := new(models.EvidenceSet)
		for i, g := range []models.Group{models.Network, models.Device, models.Infrastructure}[:len(nats)] {
			ev[g] = models.Evidence{Lambda: nats[i], Confidence: 1}
		}
		return ev
	}
	f := func(name string, flags models.Flag, ev *models.EvidenceSet, canStepUp bool, goal Goal, left models.Action, finding Finding, groups ...models.Group) {
		t.Helper()
		x := e.Without(&models.Features{Flags: flags}, ev, models.Normal, canStepUp)
		if x.Goal != goal || !slices.Equal(x.Groups, groups) || x.Left.Action != left || x.Left.Finding != finding {
			t.Errorf("%s: %+v, want %s without %v and %s left, %q", name, x, goal, groups, left, finding)
		}
	}
	f("nothing", 0, say(0.5), true, NoGoal, models.Allow, "")
	f("marked", 0, say(1), true, Unnoticed, models.Allow, "", models.Network)
	f("asked to step up, still marked", 0, say(1.2, 1.5), true, LetThrough, models.Monitor, "", models.Network)
	f("asked to step up, then nothing", 0, say(0.5, 3), true, LetThrough, models.Allow, "", models.Device)
	f("a machine that cannot", models.IsMachine, say(1.2, 1.5), false, Unasked, models.Monitor, "", models.Network)
	f("a machine that is denied, then only slowed", models.IsMachine, say(3, 3, 2), false, LetThrough, models.Monitor, NoStepUp, models.Infrastructure)
	f("a machine in its first days", models.IsMachine|models.IsEnrolling, say(3), false, Unnoticed, models.Allow, "", models.Network)
}

// What speaks for the caller may be compared with what it said before, too, and is
// still not worth to be silenced.
func TestWithoutKeepsWhatSpeaksForTheCaller(t *testing.T) {
	config := DefaultConfig()
	config.Classes.Normal.Monitor = 5 // below the score without evidence
	f, ev := &models.Features{Flags: models.IsSessionChange}, new(models.EvidenceSet)
	f.Set(models.HeldNetwork, 1)
	ev[models.Network] = models.Evidence{Lambda: -2, Confidence: 1}
	ev[models.Session] = models.Evidence{Lambda: 4, Confidence: 1, State: models.Hit}
	if x := New(config).Without(f, ev, models.Normal, true); x.Goal != Unnoticed || !slices.Equal(x.Groups, []models.Group{models.Session}) {
		t.Errorf("%+v, want unnoticed without session", x)
	}
}

func TestWithoutTakesTheFewestPoints(t *testing.T) {
	e := New(DefaultConfig())
	f, ev := new(models.Features), new(models.EvidenceSet)
	ev[models.Network] = models.Evidence{Lambda: 0.6, Confidence: 1}
	ev[models.Device] = models.Evidence{Lambda: 0.5, Confidence: 1}
	if x := e.Without(f, ev, models.Normal, true); x.Goal != Unnoticed || !slices.Equal(x.Groups, []models.Group{models.Device}) {
		t.Errorf("%+v, want device: either suffices", x)
	}
}

func BenchmarkWithout(b *testing.B) {
	e := New(DefaultConfig())
	f, ev := new(models.Features), new(models.EvidenceSet)
	for g := range 8 {
		ev[g] = models.Evidence{Lambda: 0.5 + float64(g)/4, Confidence: 1, State: models.Hit}
	}
	for b.Loop() {
		e.Without(f, ev, models.Normal, true)
	}
}
