package risk

import (
	"math/bits"

	"github.com/riskgate/riskgate/models"
)

// Without returns the smallest set of groups without which the same request would
// have been allowed: the score, computed anew without their evidence, asks for
// nothing. Of several such sets of the same size it is the one with the fewest
// points. The groups are in their order. The set is empty where the score asks for
// nothing as it is; ok is false where it asks for something without any evidence
// against the request, because of the thresholds or of an attack elsewhere.
func (e *Engine) Without(f *models.Features, ev *models.EvidenceSet, c models.Class) (groups []models.Group, ok bool) {
	var a models.Assessment
	e.Assess(f, ev, c, &a)
	s := search{engine: e, features: f, evidence: ev, class: c}
	for g := models.Network; g < models.NumGroups; g++ {
		if e.raises(f, ev, g) {
			s.points = append(s.points, a.Contributions[g].Points)
			groups = append(groups, g)
		}
	}
	s.groups = groups
	all := uint32(1)<<len(groups) - 1
	if !s.allows(all) {
		return nil, false
	}
	return s.pick(s.smallest(all)), true
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

// search looks for a set among groups; a set has a bit for each.
type search struct {
	engine   *Engine
	features *models.Features
	evidence *models.EvidenceSet
	class    models.Class
	groups   []models.Group
	points   []float64 // of each group
}

// smallest tries the sets by rising size. All is known to allow, and so does every
// set that holds another which does: no group lowers the score by being stronger.
func (s *search) smallest(all uint32) uint32 {
	if s.allows(0) {
		return 0
	}
	for size := 1; size < len(s.groups); size++ {
		best, least := uint32(0), 0.0
		for set := uint32(1)<<size - 1; set <= all; set = following(set) {
			if n := s.weight(set); (best == 0 || n < least) && s.allows(set) {
				best, least = set, n
			}
		}
		if best != 0 {
			return best
		}
	}
	return all
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

// allows reports whether the score asks for nothing without the set.
func (s *search) allows(set uint32) bool {
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
	var a models.Assessment
	s.engine.Assess(&features, &evidence, s.class, &a)
	return a.Wanted == models.Allow
}
