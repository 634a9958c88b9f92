package device

import (
	"net/netip"
	"testing"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/keyed"
)

const (
	firefox   = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	firefox2  = "Mozilla/5.0 (X11; Linux x86_64; rv:129.0) Gecko/20100101 Firefox/129.0"
	firefoxNT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
	iphone    = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
	ipad      = "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
	headChr   = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36"
	googlebot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
)

func testAgents() *Agents { return NewAgents(keyed.New([32]byte{5}), 1024) }

func TestAgents(t *testing.T) {
	a := testAgents()
	f := func(text string, typ Type, tool Tool, browser bool) {
		t.Helper()
		got, _ := a.Parse([]byte(text))
		if got.Type != typ || got.Tool != tool || got.Browser != browser {
			t.Errorf("%s: type %d, tool %d, browser %v; want %d, %d, %v", text, got.Type, got.Tool, got.Browser, typ, tool, browser)
		}
	}
	f(firefox, Desktop, NoTool, true)
	f(iphone, Mobile, NoTool, true)
	f(ipad, Tablet, NoTool, true)
	f(headChr, Bot, Headless, false)
	f(googlebot, Bot, NoTool, false)
	f("curl/8.5.0", Library, HTTPTool, false)
	f("python-requests/2.32.0", Library, HTTPTool, false)
	f("sqlmap/1.8 (https://sqlmap.org)", Bot, Scanner, false)
	f("something of our own", UnknownType, NoTool, false)
}

func TestFamilies(t *testing.T) {
	a := testAgents()
	family := func(text string) uint32 {
		got, _ := a.Parse([]byte(text))
		return got.Family
	}
	if family(firefox) != family(firefox2) {
		t.Error("a new version is a new family")
	}
	if family(firefox) == family(firefoxNT) || family(firefox) == family(headChr) {
		t.Error("another system or browser is the same family")
	}
}

// Only the beginning of an agent string counts, so that nobody pays for more.
func TestLongAgents(t *testing.T) {
	a := testAgents()
	long := make([]byte, 10000)
	copy(long, firefox)
	x, hx := a.Parse(long)
	long[9999] = 'x'
	if y, hy := a.Parse(long); x != y || hx != hy {
		t.Error("what lies beyond 512 bytes counts")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{firefox, iphone, ipad, headChr, googlebot, "curl/8", "", "Mozilla/5.0 (Linux; Android"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a := testAgents()
		x, hx := a.Parse([]byte(s))
		y, hy := a.Parse([]byte(s))
		if x != y || hx != hy || x.Family == 0 {
			t.Errorf("%q: %+v, then %+v", s, x, y)
		}
	})
}

func TestCheck(t *testing.T) {
	a := testAgents()
	all := []string{"Accept", "*/*", "Accept-Language", "de", "Accept-Encoding", "br"}
	const h2, h00, tls12 = "t13d1516h2_8daaf6152771_02713d6af862", "t13d151600_8daaf6152771_02713d6af862", "t12d1516h2_8daaf6152771_02713d6af862"
	f := func(name, agent, ja4 string, machine bool, want float64, fields ...string) {
		t.Helper()
		v := viewOf(fields...)
		v.TLS.JA4 = ja4
		if agent != "" {
			v.Agent = []byte(agent)
		}
		parsed, _ := a.Parse(v.Agent)
		nats, rules := Check(v, parsed, machine)
		if nats != want || (rules != 0) != (want != 0) {
			t.Errorf("%s: %g nats, rules %b; want %g", name, nats, rules, want)
		}
	}
	f("a browser", firefox, h2, false, 0, all...)
	f("in clear text", firefox, "", false, 0, all...)
	f("without a language", firefox, h2, false, 1, all[0], all[1], all[4], all[5])
	f("without anything", firefox, h2, false, 2)
	f("with the handshake of a script", firefox, h00, false, 2, all...)
	f("with an old handshake", firefox, tls12, false, 2, all...)
	f("with more cipher suites than browsers have", firefox, "t13d3112h2_8daaf6152771_02713d6af862", false, 2, all...)
	f("with as many as Safari", firefox, "t13d2014h2_a09f3c656075_02713d6af862", false, 0, all...)
	f("on a WebSocket", firefox, "t13d1715h1_8daaf6152771_02713d6af862", false, 0, all...)
	f("at most three", firefox, h00, false, 3)
	f("driven by a program", headChr, h2, false, 2, all...)
	f("a scanner", "sqlmap/1.8", "", true, 3)
	f("a library for a person", "curl/8.5.0", "", false, 1)
	f("a library for a machine client", "curl/8.5.0", "", true, 0)
	f("no agent", "", "", false, 1)
	f("no agent, machine client", "", "", true, 0)
}

