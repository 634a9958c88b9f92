package authz

import (
	"slices"
	"strings"
	"sync/atomic"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"github.com/riskgate/riskgate/models"
)

// Route is a route that policies may name.
type Route struct {
	ID    string
	Class models.Class
}

// Authorizer decides under one set of policies. It is safe for concurrent use;
// only its memory of decisions changes.
//
// A policy whose evaluation fails is in doubt, and doubt denies: a forbid counts
// as if it applied, a permit as if it did not.
type Authorizer struct {
	policies []*policy
	routes   map[string]*routeSlices
	mode     models.Mode
	memory   memory
	failed   atomic.Uint64
}

// routeSlices holds what one route needs.
type routeSlices struct {
	entity types.Entity
	slices []*slice // by index in actions
}

// slice holds the policies that can match one route and action.
type slice struct {
	action, route types.Entity
	permits       []*policy
	forbids       []*policy
	sees          visible
}

// Decision is the answer to an Input. The zero value permits.
type Decision struct {
	Action   models.Action // to apply
	Denial   models.Denial // PolicyDenied or StepUpRequired, empty below them
	Policies string        // ids of the policies that led to Action, comma-separated; "" where none applies
	Want     Want          // of a step-up
	// Shadow is the action if everything in shadow were enforced, led to by
	// ShadowPolicies. It equals Action where nothing is in shadow.
	Shadow         models.Action
	ShadowPolicies string
}

// New reads, checks and compiles the policies of a valid configuration. Mistakes
// in them are a PolicyError.
func New(c Config, routes []Route) (*Authorizer, error) {
	a := &Authorizer{routes: map[string]*routeSlices{}}
	a.mode, _ = models.ParseMode(c.Mode)
	a.memory.init(c.Remember)
	if c.Policies == "" {
		return a, nil
	}
	policies, err := load(c.Policies, routes)
	if err != nil {
		return nil, err
	}
	a.policies = policies
	for _, r := range routes {
		a.routes[r.ID] = a.slicesOf(r)
	}
	return a, nil
}

func (a *Authorizer) slicesOf(r Route) *routeSlices {
	rs := &routeSlices{entity: routeEntity(r.ID, r.Class)}
	for _, act := range actions {
		s := &slice{action: act.entity, route: rs.entity}
		for _, p := range a.policies {
			if p.covers(act.entity, rs.entity) {
				s.add(p)
			}
		}
		rs.slices = append(rs.slices, s)
	}
	return rs
}

func (s *slice) add(p *policy) {
	s.sees |= p.sees
	if p.forbid {
		s.forbids = append(s.forbids, p)
	} else {
		s.permits = append(s.permits, p)
	}
}

// Wants returns what the policies may ask of a caller, each once.
func (a *Authorizer) Wants() []Want {
	var all []Want
	for _, p := range a.policies {
		if p.action == models.StepUp && !slices.Contains(all, p.want) {
			all = append(all, p.want)
		}
	}
	return all
}

// Status is what an operator sees.
type Status struct {
	Policies   int
	Remembered int    // decisions in memory
	Failed     uint64 // evaluations of a policy that failed
}

// Status returns the status.
func (a *Authorizer) Status() Status {
	return Status{len(a.policies), a.memory.size(), a.failed.Load()}
}

// Decide writes the decision about in to out. A decision that is remembered
// allocates nothing.
func (a *Authorizer) Decide(in *Input, out *Decision) {
	if len(a.policies) == 0 {
		*out = Decision{}
		return
	}
	rs := a.routes[in.Route]
	if rs == nil {
		a.decideUnknown(in, out)
		return
	}
	s := rs.slices[actionIndex(in.Method)]
	k := memoryKey{slice: s}
	k.facts.read(in, s.sees)
	if d := a.memory.get(&k); d != nil {
		*out = *d
		return
	}
	d := a.evaluate(s, &k.facts)
	a.memory.put(k, d)
	*out = *d
}

// decideUnknown decides for a route that New was not told of, without memory.
func (a *Authorizer) decideUnknown(in *Input, out *Decision) {
	s := a.slicesOf(Route{in.Route, in.Class}).slices[actionIndex(in.Method)]
	var f facts
	f.read(in, s.sees)
	*out = *a.evaluate(s, &f)
}

func (a *Authorizer) evaluate(s *slice, f *facts) *Decision {
	who := principal(f.identity)
	env := &entities{who, s.action, s.route}
	req := cedar.Request{Principal: who.UID, Action: s.action.UID, Resource: s.route.UID, Context: f.context(s.sees)}
	permits, forbids := a.matching(s.permits, env, req), a.matching(s.forbids, env, req)

	var d Decision
	d.Shadow, d.ShadowPolicies, _ = combine(permits, forbids)
	if a.mode == models.Shadow {
		return &d
	}
	d.Action, d.Policies, d.Want = combine(enforced(permits), enforced(forbids))
	switch d.Action {
	case models.Deny:
		d.Denial = models.PolicyDenied
	case models.StepUp:
		d.Denial = models.StepUpRequired
	}
	return &d
}

// combine returns the action that policies which apply lead to: the strictest
// any forbid asks for, and deny without a permit. Where several ask for a
// step-up, the first that names a class or an age says which.
func combine(permits, forbids []*policy) (action models.Action, ids string, w Want) {
	if len(permits) == 0 {
		action = models.Deny
	}
	for _, p := range forbids {
		action = max(action, p.action)
	}
	if action == models.Allow {
		return action, join(permits), w
	}
	forbids = slices.DeleteFunc(slices.Clone(forbids), func(p *policy) bool { return p.action != action })
	if action == models.StepUp {
		for _, p := range forbids {
			if w == (Want{}) {
				w = p.want
			}
		}
	}
	return action, join(forbids), w
}

func enforced(all []*policy) []*policy {
	return slices.DeleteFunc(slices.Clone(all), func(p *policy) bool { return p.shadow })
}

func join(all []*policy) string {
	ids := make([]string, len(all))
	for i, p := range all {
		ids[i] = p.id
	}
	return strings.Join(ids, ",")
}
