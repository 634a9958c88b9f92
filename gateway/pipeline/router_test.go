package pipeline

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func testRouter(t testing.TB, lines ...string) *router {
	t.Helper()
	r := newRouter()
	for _, line := range lines {
		f := strings.Fields(line)
		var methods []string
		if f[0] != "*" {
			methods = strings.Split(f[0], ",")
		}
		host, path, _ := strings.Cut(f[1], "/")
		if err := r.add(host, "/"+path, methods, &Route{ID: f[2]}); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestRoutes(t *testing.T) {
	r := testRouter(t,
		"GET /v1/orders/{id} order.read",
		"PUT,DELETE /v1/orders/{id} order.write",
		"GET /v1/orders/new order.form",
		"GET /v1/{kind}/new any.form",
		"* /v1/files/{path...} files",
		"GET / home",
		"GET api.example/v1/orders/{id} host.order",
		"* api.example/{rest...} host.rest",
	)
	for _, c := range []struct{ method, host, path, want string }{
		{"GET", "x", "/v1/orders/7", "order.read"},
		{"PUT", "x", "/v1/orders/7", "order.write"},
		{"POST", "x", "/v1/orders/7", ""},
		{"GET", "x", "/v1/orders/new", "order.form"},
		{"DELETE", "x", "/v1/orders/new", "order.write"}, // the literal has no such method: the parameter answers
		{"GET", "x", "/v1/carts/new", "any.form"},
		{"GET", "x", "/v1/orders/", ""}, // a parameter is never empty
		{"GET", "x", "/v1/orders/7/", ""},
		{"GET", "x", "/v1/files/a/b/c", "files"},
		{"GET", "x", "/v1/files/", "files"},
		{"GET", "x", "/v1/files", ""},
		{"GET", "x", "/", "home"},
		{"GET", "x", "//", ""},
		{"GET", "api.example:8080", "/v1/orders/7", "host.order"},
		{"PUT", "api.example", "/v1/orders/7", "host.rest"},
		{"GET", "[::1]:80", "/", "home"},
	} {
		got := ""
		if route := r.find([]byte(c.host), []byte(c.method), []byte(c.path)); route != nil {
			got = route.ID
		}
		if got != c.want {
			t.Errorf("%s %s%s: route %q, want %q", c.method, c.host, c.path, got, c.want)
		}
	}
}

func TestRestMustBeLast(t *testing.T) {
	if err := newRouter().add("", "/a/{x...}/b", nil, &Route{}); err == nil {
		t.Error("a template with {x...} in the middle is accepted")
	}
}

// But for lookalikes, a path has a route exactly when the template, written as a regular
// expression, matches it.
func FuzzRoutes(f *testing.F) {
	f.Add("/a/{x}/c", "/a/b/c")
	f.Add("/a/{x...}", "/a/")
	f.Add("/{x}/{y}/{z...}", "/a/b")
	f.Fuzz(func(t *testing.T, template, path string) {
		valid := regexp.MustCompile(`^(/([a-z]*|\{[a-z]+\}))*/([a-z]*|\{[a-z]+\}|\{[a-z]+\.\.\.\})$`)
		if !valid.MatchString(template) || path == "" || path[0] != '/' || strings.Count(path, "/") >= maxSegments || strings.Contains(path, "\n") {
			return
		}
		expression := regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(template, `[^/]+`)
		expression = regexp.MustCompile(`\{[a-z]+\.\.\.\}`).ReplaceAllString(expression, `.*`)
		want := regexp.MustCompile("^" + expression + "$").MatchString(path)
		r := newRouter()
		if err := r.add("", template, nil, &Route{}); err != nil {
			t.Fatal(err)
		}
		if got := r.any.find(nil, []byte(path)[1:], 0) != nil; got != want {
			t.Errorf("template %s, path %q: found %v, want %v", template, path, got, want)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	var lines []string
	for i := range 200 {
		lines = append(lines, fmt.Sprintf("GET /v1/kind%d/{id}/items/{item} r%d", i, i))
	}
	r := testRouter(b, lines...)
	host, method, path := []byte("api"), []byte("GET"), []byte("/v1/kind77/12345/items/9")
	b.ReportAllocs()
	for b.Loop() {
		r.find(host, method, path)
	}
}