// A browser names the host that it asks for, unless that is an address.
func TestHandshakesThatNameNoHost(t *testing.T) {
	parsed, _ := testAgents().Parse([]byte(firefox))
	for host, want := range map[string]float64{
		"api.example": 2, "api.example:8443": 2, "localhost": 2, "192.0.2.7": 0, "192.0.2.7:8443": 0,
		"[2001:db8::1]": 0, "[2001:db8::1]:443": 0, "": 0, "node7": 0, ":443": 0,
	} {
		v := viewOf("Accept", "*/*", "Accept-Language", "de", "Accept-Encoding", "br")
		v.Agent, v.Host, v.TLS.JA4 = []byte(firefox), []byte(host), "t13i1516h2_8daaf6152771_02713d6af862"
		if nats, _ := Check(v, parsed, false); nats != want {
			t.Errorf("%q: %g nats, want %g", host, nats, want)
		}
	}
}

// Behind a trusted proxy the handshake is the proxy's.
func TestAProxysHandshakeIsNoClients(t *testing.T) {
	parsed, _ := testAgents().Parse([]byte(firefox))
	v := viewOf("Accept", "*/*", "Accept-Language", "de", "Accept-Encoding", "br")
	v.Agent, v.TLS.JA4 = []byte(firefox), "t13i311100_8daaf6152771_02713d6af862"
	v.Peer, v.Client = netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("192.0.2.7")
	if nats, rules := Check(v, parsed, false); nats != 0 || rules != 0 {
		t.Errorf("%g nats, rules %b", nats, rules)
	}
	v.Client = v.Peer
	if nats, _ := Check(v, parsed, false); nats != 2 {
		t.Errorf("without a proxy: %g nats, want 2", nats)
	}
}

// An event of an earlier build, which had no fact for the handshake, says what it
// said; both say the same in words.
func TestTheFactOfTheHandshake(t *testing.T) {
	said := func(rules int) (models.Evidence, string) {
		var f models.Features
		f.Set(models.SanityNats, 2)
		f.Set(models.SanityRule, float64(rules))
		e := sanity(&f)
		return e, string(models.AppendWords(nil, models.ClientSanity, &e, 1))
	}
	was, old := said(rulePair)
	is, text := said(ruleHandshake)
	if was.Facts != [models.MaxFacts]models.Fact{} || is.Facts[0] != (models.Fact{Code: models.FactHandshake, Value: 1}) || old != text {
		t.Errorf("%q of %v, then %q of %v", old, was.Facts, text, is.Facts)
	}
	e, text := said(ruleHandshake | ruleMissing | 2<<ruleBits)
	if text != "2 usual headers missing, handshake unlike the browser it claims to be" {
		t.Errorf("%q of %v", text, e.Facts)
	}
}

func TestSanityFacts(t *testing.T) {
	v := viewOf()
	v.Agent = []byte(firefox)
	parsed, _ := testAgents().Parse(v.Agent)
	nats, rules := Check(v, parsed, false)
	var f models.Features
	f.Set(models.SanityNats, nats)
	f.Set(models.SanityRule, float64(rules))
	e := sanity(&f)
	if want := (models.Fact{Code: models.FactMissingHeader, Value: 3}); e.Facts[0] != want || e.State != models.Hit {
		t.Errorf("%+v, want %+v", e, want)
	}
}

func BenchmarkParseKnown(b *testing.B) {
	a, text := testAgents(), []byte(firefox)
	b.ReportAllocs()
	for b.Loop() {
		a.Parse(text)
	}
}
