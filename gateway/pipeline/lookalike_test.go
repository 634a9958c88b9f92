package pipeline

import (
	"strings"
	"testing"
)

func TestLookalikesHaveNoRoute(t *testing.T) {
	r := testRouter(t,
		"* /admin/{rest...} admin",
		"* /admin/users/{id} users",
		"* /admin/users/{id}/ user.index",
		"* /Wide/Letters letters",
		"POST /login login",
		"* /docs docs",
		"* /docs/{rest...} docs.page",
		"* /{rest...} any",
		"* inner.example/{rest...} inner",
	)
	for _, c := range []struct{ host, path, want string }{
		{"x", "/admin/x", "admin"},
		{"x", "/admin/", "admin"},
		{"x", "/admin/Users", "admin"}, // nothing else is like it
		{"x", "/other/Path;x/", "any"},
		{"x", "/", "any"},
		{"x", "/Admin/x", ""},
		{"x", "/admin", ""},
		{"x", "/admin;x/y", ""},
		{"x", "/admin./y", ""},
		{"x", "/admin /y", ""},
		{"x", "/;/admin/y", ""},
		{"x", "/;x/;y", "any"},
		{"x", "/admin/Users/7", ""},
		{"x", "/admin/users;x/7", ""},
		{"x", "/admin/users/7", "users"},
		{"x", "/admin/users/SEVEN;7", "users"}, // a parameter takes it all
		{"x", "/admin/users/7/", "user.index"},
		{"x", "/Wide/Letters", "letters"},
		{"x", "/wide/letters", ""},
		{"x", "/login", "login"},
		{"x", "/login/", ""},
		{"x", "/LOGIN", ""},
		{"x", "/docs", "docs"}, // both are said exactly
		{"x", "/docs/", "docs.page"},
		{"x", "/doc", "any"},
		{"inner.example.", "/x", "inner"},
		{"inner.example.:80", "/admin/x", "inner"},
	} {
		got := ""
		if route := r.find([]byte(c.host), []byte("POST"), []byte(c.path)); route != nil {
			got = route.ID
		}
		if got != c.want {
			t.Errorf("%s%s: route %q, want %q", c.host, c.path, got, c.want)
		}
	}
}

// A path spelled in another way has the same route, or none.
func FuzzLookalikes(f *testing.F) {
	f.Add("/admin/{x}/c", "/admin/b/c", uint8(2))
	f.Add("/admin/{x...}", "/admin/", uint8(1))
	f.Add("/{x}/{y}/{z...}", "/a/b", uint8(9))
	f.Fuzz(func(t *testing.T, template, path string, at uint8) {
		r := newRouter()
		if strings.ToLower(template) != template || !strings.HasPrefix(template, "/") || !strings.HasPrefix(path, "/") ||
			strings.Contains(path, "//") || strings.ContainsAny(template+path, ";. ") || r.add("", template, nil, &Route{}) != nil {
			return
		}
		if err := r.add("", "/{rest...}", nil, &Route{}); err != nil {
			t.Fatal(err)
		}
		want := r.find(nil, nil, []byte(path))
		segments := strings.Split(path[1:], "/")
		i := int(at) % len(segments)
		for _, spelled := range []string{strings.ToUpper(segments[i]), segments[i] + ";x", segments[i] + ".", segments[i] + " "} {
			other := append([]string(nil), segments...)
			other[i] = spelled
			p := "/" + strings.Join(other, "/")
			if got := r.find(nil, nil, []byte(p)); got != nil && want != nil && got != want {
				t.Errorf("templates %s and /{rest...}: %q and %q have different routes", template, path, p)
			}
		}
	})
}
