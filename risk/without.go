package risk

import (
	"math/bits"

	"github.com/riskgate/riskgate/models"
)

// Goal is what a request would have met with less evidence against it. The zero
// value is none: the score asks for nothing as it is.
type Goal uint8

// The goals, by what the score came to.
const (
	NoGoal     Goal = iota
	Unnoticed       // of a request that is marked or slowed: it is neither
	Unasked         // of one that is slowed because its caller cannot step up: no step-up is asked for
	LetThrough      // of one that is asked to step up or refused: it is forwarded, marked or slowed as it may be
	numGoals
)

var goalNames = [numGoals]string{"none", "unnoticed", "unasked", "let_through"}

// String returns the name used in explanations.
func (g Goal) String() string {
	if g < numGoals {
		return goalNames[g]
	}
	return "unknown"
}

// goalOf returns the goal of a request, by what is asked for as it is.
func goalOf(a *models.Assessment, r Resolution) Goal {
	switch {
	case r.Action >= models.StepUp:
		return LetThrough
	case r.Finding == NoStepUp:
		return Unasked
	case a.Wanted != models.Allow:
		return Unnoticed
	}
	return NoGoal
}

func (g Goal) metBy(a *models.Assessment, r Resolution) bool {
	switch g {
	case LetThrough:
		return r.Action < models.StepUp
	case Unasked:
		return r.Action < models.StepUp && r.Finding != NoStepUp
	}
	return a.Wanted == models.Allow
}

// Counterfactual is the least that would have had to be different.
type Counterfactual struct {
	Goal Goal
	// Groups are those of the smallest set without which the goal is met, in their
	// order: every smaller set fails. Of several it is the one with the fewest points.
	// Nil if the goal is none, or is never met, because of the thresholds or of an
	// attack elsewhere.
	Groups []models.Group
	// Left is what the score would still come to, where there are groups.
	Left Resolution
}

// Without finds the smallest set of groups without which the same request would have
// been let through, or, if it was only marked or slowed, not have been noticed. The
// truth is Assess and Ask: the request is assessed again with those groups silenced.
func (e *Engine) Without(f *models.Features, ev *models.EvidenceSet, c models.Class, canStepUp bool) Counterfactual {
	s := search{engine: e, features: f, evidence: ev, class: c, canStepUp: canStepUp}
	a, asked := s.without(0)
	s.goal = goalOf(&a, asked)
	found := Counterfactual{Goal: s.goal}
	if s.goal == NoGoal {
		return found
	}
	for g := models.Network; g < models.NumGroups; g++ {
		folded := e.folded(f, ev, g)
		if !folded && !e.raises(f, ev, g) {
			continue
		}
		if folded {
			s.folded |= 1 << len(s.groups)
		}
		s.points = append(s.points, a.Contributions[g].Points)
		s.groups = append(s.groups, g)
	}
	if set, ok := s.smallest(); ok {
		found.Groups = s.pick(set)
		_, found.Left = s.without(set)
	}
	return found
}

// raises reports whether the score might be higher because of g.
func (e *Engine) raises(f *models.Features, ev *models.EvidenceSet, g models.Group) bool {
	switch {
	case g == models.RecentBehavior:
		return f.Get(models.ActorNats) > 0
	case g == models.Verdict:
		return f.Get(models.VerdictNats) > 0
	case !g.Weighed():
		return false
	case g == models.Session && ev[g].State == models.Hit:
		return true // it voids credit
	}
	return e.weigh(g, ev[g].Lambda, ev[g].Confidence) > 0
}

// folded reports whether a change inside the session is compared with the rise of g
// since its last look. Without such a group the score may be higher or lower,
// whatever it says itself; without any other that raises it, it is never higher.
func (e *Engine) folded(f *models.Features, ev *models.EvidenceSet, g models.Group) bool {
	held := models.HeldNetwork
	switch g {
	case models.Device:
		held = models.HeldDevice
	case models.Network:
	default:
		return false
	}
	return f.Has(models.IsSessionChange) && !f.Has(models.IsAnonymous) && e.weigh(g, f.Get(held), ev[g].Confidence) != 0
}

// search looks for a set among groups; a set has a bit for each.
type search struct {
	engine    *Engine
	features  *models.Features
	evidence  *models.EvidenceSet
	class     models.Class
	canStepUp bool
	goal      Goal
	groups    []models.Group
	points    []float64 // of each group
	folded    uint32
}

// smallest tries the sets by rising size.
func (s *search) smallest() (best uint32, ok bool) {
	all := uint32(1)<<len(s.groups) - 1
	if !s.possible(all) {
		return 0, false
	}
	for size := 1; size <= len(s.groups); size++ {
		least := 0.0
		for set := uint32(1)<<size - 1; set <= all; set = following(set) {
			if n := s.weight(set); (!ok || n < least) && s.meets(set) {
				best, least, ok = set, n, true
			}
		}
		if ok {
			break
		}
	}
	return best, ok
}

// possible reports whether any set meets the goal. To take one more away never
// hurts, but for the folded ones.
func (s *search) possible(all uint32) bool {
	for kept := s.folded; ; kept = (kept - 1) & s.folded {
		if s.meets(all &^ kept) {
			return true
		}
		if kept == 0 {
			return false
		}
	}
}

// following returns the next larger number with as many bits.
func following(set uint32) uint32 {
	low := set & -set
	up := set + low
	return up | (set^up)>>2/low
}

func (s *search) weight(set uint32) (points float64) {
	for ; set != 0; set &= set - 1 {
		points += s.points[bits.TrailingZeros32(set)]
	}
	return points
}

func (s *search) pick(set uint32) []models.Group {
	picked := []models.Group{}
	for ; set != 0; set &= set - 1 {
		picked = append(picked, s.groups[bits.TrailingZeros32(set)])
	}
	return picked
}

func (s *search) meets(set uint32) bool {
	a, r := s.without(set)
	return s.goal.metBy(&a, r)
}

// without assesses the request with the groups of the set silenced.
func (s *search) without(set uint32) (a models.Assessment, r Resolution) {
	features, evidence := *s.features, *s.evidence
	for ; set != 0; set &= set - 1 {
		g := s.groups[bits.TrailingZeros32(set)]
		evidence[g] = models.Evidence{}
		switch g {
		case models.RecentBehavior:
			features.Set(models.ActorNats, 0)
		case models.Verdict:
			features.Set(models.VerdictNats, 0)
		}
	}
	s.engine.Assess(&features, &evidence, s.class, &a)
	return a, s.engine.Ask(&a, &features, s.class, s.canStepUp)
}
