package listener

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/models"
)

const askPath = "/.riskgate/auth"

func asking(t testing.TB) *settings {
	return testSettings(t, func(c *Config) { c.ForwardAuth = askPath })
}

// question is what a proxy asks about a request, in either dialect.
func question(nginx bool, method, target, host string) string {
	if nginx {
		return "GET " + askPath + " HTTP/1.1\r\nHost: " + host + "\r\nX-Original-Method: " + method + "\r\nX-Original-URI: " + target + "\r\n\r\n"
	}
	return "GET " + askPath + " HTTP/1.1\r\nHost: riskgate\r\nX-Forwarded-Host: " + host + "\r\nX-Forwarded-Method: " + method +
		"\r\nX-Forwarded-Uri: " + target + "\r\n\r\n"
}

func TestOnlyTrustedProxiesAsk(t *testing.T) {
	for _, c := range []struct {
		peer, path string
		set        *settings
		want       bool
	}{
		{"10.0.0.1", askPath, asking(t), true},
		{"192.0.2.1", askPath, asking(t), false},
		{"10.0.0.1", "/elsewhere", asking(t), false},
		{"10.0.0.1", "/", testSettings(t, nil), false},
	} {
		v, denial, err := readRaw(c.set, c.peer, "GET "+c.path+" HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.0.0.2\r\n\r\n")
		if err != nil || denial != "" {
			t.Fatal(denial, err)
		}
		if v.asks() != c.want {
			t.Errorf("%s of %s: asks is %v", c.path, c.peer, v.asks())
		}
	}
}

// A request that is asked about is read as it would be read if it came itself,
// and refused where that would be forwarded under another path than it came.
func sameAsDirect(t *testing.T, set *settings, method, target, host string) {
	t.Helper()
	direct, want, err := readRaw(set, "192.0.2.1", method+" "+target+" HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
	if err != nil {
		return // fasthttp refuses it before the guard sees it
	}
	for _, nginx := range []bool{true, false} {
		v, denial, err := readRaw(set, "10.0.0.1", question(nginx, method, target, host))
		if err != nil || denial != "" && nginx && want != "" {
			continue // the host is refused with the question
		}
		if denial != "" {
			t.Fatalf("the question about %q is refused: %s", target, denial)
		}
		got := v.readOriginal()
		if direct.view.Faults&respelled != 0 {
			want = models.BadTarget
		}
		if (got == "") != (want == "") {
			t.Fatalf("%q %q of %q: %q, want %q", method, target, host, got, want)
		}
		a, b := &v.view, &direct.view
		if got == "" && (!bytes.Equal(a.Method, b.Method) || !bytes.Equal(a.Host, b.Host) || !bytes.Equal(a.Path, b.Path) ||
			!bytes.Equal(a.Query, b.Query) || !bytes.Equal(a.Target, b.Target) || a.Faults != b.Faults) {
			t.Fatalf("%q %q of %q is read as %q %q %q (%q, %b), want %q %q %q (%q, %b)", method, target, host,
				a.Method, a.Host, a.Path, a.Target, a.Faults, b.Method, b.Host, b.Path, b.Target, b.Faults)
		}
	}
}

var originals = []struct{ method, target, host string }{
	{"GET", "/v1/orders/17?a=1&b=2", "api.example"}, {"DELETE", "/v1//orders/../x", "API.example:8443"},
	{"POST", "/%2e%2e/admin", "a"}, {"GET", "/a%2fb", "a"}, {"GET", "*", "a"}, {"GET", "http://a/b?c", "a"},
	{"GET", "http://b/", "a"}, {"TRACE", "/", "a"}, {"CONNECT", "a:443", "a"}, {"GET", "/#x", "a"}, {"GET", "/", "u@a"},
	{"GET", "/admin/users/../../public/x", "a"}, {"GET", "/a/./b", "a"}, {"GET", "/a//b", "a"},
	{"GET", "/?%00", "a"}, {"get", "/", "a"}, {"GET", "/caf\xc3\xa9", "a"}, {"GET", "//evil/x", "a"}, {"GET", "?x", "a"},
}

func TestWhatIsAskedAboutIsReadLikeADirectRequest(t *testing.T) {
	for _, o := range originals {
		sameAsDirect(t, asking(t), o.method, o.target, o.host)
	}
}

func FuzzOriginal(f *testing.F) {
	for _, o := range originals {
		f.Add(o.method, o.target, o.host)
	}
	set := asking(f)
	f.Fuzz(func(t *testing.T, method, target, host string) {
		for _, s := range []string{method, target, host} {
			if s == "" || strings.ContainsAny(s, " \t\r\n\x00\v\f") || len(s) > 1000 {
				return
			}
		}
		sameAsDirect(t, set, method, target, host)
	})
}

func TestForwardAuthMistakes(t *testing.T) {
	for path, want := range map[string]int{askPath: 0, "/a b": 1, "/a/../b": 1, "/%61": 1, "a": 1, "/a?b": 1, "//a": 1} {
		c := DefaultConfig()
		c.ForwardAuth, c.TrustedProxies = path, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		if got := c.Validate(); len(got) != want {
			t.Errorf("%q: %v", path, got)
		}
	}
	c := DefaultConfig()
	c.ForwardAuth = askPath
	if got := c.Validate(); len(got) != 1 || !strings.Contains(got[0].String(), "want trusted_proxies beside it") {
		t.Errorf("without trusted proxies: %v", got)
	}
}
