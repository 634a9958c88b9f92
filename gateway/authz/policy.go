package authz

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"

	"github.com/riskgate/riskgate/models"
)

// policy is one Cedar policy with what its annotations say:
//
//	@id("office-hours")      its name in events; else file:line
//	@riskgate("step_up")     on a forbid: do this rather than deny
//	                         (monitor, throttle or step_up)
//	@acr("urn:mfa")          with step_up: the class to ask for
//	@max_age("5m")           with step_up: how old the authentication may be
//	@mode("shadow")          record what it would do, do not do it
//	@description("...")      for readers; so are @owner and @ticket
type policy struct {
	id     string
	forbid bool
	action models.Action // of a forbid
	want   Want
	shadow bool
	sees   visible
	cedar  *cedar.Policy
	ast    *ast.Policy
}

// Want is what a policy asks of a caller that must step up. A zero member is
// left to the configuration.
type Want struct {
	ACR    string
	MaxAge time.Duration
}

// newPolicy reads the annotations of a parsed policy. Mistakes go to report.
func newPolicy(c *cedar.Policy, report func(message string)) *policy {
	pos := c.Position()
	p := &policy{
		id: pos.Filename + ":" + strconv.Itoa(pos.Line), forbid: c.Effect() == cedar.Forbid, action: models.Deny,
		cedar: c, ast: (*ast.Policy)(c.AST()),
	}
	p.sees = seenBy(p.ast)
	for _, a := range p.ast.Annotations {
		if wish := p.annotate(string(a.Key), string(a.Value)); wish != "" {
			report(fmt.Sprintf("@%s(%q): %s", a.Key, a.Value, wish))
		}
	}
	if !p.forbid && p.action != models.Deny {
		report("@riskgate on a permit: want it on a forbid")
	}
	if p.want != (Want{}) && (p.action != models.StepUp || !p.forbid) {
		report(`@acr or @max_age without @riskgate("step_up")`)
	}
	return p
}

// annotate reads one annotation and returns what was expected instead, if
// anything.
func (p *policy) annotate(key, value string) (wish string) {
	switch key {
	case "id":
		if p.id = value; value == "" || len(value) > 128 || strings.ContainsFunc(value, notInID) {
			return "want up to 128 printable characters without comma"
		}
	case "riskgate":
		a, ok := models.ParseAction(value)
		if p.action = a; !ok || a == models.Allow || a == models.Deny {
			p.action = models.Deny
			return "want monitor, throttle or step_up"
		}
	case "acr":
		if p.want.ACR = value; value == "" || strings.ContainsFunc(value, notInACR) {
			return "want printable ASCII without space, quote or backslash"
		}
	case "max_age":
		d, err := time.ParseDuration(value)
		if p.want.MaxAge = d; err != nil || d < time.Second || d > 24*time.Hour {
			return "want 1s to 24h"
		}
	case "mode":
		m, ok := models.ParseMode(value)
		if p.shadow = m == models.Shadow; !ok {
			return "want enforce or shadow"
		}
	case "description", "owner", "ticket":
	default:
		return "unknown annotation"
	}
	return ""
}

func notInID(r rune) bool  { return r == ',' || r < ' ' || r == 0x7f }
func notInACR(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }

// covers reports whether a request with that action and route can match the
// scope of the policy. The scope of its principal is left to evaluation.
func (p *policy) covers(act, route types.Entity) bool {
	return matches(p.ast.Action, act) && matches(p.ast.Resource, route)
}

func matches(scope ast.IsScopeNode, e types.Entity) bool {
	within := func(uid types.EntityUID) bool { return e.UID == uid || e.Parents.Contains(uid) }
	switch s := scope.(type) {
	case ast.ScopeTypeEq:
		return e.UID == s.Entity
	case ast.ScopeTypeIn:
		return within(s.Entity)
	case ast.ScopeTypeInSet:
		for _, uid := range s.Entities {
			if within(uid) {
				return true
			}
		}
		return false
	case ast.ScopeTypeIs:
		return e.UID.Type == s.Type
	case ast.ScopeTypeIsIn:
		return e.UID.Type == s.Type && within(s.Entity)
	}
	return true
}
