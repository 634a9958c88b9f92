package listener

import (
	"net/url"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// plainPath is the canonical form of a decoded path, the slow way.
func plainPath(decoded string) string {
	var kept []string
	segments := strings.Split(decoded, "/")[1:]
	for i, s := range segments {
		last := i == len(segments)-1
		switch {
		case s == ".." && len(kept) > 0:
			kept = kept[:len(kept)-1]
		case s == "..", s == ".", s == "":
		default:
			kept = append(kept, s)
			if !last {
				continue
			}
			return "/" + strings.Join(kept, "/")
		}
	}
	if len(kept) == 0 {
		return "/"
	}
	return "/" + strings.Join(kept, "/") + "/"
}

func FuzzPath(f *testing.F) {
	for _, p := range []string{
		"/", "/a", "/a/", "//", "/a/../b", "/../..", "/a/./b/..", "/a/b/../..//c", "/%61%2e", "/...", "/..a", "/a..",
		"/%2e%2e/x", "/a%2fb", "/..;/x", "/\xc0\xaf", "/%c3%a9", "/%25%32%65", "/a%20b%3f", "/:@!$&'()*+,;=~-_.", `/a"<>^{|}`,
	} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if !strings.HasPrefix(path, "/") {
			return
		}
		canonical, faults, denial := canonicalPath(nil, []byte(path))
		if denial != "" {
			return
		}
		got := string(canonical)
		if got[0] != '/' || strings.Contains(got, "//") {
			t.Fatalf("%q became %q", path, got)
		}
		for _, s := range strings.Split(got, "/") {
			name, _, _ := strings.Cut(s, ";")
			if name == "." || name == ".." {
				t.Fatalf("%q became %q, which holds a dot segment", path, got)
			}
		}
		decoded, err := url.PathUnescape(path)
		if err != nil {
			t.Fatalf("%q was accepted: %v", path, err)
		}
		if want := plainPath(decoded); got != want {
			t.Fatalf("%q became %q, want %q", path, got, want)
		}
		if changed := faults&(models.DotSegment|models.DoubleSlash) != 0; changed != (got != decoded) {
			t.Fatalf("%q became %q with faults %b", path, got, faults)
		}
		target := appendPath(nil, canonical)
		again, faults, denial := canonicalPath(nil, target)
		if denial != "" || faults != 0 || string(again) != got {
			t.Fatalf("%q became %q, forwarded %q, which reads as %q, %b, %q", path, got, target, again, faults, denial)
		}
		if u, err := url.ParseRequestURI(string(target)); err != nil || u.Path != got {
			t.Fatalf("%q is forwarded as %q, which net/url reads as %v, %v", path, target, u, err)
		}
	})
}
