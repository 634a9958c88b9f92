package models

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestEveryGroupAndFactHasWords(t *testing.T) {
	seen := map[FactCode]bool{}
	for g := Network; g < NumGroups; g++ {
		w := &words[g]
		if w.alone == "" || w.lowers == "" {
			t.Errorf("group %s has no words", g)
		}
		texts := []string{w.alone, w.lowers}
		for _, p := range w.phrases {
			seen[p.fact] = true
			texts = append(texts, p.text)
			if one, many, two := strings.Cut(p.text, "|"); two && !strings.Contains(one+many, "#") {
				t.Errorf("%s: %q has two forms and no value", g, p.text)
			}
		}
		for _, text := range texts {
			if !isPlain(text) {
				t.Errorf("%s: %q has more than plain ASCII without quotes", g, text)
			}
		}
	}
	for c := NoFact + 1; c < numFactCodes; c++ {
		if !seen[c] {
			t.Errorf("fact %s has no words in any group", c)
		}
	}
	for i, name := range changes {
		if name == "" || !isPlain(name) {
			t.Errorf("session change %d is called %q", i, name)
		}
	}
}

func isPlain(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) < 0
}

func TestWords(t *testing.T) {
	f := func(g Group, points float64, want string, facts ...Fact) {
		t.Helper()
		var e Evidence
		copy(e.Facts[:], facts)
		if got := string(AppendWords(nil, g, &e, points)); got != want {
			t.Errorf("%s: %q, want %q", g, got, want)
		}
	}
	f(Network, 6, "new address in a usual network, 4 minutes after the last request",
		Fact{FactNewAddress, 1}, Fact{FactKnownWeight, 12}, Fact{FactMinutesSince, 4.2})
	f(Network, 6, "address seldom used, not yet trusted, 3 days after the last request",
		Fact{FactKnownWeight, 0.2}, Fact{FactProbation, 0.5}, Fact{FactMinutesSince, 3 * 24 * 60})
	f(Network, 6, "new country, less than a minute after the last request", Fact{FactNewCountry, 1}, Fact{FactMinutesSince, 0.5})
	f(Network, 6, "network as when the session began")
	f(Network, -6, "usual network", Fact{FactKnownWeight, 12})
	f(Time, 1, "unusual hour, 3 h UTC, 0.4 % of own activity", Fact{FactHour, 3}, Fact{FactHourShare, 0.004})
	f(Failures, 1, "1 recent failed login", Fact{FactFailedLogins, 1.2})
	f(Failures, 1, "2 recent failed logins", Fact{FactFailedLogins, 1.7})
	f(Infrastructure, 1, "Tor exit, source 12 times as suspicious as most", Fact{FactTor, 1}, Fact{FactReputation, 12})
	f(Infrastructure, 1, "Tor exit", Fact{FactTor, 1}, Fact{FactDeviceOdds, 0.9})
	f(Session, 1, "another device inside a session", Fact{FactSessionChange, SessionFingerprint})
	f(Session, 1, "change inside a session", Fact{FactSessionChange, -1})
	f(Travel, 1, "5950 km from the last place, at 11900 km/h", Fact{FactDistance, 5950}, Fact{FactSpeed, 11900})
	f(RTT, 1, "answers sooner than light could travel 900 km", Fact{FactDistance, 900}, Fact{FactRTT, 3.25})
	f(RTT, 1, "TLS takes 80 ms longer than TCP: a proxy", Fact{FactTLSDelay, 80}, Fact{FactRTT, 3.25})
	f(RTT, 1, "answers in 3.3 ms", Fact{FactRTT, 3.25})
	f(RecentBehavior, 1, "what earlier requests left behind", Fact{FactActor, 1})
	f(NumGroups, 1, "unknown group")
}

func TestSpan(t *testing.T) {
	for minutes, want := range map[float64]string{
		0: "less than a minute", 1: "1 minute", 1.6: "2 minutes", 119: "119 minutes", 120: "2 hours",
		47 * 60: "47 hours", 48 * 60: "2 days", 60 * 24 * 365: "365 days",
	} {
		if got := string(appendSpan(nil, minutes)); got != want {
			t.Errorf("%g minutes are %q, want %q", minutes, got, want)
		}
	}
}

// event is a scored decision to which groups contribute points.
func event(action Action, points map[Group]float64) *Event {
	e := &Event{Action: action, ByRisk: action}
	e.Assessment.Base, e.Assessment.Score = 10, 10
	for g, p := range points {
		e.Assessment.Contributions[g] = Contribution{Nats: p / 10, Points: p}
		e.Assessment.Score += p
	}
	return e
}

