package pipeline

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// router finds the route of a request. It is a trie of path segments, built once
// per configuration; a literal segment goes before a parameter, a parameter
// before the rest of a path, and a route for one host before one for any.
type router struct {
	hosts map[string]*node
	any   *node
}

// node is one segment of a trie.
type node struct {
	literal map[string]*node
	folded  map[string]*node // literal, by what is left of the names: see lookalike.go
	param   *node
	rest    []leaf // a template that ends in {name...}
	here    []leaf // a template that ends at this node
}

// leaf is a route with the methods it answers, nil for all.
type leaf struct {
	methods []string
	route   *Route
}

// maxSegments bounds the segments of a path that are looked at; what lies deeper
// can only match a template that ends in {name...}.
const maxSegments = 64

func newRouter() *router {
	return &router{hosts: map[string]*node{}, any: &node{}}
}

// add files route under its template. The template starts with "/"; a segment
// {name} matches one non-empty segment, a last segment {name...} all that is
// left, be it nothing.
func (r *router) add(host, template string, methods []string, route *Route) error {
	n := r.any
	if host != "" {
		host = strings.ToLower(host)
		if r.hosts[host] == nil {
			r.hosts[host] = &node{}
		}
		n = r.hosts[host]
	}
	segments := strings.Split(strings.TrimPrefix(template, "/"), "/")
	for i, s := range segments {
		switch {
		case strings.HasSuffix(s, "...}") && s[0] == '{':
			if i != len(segments)-1 {
				return fmt.Errorf("%s: %s is not the last segment", template, s)
			}
			n.rest = append(n.rest, leaf{methods, route})
			return nil
		case strings.HasPrefix(s, "{"):
			if n.param == nil {
				n.param = &node{}
			}
			n = n.param
		default:
			if n.literal == nil {
				n.literal = map[string]*node{}
			}
			if n.literal[s] == nil {
				n.literal[s] = &node{}
				n.fold(s, n.literal[s])
			}
			n = n.literal[s]
		}
	}
	n.here = append(n.here, leaf{methods, route})
	return nil
}

// find returns the route of a request, nil if there is none, or if another reader
// of the path might find another. host is lower case, path canonical.
func (r *router) find(host, method, path []byte) *Route {
	if len(r.hosts) > 0 {
		if n := r.hosts[string(plainHost(host))]; n != nil {
			route := n.find(method, path[1:], 0)
			if alike := n.alike(method, path[1:], 0); route != alike {
				return nil
			}
			if route != nil {
				return route
			}
		}
	}
	route := r.any.find(method, path[1:], 0)
	if r.any.alike(method, path[1:], 0) != route {
		return nil
	}
	return route
}

func (n *node) find(method, path []byte, depth int) *Route {
	segment, rest, more := bytes.Cut(path, slash)
	if depth < maxSegments {
		if route := n.child(n.literal[string(segment)], method, rest, more, depth); route != nil {
			return route
		}
		if len(segment) > 0 {
			if route := n.child(n.param, method, rest, more, depth); route != nil {
				return route
			}
		}
	}
	return pick(n.rest, method)
}

func (n *node) child(next *node, method, rest []byte, more bool, depth int) *Route {
	switch {
	case next == nil:
		return nil
	case more:
		return next.find(method, rest, depth+1)
	}
	return pick(next.here, method)
}

func pick(leaves []leaf, method []byte) *Route {
	for i := range leaves {
		if leaves[i].methods == nil || contains(leaves[i].methods, method) {
			return leaves[i].route
		}
	}
	return nil
}

func contains(methods []string, method []byte) bool {
	return slices.ContainsFunc(methods, func(m string) bool { return m == string(method) })
}

var slash = []byte("/")

// plainHost returns host without port, and without the dot that may end a name.
func plainHost(host []byte) []byte {
	if len(host) > 0 && host[0] == '[' {
		if i := bytes.IndexByte(host, ']'); i > 0 {
			return host[:i+1]
		}
		return host
	}
	name, _, _ := bytes.Cut(host, []byte(":"))
	return bytes.TrimSuffix(name, []byte("."))
}
