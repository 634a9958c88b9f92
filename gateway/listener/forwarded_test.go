package listener

import (
	"net/netip"
	"strings"
	"testing"
)

// walkOf returns what is made of header lines that come from peer.
func walkOf(set *settings, peer string, lines ...string) (client string, secure bool) {
	v := &visit{set: set}
	v.view.Peer = netip.MustParseAddr(peer)
	v.view.Client, v.proxy = v.view.Peer, set.trusts(v.view.Peer)
	v.view.Raw = []byte(strings.Join(append([]string{"Host: x"}, lines...), "\r\n") + "\r\n\r\n")
	if denial := v.readFields(); denial != "" {
		return string(denial), false
	}
	v.findClient()
	return v.view.Client.String(), v.view.Secure
}

func TestXForwardedFor(t *testing.T) {
	set := testSettings(t, nil)
	for _, f := range []struct {
		what, peer string
		lines      []string
		want       string
	}{
		{"a stranger is not believed", "192.0.2.7", []string{"X-Forwarded-For: 203.0.113.9"}, "192.0.2.7"},
		{"a proxy is", "10.0.0.1", []string{"X-Forwarded-For: 203.0.113.9"}, "203.0.113.9"},
		{"what the client wrote itself is not", "10.0.0.1", []string{"X-Forwarded-For: 1.2.3.4, 203.0.113.9"}, "203.0.113.9"},
		{"proxies in between are passed", "10.0.0.1", []string{"X-Forwarded-For: 1.2.3.4, 203.0.113.9, 10.9.9.9,10.8.8.8"}, "203.0.113.9"},
		{"lines are one list", "10.0.0.1", []string{"X-Forwarded-For: 1.2.3.4", "x-forwarded-for: 203.0.113.9", "X-FORWARDED-FOR: 10.2.2.2"}, "203.0.113.9"},
		{"nothing said", "10.0.0.1", nil, "10.0.0.1"},
		{"only proxies", "10.0.0.1", []string{"X-Forwarded-For: 10.1.1.1, 10.2.2.2"}, "10.1.1.1"},
		{"unknown ends the walk", "10.0.0.1", []string{"X-Forwarded-For: 203.0.113.9, unknown, 10.2.2.2"}, "10.2.2.2"},
		{"so does a hidden name", "10.0.0.1", []string{"X-Forwarded-For: 203.0.113.9, _obf"}, "10.0.0.1"},
		{"and an empty element", "10.0.0.1", []string{"X-Forwarded-For: 203.0.113.9,, 10.2.2.2"}, "10.2.2.2"},
		{"and a number", "10.0.0.1", []string{"X-Forwarded-For: 3405803785"}, "10.0.0.1"},
		{"and a leading zero", "10.0.0.1", []string{"X-Forwarded-For: 203.0.113.09"}, "10.0.0.1"},
		{"a port is cut off", "10.0.0.1", []string{"X-Forwarded-For: 203.0.113.9:4711"}, "203.0.113.9"},
		{"IPv6", "10.0.0.1", []string{"X-Forwarded-For: 2001:db8::9"}, "2001:db8::9"},
		{"IPv6 in brackets", "10.0.0.1", []string{"X-Forwarded-For: [2001:db8::9]:443"}, "2001:db8::9"},
		{"a zone is no address", "10.0.0.1", []string{"X-Forwarded-For: fe80::1%eth0"}, "10.0.0.1"},
		{"IPv4 in IPv6", "10.0.0.1", []string{"X-Forwarded-For: ::ffff:203.0.113.9"}, "203.0.113.9"},
		{"a proxy as IPv4 in IPv6", "10.0.0.1", []string{"X-Forwarded-For: 203.0.113.9, ::ffff:10.1.1.1"}, "203.0.113.9"},
		{"an IPv6 proxy", "2001:db8:aaaa::1", []string{"X-Forwarded-For: 203.0.113.9"}, "203.0.113.9"},
		{"Forwarded is not read", "10.0.0.1", []string{"Forwarded: for=1.2.3.4"}, "10.0.0.1"},
		{"an underscore is no dash", "10.0.0.1", []string{"X_Forwarded_For: 1.2.3.4"}, "10.0.0.1"},
		{"at most 32 hops", "10.0.0.1", []string{"X-Forwarded-For: 203.0.113.9" + strings.Repeat(", 10.3.3.3", 32)}, "10.3.3.3"},
	} {
		if got, _ := walkOf(set, f.peer, f.lines...); got != f.want {
			t.Errorf("%s: client %s, want %s", f.what, got, f.want)
		}
	}
}

