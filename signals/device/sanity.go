package device

import (
	"bytes"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

// The rules of client sanity, as bits of models.SanityRule. The two bits above the
// first four hold the number of missing header fields.
const (
	ruleAutomation = 1 << iota
	ruleMissing
	rulePair // what ruleHandshake was in earlier builds, which had no fact for it
	ruleNoAgent
	ruleBits      = iota
	ruleCount     = 3 << ruleBits
	ruleHandshake = 4 << ruleBits
)

const sanityCap = 3.0

// browserFields are header fields that every browser of today sends.
var browserFields = [...]string{"accept", "accept-language", "accept-encoding"}

// Check looks for what does not fit together in a request. It returns the nats of
// the rules that fired and their bits. A machine client may be a library.
func Check(view *models.Request, a Agent, machine bool) (nats float64, rules int) {
	fire := func(rule int, by float64) {
		rules |= rule
		nats = min(sanityCap, nats+by)
	}
	switch {
	case a.Tool == Scanner:
		fire(ruleAutomation, 3)
	case a.Tool == Headless:
		fire(ruleAutomation, 2)
	case machine:
	case a.Tool == HTTPTool:
		fire(ruleAutomation, 1)
	case len(view.Agent) == 0:
		fire(ruleNoAgent, 1)
	}
	if !a.Browser {
		return nats, rules
	}
	if n := missing(view); n > 0 {
		fire(ruleMissing, min(2, float64(n)))
		rules |= n << ruleBits
	}
	if view.Client == view.Peer && impossible(view.TLS.JA4, view.Host) {
		fire(ruleHandshake, 2)
	}
	return nats, rules
}

func missing(view *models.Request) (n int) {
	for _, name := range browserFields {
		if _, ok := view.Header(name); !ok {
			n++
		}
	}
	return n
}

// mostCiphers is more cipher suites than any browser has: browsers offer 15 to 20 and
// drop old ones with the years, OpenSSL's default is about 30.
const mostCiphers = 24

// impossible reports whether no browser of today has this fingerprint: they all
// speak TLS 1.3, offer HTTP, offer few cipher suites, and name the host unless its
// address was typed. A JA4 begins like "t13d1516h2" (FoxIO, JA4.md): version, name
// sent (d) or not (i), counts of cipher suites and of extensions, protocol.
//
// That a handshake contradicts the agent is how Durumeric et al. (NDSS 2017) find
// intercepted connections; what is judged here is riskgate's own and holds for every
// browser. Not judged are which of them it is, fewer cipher suites and the number of
// extensions, which move with versions, resumption and settings and overlap with
// those of libraries; and h1 in place of h2, which WebSockets offer.
func impossible(ja4 string, host []byte) bool {
	if len(ja4) < 10 || ja4[0] != 't' {
		return false
	}
	ciphers := 10*int(ja4[4]-'0') + int(ja4[5]-'0')
	return ja4[1:3] != "13" || ja4[8:10] == "00" || ciphers > mostCiphers || ja4[3] == 'i' && isName(host)
}

// isName reports whether a host is plainly a name: it ends with a letter, which an
// address does not.
func isName(host []byte) bool {
	if i := bytes.IndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	if len(host) == 0 || host[0] == '[' {
		return false
	}
	last := host[len(host)-1] | 0x20
	return 'a' <= last && last <= 'z'
}

// sanity is the sum of the rules that fired when the request was observed, 0 to 3
// nats: a scanner 3, a headless browser 2, an HTTP library or no agent 1; 1 for each
// header field, at most 2, that browsers send and this client does not; 2 for a
// handshake that no browser has, see impossible. Riskgate's own figures.
func sanity(f *models.Features) models.Evidence {
	e := baseline.Say(min(sanityCap, max(0, f.Get(models.SanityNats))))
	rules := int(f.Get(models.SanityRule))
	var facts baseline.Facts
	facts.Add(rules&ruleAutomation != 0, models.FactAutomation, 1)
	facts.Add(rules&ruleMissing != 0, models.FactMissingHeader, float64(rules&ruleCount>>ruleBits))
	facts.Add(rules&ruleNoAgent != 0, models.FactNoAgent, 1)
	facts.Add(rules&ruleHandshake != 0, models.FactHandshake, 1)
	e.Facts = facts.List()
	return e
}
