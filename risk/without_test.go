package risk

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// slowest tries every set of groups that say something, in no clever order.
func slowest(e *Engine, f *models.Features, ev *models.EvidenceSet, c models.Class) (size int, points float64, ok bool) {
	var a models.Assessment
	e.Assess(f, ev, c, &a)
	mute := uint32(0)
	for g := range models.NumGroups {
		if g.Weighed() && ev[g] == (models.Evidence{}) {
			mute |= 1 << g
		}
	}
	for set := range uint32(1) << models.NumGroups {
		if set&mute != 0 {
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
		n := bits.OnesCount32(set)
		if ok && (n > size || n == size && sum >= points) || set>>models.Credit&1 == 1 {
			continue
		}
		var again models.Assessment
		e.Assess(&features, &evidence, c, &again)
		if again.Wanted == models.Allow {
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
	sizes := map[int]int{}
	for i := range 25 {
		f, ev := invented(r)
		for g := range ev {
			ev[g].Lambda /= 2
			if models.Group(g).Weighed() && r.IntN(3) == 0 {
				ev[g] = models.Evidence{}
			}
		}
		if i%5 > 0 { // an attack elsewhere would often suffice
			f.Set(models.ModeNats, 0)
		}
		c := models.Class(i) % models.NumClasses
		var a models.Assessment
		e.Assess(f, ev, c, &a)
		groups, ok := e.Without(f, ev, c)
		size, points, want := slowest(e, f, ev, c)
		sum := 0.0
		for _, g := range groups {
			sum += a.Contributions[g].Points
		}
		if ok != want || len(groups) != size || ok && sum != points {
			t.Errorf("%v (%g points, %v), want %d groups of %g points (%v)", groups, sum, ok, size, points, want)
		}
		sizes[len(groups)]++
	}
	if len(sizes) < 3 {
		t.Errorf("only sets of these sizes: %v", sizes)
	}
}

func TestWithoutTakesTheFewestPoints(t *testing.T) {
	e := New(DefaultConfig())
	f, ev := new(models.Features), new(models.EvidenceSet)
	ev[models.Network] = models.Evidence{Lambda: 0.6, Confidence: 1}
	ev[models.Device] = models.Evidence{Lambda: 0.5, Confidence: 1}
	if groups, ok := e.Without(f, ev, models.Normal); !ok || !slices.Equal(groups, []models.Group{models.Device}) {
		t.Errorf("without %v (%v), want device: either suffices", groups, ok)
	}
	if groups, ok := e.Without(f, new(models.EvidenceSet), models.Normal); !ok || groups == nil || len(groups) > 0 {
		t.Errorf("without %v (%v), want nothing", groups, ok)
	}
}

func BenchmarkWithout(b *testing.B) {
	e := New(DefaultConfig())
	f, ev := new(models.Features), new(models.EvidenceSet)
	for g := range 8 {
		ev[g] = models.Evidence{Lambda: 0.5 + float64(g)/4, Confidence: 1, State: models.Hit}
	}
	for b.Loop() {
		e.Without(f, ev, models.Normal)
	}
}
