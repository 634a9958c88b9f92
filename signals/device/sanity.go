package device

import (
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

// The rules of client sanity, as bits of models.SanityRule. The upper bits hold
// the number of missing header fields.
const (
	ruleAutomation = 1 << iota
	ruleMissing
	rulePair
	ruleNoAgent
	ruleBits = iota
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
	if impossible(view.TLS.JA4) {
		fire(rulePair, 2)
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

// impossible reports whether no browser of today has this fingerprint: they all
// speak TLS 1.3 and offer HTTP. A JA4 begins like "t13d1516h2".
func impossible(ja4 string) bool {
	if len(ja4) < 10 || ja4[0] != 't' {
		return false
	}
	return ja4[1:3] != "13" || ja4[8:10] == "00"
}

// sanity is the sum of the rules that fired when the request was observed, 0 to 3
// nats: an automation agent, headers that the claimed browser sends and this client
// does not, a handshake that no browser has.
func sanity(f *models.Features) models.Evidence {
	e := baseline.Say(min(sanityCap, max(0, f.Get(models.SanityNats))))
	rules := int(f.Get(models.SanityRule))
	var facts baseline.Facts
	facts.Add(rules&ruleAutomation != 0, models.FactAutomation, 1)
	facts.Add(rules&ruleMissing != 0, models.FactMissingHeader, float64(rules>>ruleBits))
	facts.Add(rules&ruleNoAgent != 0, models.FactNoAgent, 1)
	e.Facts = facts.List()
	return e
}
