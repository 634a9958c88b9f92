package pipeline

import "bytes"

// Servers differ in what they take for one path. Many ignore the case of letters
// or a slash at the end, some cut ";parameters" off segments, some dots and
// spaces at their ends. So what matches only {rest...} here may be what an
// upstream serves under a stricter route: /Admin, /admin/, /admin;x. A path that
// another reader might route differently has no route. What a template says
// exactly goes before what it is like.

// alike returns the route that the least particular reader of a path would find.
func (n *node) alike(method, path []byte, depth int) *Route {
	segment, rest, more := bytes.Cut(path, slash)
	name := core(segment)
	if len(name) == 0 && len(segment) > 0 {
		return n.alike(method, rest, depth+1)
	}
	if depth < maxSegments {
		if route := n.childAlike(n.like(segment, name), method, rest, more, depth); route != nil {
			return route
		}
		if len(segment) > 0 {
			if route := n.childAlike(n.param, method, rest, more, depth); route != nil {
				return route
			}
		}
	}
	return pick(n.rest, method)
}

// childAlike goes on at next, with or without the slash that may end a path.
func (n *node) childAlike(next *node, method, rest []byte, more bool, depth int) *Route {
	if next == nil {
		return nil
	}
	if more {
		route := next.alike(method, rest, depth+1)
		if route == nil && len(rest) == 0 {
			route = pick(next.here, method)
		}
		return route
	}
	if route := pick(next.here, method); route != nil {
		return route
	}
	return next.alike(method, nil, depth+1)
}

// like returns the child that segment names, else the one that its core is like.
func (n *node) like(segment, core []byte) *node {
	if next := n.literal[string(segment)]; next != nil {
		return next
	}
	var lower [maxLiteral]byte
	if len(core) > maxLiteral {
		return nil
	}
	return n.folded[string(foldTo(lower[:], core))]
}

// maxLiteral is the length up to which segments of templates are compared without
// regard to case, in bytes.
const maxLiteral = 64

// fold files next under the core of the literal segment s, in lower case. Where
// several are alike the first stays.
func (n *node) fold(s string, next *node) {
	key := string(foldTo(make([]byte, len(s)), core([]byte(s))))
	if n.folded == nil {
		n.folded = map[string]*node{}
	}
	if n.folded[key] == nil {
		n.folded[key] = next
	}
}

// core returns segment without parameters, and without dots and spaces at its end.
func core(segment []byte) []byte {
	if i := bytes.IndexByte(segment, ';'); i >= 0 {
		segment = segment[:i]
	}
	for len(segment) > 0 && (segment[len(segment)-1] == '.' || segment[len(segment)-1] == ' ') {
		segment = segment[:len(segment)-1]
	}
	return segment
}

// foldTo writes s in lower case into dst, which is as long.
func foldTo(dst, s []byte) []byte {
	for i, c := range s {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst[i] = c
	}
	return dst[:len(s)]
}