func TestForwarded(t *testing.T) {
	set := testSettings(t, func(c *Config) { c.ClientHeader = headerForwarded })
	for _, f := range []struct {
		what, value, want string
		secure            bool
	}{
		{"one element", "for=203.0.113.9;proto=https;by=10.0.0.1", "203.0.113.9", true},
		{"names in any case, spaces", "Proto=HTTPS; For=203.0.113.9", "203.0.113.9", true},
		{"quoted IPv6 with port", `for="[2001:db8::9]:4711"`, "2001:db8::9", false},
		{"quoted IPv4", `for="203.0.113.9:80"`, "203.0.113.9", false},
		{"through a proxy", "for=1.2.3.4, for=203.0.113.9;proto=https, for=10.5.5.5", "203.0.113.9", true},
		{"the scheme of a stranger's hop", "for=1.2.3.4;proto=https, for=203.0.113.9;proto=http", "203.0.113.9", false},
		{"unknown", "for=203.0.113.9, for=unknown", "10.0.0.1", false},
		{"hidden", "for=_gazonk", "10.0.0.1", false},
		{"no for", "proto=https", "10.0.0.1", false},
		{"two for", "for=1.2.3.4;for=203.0.113.9", "10.0.0.1", false},
		{"an open quote hides nothing", `for="1.2.3.4, for=203.0.113.9`, "203.0.113.9", false},
		{"an escape", `for="203.0.113.\9"`, "10.0.0.1", false},
	} {
		got, secure := walkOf(set, "10.0.0.1", "Forwarded: "+f.value, "X-Forwarded-For: 5.6.7.8", "X-Forwarded-Proto: https")
		if got != f.want || secure != f.secure {
			t.Errorf("%s: client %s, secure %v; want %s, %v", f.what, got, secure, f.want, f.secure)
		}
	}
}

func TestXForwardedProto(t *testing.T) {
	set := testSettings(t, nil)
	for _, f := range []struct {
		what, peer string
		lines      []string
		want       bool
	}{
		{"a proxy's word", "10.0.0.1", []string{"X-Forwarded-Proto: https"}, true},
		{"in capitals", "10.0.0.1", []string{"X-Forwarded-Proto: HTTPS"}, true},
		{"a stranger's", "192.0.2.7", []string{"X-Forwarded-Proto: https"}, false},
		{"clear text", "10.0.0.1", []string{"X-Forwarded-Proto: http"}, false},
		{"the nearest counts", "10.0.0.1", []string{"X-Forwarded-Proto: https, http"}, false},
		{"of the last line", "10.0.0.1", []string{"X-Forwarded-Proto: http", "X-Forwarded-Proto: https"}, true},
		{"nothing said", "10.0.0.1", nil, false},
	} {
		if _, got := walkOf(set, f.peer, f.lines...); got != f.want {
			t.Errorf("%s: secure %v, want %v", f.what, got, f.want)
		}
	}
}

// Whatever a client writes, the address that our proxies appended stands.
func FuzzForwarded(f *testing.F) {
	for _, s := range []string{"", "1.2.3.4", "1.2.3.4, ", `for="`, "for=1.2.3.4;proto=https", ",,,", "unknown", "[::1", `"`, ";for=", "\\"} {
		f.Add(s, false)
		f.Add(s, true)
	}
	lists := testSettings(f, nil)
	pairs := testSettings(f, func(c *Config) { c.ClientHeader = headerForwarded })
	f.Fuzz(func(t *testing.T, forged string, apart bool) {
		if strings.ContainsAny(forged, "\r\n") {
			return
		}
		glue := ", "
		if apart {
			glue = "\r\n%s: "
		}
		for _, c := range []struct {
			set                *settings
			name, client, near string
		}{
			{lists, "X-Forwarded-For", "203.0.113.9", ", 10.1.2.3"},
			{pairs, "Forwarded", "for=203.0.113.9", ", for=10.1.2.3"},
		} {
			line := c.name + ": " + forged + strings.Replace(glue, "%s", c.name, 1) + c.client + c.near
			if got, _ := walkOf(c.set, "10.0.0.1", line); got != "203.0.113.9" {
				t.Fatalf("%q makes the client %s", line, got)
			}
			if got, secure := walkOf(c.set, "192.0.2.7", line); got != "192.0.2.7" || secure {
				t.Fatalf("%q of a stranger makes the client %s", line, got)
			}
		}
	})
}
