package config

import (
	"slices"
	"strconv"
	"strings"

	"github.com/riskgate/riskgate/models"
)

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

func (m *Match) validate() models.Problems {
	var ps models.Problems
	for i, method := range m.Methods {
		at := "methods[" + strconv.Itoa(i) + "]"
		if !slices.Contains(methods, method) {
			ps.Add(at, quotedOrNothing(method), "want "+oneOf(methods))
		} else if slices.Index(m.Methods, method) != i {
			ps.Add(at, method, "want each method once")
		}
	}
	if !plainHost(m.Host) {
		ps.Add("host", strconv.Quote(m.Host), "want a host name in lower case, without port")
	}
	if wish := templateWish(m.Path); wish != "" {
		ps.Add("path", quotedOrNothing(m.Path), wish)
	}
	return ps
}

func plainHost(host string) bool {
	for _, c := range []byte(host) {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '-') {
			return false
		}
	}
	return len(host) <= 253 && !strings.HasPrefix(host, ".")
}

// templateWish returns what is wrong with a path template, "" if nothing is.
// Requests are matched by their canonical path, so nothing else could match.
func templateWish(path string) string {
	if !strings.HasPrefix(path, "/") {
		return "want a path that starts with /"
	}
	if strings.ContainsAny(path, "?#%\\ ") || strings.ContainsFunc(path, func(r rune) bool { return r < ' ' }) {
		return "want a decoded path without query, like /v1/orders/{id}"
	}
	segments := strings.Split(path[1:], "/")
	seen := map[string]bool{}
	for i, s := range segments {
		last := i == len(segments)-1
		switch {
		case s == "." || s == ".." || s == "" && !last:
			return "want no empty segment and no dots: such a path never arrives"
		case !strings.ContainsAny(s, "{}"):
			continue
		}
		name, rest, ok := parameter(s)
		switch {
		case !ok:
			return "want {name} as a whole segment"
		case rest && !last:
			return "want {" + name + "...} as the last segment"
		case seen[name]:
			return "want each name once"
		}
		seen[name] = true
	}
	return ""
}

// parameter takes {name} and {name...} apart.
func parameter(segment string) (name string, rest, ok bool) {
	inner, open := strings.CutPrefix(segment, "{")
	inner, closed := strings.CutSuffix(inner, "}")
	name, rest = strings.CutSuffix(inner, "...")
	ok = open && closed && name != ""
	for i, c := range []byte(name) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		ok = ok && (letter || i > 0 && '0' <= c && c <= '9')
	}
	return name, rest, ok
}

// overlaps reports routes that could never be reached because an earlier one
// matches the same requests.
func overlaps(ps *models.Problems, routes []Route) {
	first := map[string]int{}
	for i := range routes {
		m := &routes[i].Match
		if m.Path == "" {
			continue
		}
		for _, method := range methodsOf(m) {
			key := method + " " + m.Host + anonymousTemplate(m.Path)
			j, taken := first[key]
			if !taken || j == i {
				first[key] = i
				continue
			}
			ps.Add("["+strconv.Itoa(i)+"].match", strings.TrimSpace(key),
				"want requests of its own, routes["+strconv.Itoa(j)+"] matches these")
			break
		}
	}
}

func methodsOf(m *Match) []string {
	if len(m.Methods) == 0 {
		return methods
	}
	return m.Methods
}

// anonymousTemplate leaves the names of parameters out.
func anonymousTemplate(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if _, rest, ok := parameter(s); ok && rest {
			segments[i] = "{...}"
		} else if ok {
			segments[i] = "{}"
		}
	}
	return strings.Join(segments, "/")
}

func (l *Login) validate() models.Problems {
	var ps models.Problems
	if !userPlace(l.User) {
		ps.Add("user", strconv.Quote(l.User), "want json:/pointer, form:field or header:Name")
	}
	statuses(&ps, "failed", l.Failed)
	statuses(&ps, "ok", l.OK)
	for i, s := range l.OK {
		if slices.Contains(l.Failed, s) {
			ps.Add("ok["+strconv.Itoa(i)+"]", s, "want it in ok or in failed, not in both")
		}
	}
	return ps
}

func statuses(ps *models.Problems, path string, list []int) {
	if len(list) == 0 {
		ps.Add(path, "none", "want at least one status")
	}
	for i, s := range list {
		if s < 200 || s > 599 {
			ps.Add(path+"["+strconv.Itoa(i)+"]", s, "want a status from 200 to 599")
		}
	}
}

func userPlace(user string) bool {
	if user == "" {
		return true
	}
	where, what, _ := strings.Cut(user, ":")
	switch where {
	case "json":
		return strings.HasPrefix(what, "/")
	case "form":
		return what != ""
	case "header":
		return what != "" && !strings.ContainsFunc(what, func(r rune) bool {
			return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
		})
	}
	return false
}