func TestSentence(t *testing.T) {
	f := func(want string, e *Event) {
		t.Helper()
		if got := string(AppendSentence(nil, e)); got != want {
			t.Errorf("%q\nwant %q", got, want)
		}
	}
	of := func(action Action, change func(*Event)) *Event {
		e := event(action, map[Group]float64{Failures: 8.4})
		e.Evidence[Failures].Facts[0] = Fact{FactFailedLogins, 6}
		change(e)
		return e
	}
	const why = "score 18 of 100: 6 recent failed logins: +8."
	f("Allowed and marked, "+why, of(Monitor, func(*Event) {}))
	f("Slowed down, "+why, of(Throttle, func(*Event) {}))
	f("Refused (subject_rate), "+why, of(Throttle, func(e *Event) { e.Denial = SubjectRate }))
	f("Asked to step up, "+why, of(StepUp, func(e *Event) { e.Denial = StepUpRequired }))
	f("Refused, "+why, of(Deny, func(e *Event) { e.Denial = RiskDenied }))
	f("Refused by policy, "+why, of(Deny, func(e *Event) { e.ByRisk, e.ByPolicy, e.Denial = Allow, Deny, PolicyDenied }))
	f("Asked to step up by policy, "+why, of(StepUp, func(e *Event) { e.ByRisk, e.ByPolicy, e.Denial = Allow, StepUp, StepUpRequired }))
	f("Refused after unanswered step-ups, "+why, of(Deny, func(e *Event) { e.Denial = StepUpExhausted }))
	f("Let through and not answered (upstream_timeout), "+why, of(Allow, func(e *Event) { e.Denial = UpstreamTimeout }))
	f("Refused, "+why, of(Deny, func(e *Event) { e.Denial = "\x1b[0m" }))
	f("Allowed (score in shadow asks for deny), "+why, of(Allow, func(e *Event) { e.Mode, e.ByRisk = Shadow, Deny }))
	f("Allowed (policy in shadow asks for deny), "+why, of(Allow, func(e *Event) { e.PolicyMode, e.ByPolicy = Shadow, Deny }))
	f("Step-up passed, "+why, of(StepUp, func(e *Event) { e.Kind, e.Passed = AuthenticationEvent, true }))
	f("Allowed and marked, score 18 of 100: 6 recent failed logins: +8; during an attack.", of(Monitor, func(e *Event) {
		e.Features.Set(ModeNats, 1)
		e.Features.Flags |= IsLoginRoute
	}))
	f("Allowed and marked, score 10 of 100.", event(Monitor, nil))
	f("Allowed and marked, score 100 of 100: device as when the session began: +40; "+
		"network as when the session began: +30; travel as when the session began: +10; 2 more.",
		event(Monitor, map[Group]float64{Device: 40, Network: 30, Travel: 10, Time: 7, Failures: 3, Token: -1, Rate: 0.4, Session: 0.49}))
}

func TestPlainAllowIsNotRemarkable(t *testing.T) {
	if Remarkable(event(Allow, nil)) || Remarkable(&Event{Action: Deny}) {
		t.Error("a plain allow, or a request that was never scored, is remarkable")
	}
	for name, change := range map[string]func(*Event){
		"wanted": func(e *Event) { e.Assessment.Wanted = Monitor }, "applied": func(e *Event) { e.Action = Throttle },
		"policy": func(e *Event) { e.ByPolicy = StepUp }, "refused": func(e *Event) { e.Denial = AuditFailed },
		"finding": func(e *Event) { e.Kind = FindingEvent },
	} {
		e := event(Allow, nil)
		if change(e); !Remarkable(e) {
			t.Errorf("%s: not remarkable", name)
		}
	}
}

// A sentence is short, plain and the same each time, whatever the event holds.
func TestAnySentenceIsShortAndPlain(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1e300, 0, 1, 0.04, 99.96}
	for range 20000 {
		e := &Event{Kind: EventKind(r.IntN(3)), Action: Action(r.IntN(6)), ByRisk: Action(r.IntN(6)), Mode: Mode(r.IntN(2)),
			ByPolicy: Action(r.IntN(6)), PolicyMode: Mode(r.IntN(2)), Denial: Denials()[r.IntN(len(Denials()))], Passed: r.IntN(2) == 0}
		e.Assessment.Score = odd[r.IntN(len(odd))]
		for g := range e.Evidence {
			e.Assessment.Contributions[g].Points = odd[r.IntN(len(odd))]
			for i := range e.Evidence[g].Facts {
				code := FactCode(r.IntN(int(numFactCodes) + 2))
				if p := words[g].phrases; len(p) > 0 && r.IntN(2) == 0 {
					code = p[r.IntN(len(p))].fact
				}
				e.Evidence[g].Facts[i] = Fact{code, float32(odd[r.IntN(len(odd))])}
			}
		}
		e.Features.Set(ModeNats, 1)
		e.Features.Flags = IsAnonymous
		one := string(AppendSentence(nil, e))
		if len(one) > MaxSentence || !isPlain(one) || !strings.HasSuffix(one, ".") {
			t.Fatalf("%d bytes: %q", len(one), one)
		}
		if again := string(AppendSentence([]byte("before "), e)); again != "before "+one {
			t.Fatalf("%q, then %q", one, again)
		}
	}
}

func BenchmarkSentence(b *testing.B) {
	e := event(StepUp, map[Group]float64{Device: 40, Network: 30, Travel: 10, Time: 7, Failures: 3})
	e.Denial = StepUpRequired
	e.Evidence[Network].Facts = [MaxFacts]Fact{{FactNewASN, 1}, {FactMinutesSince, 44}}
	buf := make([]byte, 0, 2*MaxSentence)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendSentence(buf[:0], e)
	}
}
