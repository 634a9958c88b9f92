package authz

import (
	"github.com/cedar-policy/cedar-go/x/exp/ast"

	"github.com/riskgate/riskgate/models"
)

// visible is the set of inputs that policies read. What they do not read is
// neither put before them nor part of the key under which a decision is
// remembered.
type visible uint64

const (
	seesIdentity visible = 1 << iota
	seesScore
	seesActor
	seesConfidence
	seesLevel
	seesCountry
	seesASN
	seesAnonymizers // hosting, vpn, tor, listed
	seesDevice
	seesHour
	seesWeekday
	seesAddress
	firstState // and one for each further group

	seesRisk     = seesScore | seesActor | seesConfidence | seesLevel
	seesGeo      = seesCountry | seesASN | seesAnonymizers
	seesTime     = seesHour | seesWeekday
	seesEvidence = firstState<<models.NumGroups - firstState
	seesAll      = seesIdentity | seesRisk | seesGeo | seesTime | seesDevice | seesAddress | seesEvidence
)

func seesState(g models.Group) visible { return firstState << g }

// contextParts are the members of the context, and contextLeaves those of its
// records.
var (
	contextParts = map[string]visible{
		"risk": seesRisk, "geo": seesGeo, "evidence": seesEvidence, "device": seesDevice,
		"time": seesTime, "address": seesAddress, "acr": seesIdentity, "credential": seesIdentity,
	}
	contextLeaves = func() map[[2]string]visible {
		all := map[[2]string]visible{
			{"risk", "score"}: seesScore, {"risk", "actor"}: seesActor,
			{"risk", "confidence"}: seesConfidence, {"risk", "level"}: seesLevel,
			{"geo", "country"}: seesCountry, {"geo", "asn"}: seesASN,
			{"time", "hour"}: seesHour, {"time", "weekday"}: seesWeekday,
		}
		for g := range models.NumGroups {
			all[[2]string{"evidence", g.String()}] = seesState(g)
		}
		return all
	}()
)

// seenBy returns what a policy reads beside action and resource.
func seenBy(p *ast.Policy) (v visible) {
	if _, all := p.Principal.(ast.ScopeTypeAll); !all {
		v |= seesIdentity
	}
	for _, c := range p.Conditions {
		ast.Inspect(ast.NewNode(c.Body), func(n ast.IsNode) bool {
			part, descend := seenAt(n)
			v |= part
			return descend
		})
	}
	return v
}

// seenAt returns what one node reads, and whether its children must be asked.
// Whatever it does not know reads everything.
func seenAt(n ast.IsNode) (v visible, descend bool) {
	switch n := n.(type) {
	case ast.NodeTypeVariable:
		switch n.Name {
		case "principal":
			return seesIdentity, false
		case "context":
			return seesAll, false
		}
	case ast.NodeTypeAccess:
		if of(n.Arg, "context") {
			return known(contextParts[string(n.Value)])
		}
		if part, ok := n.Arg.(ast.NodeTypeAccess); ok && of(part.Arg, "context") {
			if leaf := contextLeaves[[2]string{string(part.Value), string(n.Value)}]; leaf != 0 {
				return leaf, false
			}
		}
	}
	return 0, true
}

func known(v visible) (visible, bool) {
	if v == 0 {
		return seesAll, false
	}
	return v, false
}

func of(n ast.IsNode, variable string) bool {
	v, ok := n.(ast.NodeTypeVariable)
	return ok && string(v.Name) == variable
}
