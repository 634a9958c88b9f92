package authz

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"

	"github.com/riskgate/riskgate/models"
)

// loader reads policies and collects every mistake.
type loader struct {
	validator *validate.Validator
	routes    []Route
	policies  []*policy
	ids       map[string]bool
	problems  PolicyError
}

// load reads the policies at path. The error is a PolicyError if the files can
// be read.
func load(path string, routes []Route) ([]*policy, error) {
	files, err := policyFiles(path)
	if err != nil {
		return nil, fmt.Errorf("read policies: %w", err)
	}
	l := &loader{validator: newValidator(), routes: routes, ids: map[string]bool{}}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("read policies: %w", err)
		}
		l.file(f, text)
	}
	if len(l.policies) == 0 && len(l.problems) == 0 {
		l.problems = PolicyError{{path, 1, 1, "no policy, want at least one: without any permit all is denied"}}
	}
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	return l.policies, nil
}

func policyFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	entries, err := os.ReadDir(path) // sorted
	var files []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasSuffix(e.Name(), ".cedar") {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	return files, err
}

func (l *loader) file(name string, text []byte) {
	list, err := cedar.NewPolicyListFromBytes(filepath.Base(name), text)
	if err != nil {
		l.problems = append(l.problems, parseProblem(name, err))
		return
	}
	for i, c := range list {
		end := len(text)
		if i+1 < len(list) {
			end = list[i+1].Position().Offset
		}
		at := place{name, c.Position(), string(text[c.Position().Offset:end])}
		l.policy(c, at)
	}
}

func (l *loader) policy(c *cedar.Policy, at place) {
	report := func(message string) { l.problems = append(l.problems, at.problem(message)) }
	p := newPolicy(c, report)
	if l.ids[p.id] {
		report(fmt.Sprintf("@id(%q): want each id once", p.id))
	}
	l.ids[p.id] = true
	l.policies = append(l.policies, p)
	if err := l.validator.Policy("", p.ast); err != nil {
		var seen []string
		for _, m := range strings.Split(err.Error(), "\n") {
			if m = perAction.ReplaceAllString(m, " in context"); !slices.Contains(seen, m) {
				seen = append(seen, m)
				report(m)
			}
		}
	}
	for _, uid := range named(p.ast.Resource) {
		if !l.exists(uid) {
			report(fmt.Sprintf("unknown %s `%s`", strings.ToLower(string(uid.Type)), uid.ID))
		}
	}
}

// exists reports whether a route or class that a scope names exists.
func (l *loader) exists(uid types.EntityUID) bool {
	switch uid.Type {
	case routeType:
		return slices.ContainsFunc(l.routes, func(r Route) bool { return r.ID == string(uid.ID) })
	case classType:
		_, ok := models.ParseClass(string(uid.ID))
		return ok
	}
	return true // the validator's business
}

// perAction is what the validator adds to a message for every action alike.
var perAction = regexp.MustCompile(` in context for Action::"[^"]*"`)

func named(scope ast.IsResourceScopeNode) []types.EntityUID {
	switch s := scope.(type) {
	case ast.ScopeTypeEq:
		return []types.EntityUID{s.Entity}
	case ast.ScopeTypeIn:
		return []types.EntityUID{s.Entity}
	case ast.ScopeTypeIsIn:
		return []types.EntityUID{s.Entity}
	}
	return nil
}

// place is where a policy stands.
type place struct {
	file string
	pos  cedar.Position
	text string
}

var quoted = regexp.MustCompile("`([^`]+)`|@[a-z_]+")

// problem places a message at the first thing it quotes, as far as that is found
// in the text of the policy; else at its beginning.
func (p place) problem(message string) PolicyProblem {
	at := PolicyProblem{p.file, p.pos.Line, p.pos.Column, message}
	m := quoted.FindStringSubmatch(message)
	if m == nil {
		return at
	}
	name := m[0]
	if m[1] != "" {
		name = m[1]
	}
	offset := strings.Index(p.text, name)
	if offset < 0 {
		return at
	}
	before := p.text[:offset]
	if nl := strings.LastIndexByte(before, '\n'); nl >= 0 {
		at.Line += strings.Count(before, "\n")
		at.Column = 1 + utf8.RuneCountInString(before[nl+1:])
	} else {
		at.Column += utf8.RuneCountInString(before)
	}
	return at
}

// parseProblem reads the position out of the parser's message.
func parseProblem(file string, err error) PolicyProblem {
	p := PolicyProblem{File: file, Line: 1, Column: 1, Message: strings.TrimPrefix(err.Error(), "parser error: ")}
	if i := strings.Index(p.Message, "parse error at "); i >= 0 {
		at := position.FindStringSubmatch(p.Message[i:])
		if at != nil {
			_, _ = fmt.Sscan(at[1], &p.Line) // digits, by the expression
			_, _ = fmt.Sscan(at[2], &p.Column)
		}
	}
	return p
}

var position = regexp.MustCompile(`(\d+):(\d+)`)
