package authz

import (
	"iter"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
)

// matching returns the policies that apply, in the order of the files. All must
// be permits, or all forbids.
func (a *Authorizer) matching(all []*policy, env *entities, req cedar.Request) []*policy {
	var hits []*policy
	for _, p := range all {
		_, diag := cedar.Authorize(one{p.cedar}, env, req)
		switch {
		case len(diag.Errors) > 0:
			a.failed.Add(1)
			if p.forbid {
				hits = append(hits, p)
			}
		case len(diag.Reasons) > 0:
			hits = append(hits, p)
		}
	}
	return hits
}

// one is a policy set of one policy.
type one struct{ policy *cedar.Policy }

// All implements cedar.PolicyIterator.
func (o one) All() iter.Seq2[types.PolicyID, *cedar.Policy] {
	return func(yield func(types.PolicyID, *cedar.Policy) bool) { yield("", o.policy) }
}
