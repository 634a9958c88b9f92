package pipeline

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/models"
)

// odd is a target with three structural faults: enough evidence for a step-up.
const odd = "//v1/items/./1?a=1&a=2"

func TestAnUnsuspiciousRequestIsAllowed(t *testing.T) {
	w := newWorld(t)
	got, e := w.ask(shot{token: w.token("ada")})
	if got.StatusCode != http.StatusOK || got.body != "fine" || e.Action != models.Allow || e.ByRisk != models.Allow {
		t.Errorf("%d %q, %s, score %g", got.StatusCode, got.body, e.Action, e.Assessment.Score)
	}
	if id := string(appendUUID(nil, e.ID)); id != got.Header.Get("X-Request-Id") || id != string(e.RequestID) {
		t.Errorf("X-Request-Id %s, event %s, its request id %s", got.Header.Get("X-Request-Id"), id, e.RequestID)
	}
	if rest := w.stop(); len(rest) != 0 {
		t.Errorf("%d more events for one request", len(rest))
	}
}

func TestMonitorForwardsAndMarks(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.risk.Classes.Normal.StepUp = 40 })
	got, e := w.ask(shot{token: w.token("ada"), bare: true})
	if got.StatusCode != http.StatusOK || e.Action != models.Monitor || e.Assessment.Level != models.Medium {
		t.Errorf("%d %s, score %g", got.StatusCode, e.Action, e.Assessment.Score)
	}
}

// The refill halves with every ten points above the throttle threshold, and a
// bucket that refills at a share holds only that share.
func TestThrottleIsASlope(t *testing.T) {
	for _, throttle := range []float64{15, 20, 26} {
		w := newWorld(t, func(s *settings) {
			c := &s.risk.Classes.Normal
			c.Throttle, c.StepUp = throttle, 40
		})
		var admitted, want int
		for {
			got, e := w.ask(shot{token: w.token("ada"), bare: true})
			refill := math.Exp2(-(e.Assessment.Score - throttle) / 10)
			if want = int(40 * refill); want >= 40 || math.Abs(e.Assessment.Refill-refill) > 1e-9 {
				t.Fatalf("score %g: refill %g, want %g", e.Assessment.Score, e.Assessment.Refill, refill)
			}
			if got.StatusCode == http.StatusTooManyRequests {
				if e.Action != models.Throttle || e.Denial != models.SubjectRate || e.ByRisk != models.Monitor {
					t.Errorf("%s %s, asked for %s", e.Action, e.Denial, e.ByRisk)
				}
				break
			}
			if admitted++; e.Action != models.Monitor {
				t.Errorf("request %d was let through as %s", admitted, e.Action)
			}
			if limit := fmt.Sprintf(`"subject";r=%d;`, want-admitted); !strings.HasPrefix(got.Header.Get("RateLimit"), limit) {
				t.Errorf("RateLimit %q, want %s", got.Header.Get("RateLimit"), limit)
			}
		}
		if admitted != want {
			t.Errorf("throttle from %g: %d requests at once, want %d", throttle, admitted, want)
		}
	}
}

// A policy throttles to a sixteenth. Who stays within that is not throttled.
func TestThrottleByPolicy(t *testing.T) {
	w := newWorld(t, func(s *settings) {
		s.policies = `permit (principal, action, resource); @id("slow") @riskgate("throttle") forbid (principal, action, resource);`
	})
	for range 2 { // of the 40 at once that others have
		got, e := w.ask(shot{token: w.token("ada")})
		if got.StatusCode != 200 || e.Action != models.Monitor || e.ByPolicy != models.Throttle {
			t.Errorf("%d %s, by policy %s", got.StatusCode, e.Action, e.ByPolicy)
		}
	}
	if got, e := w.ask(shot{token: w.token("ada")}); got.StatusCode != 429 || e.Action != models.Throttle {
		t.Errorf("%d %s", got.StatusCode, e.Action)
	}
}

// A request that is held back instead of refused was throttled too.
func TestADelayIsAThrottle(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.rate.Subject, s.rate.Burst, s.rate.Delay = 20, 1, 50*time.Millisecond })
	w.status(200, shot{token: w.token("ada")})
	got, e := w.ask(shot{token: w.token("ada"), from: "192.0.2.11"})
	if got.StatusCode != 200 || e.Action != models.Throttle || e.Denial != "" || e.Duration < 50*time.Millisecond {
		t.Errorf("%d %s %q after %s", got.StatusCode, e.Action, e.Denial, e.Duration)
	}
}

// hot is what makes ada answer for herself.
func hot(token string) shot { return shot{target: odd, token: token} }

func settled(t *testing.T, edit ...func(*settings)) *world {
	w := newWorld(t, edit...)
	w.live(20, func() shot { return shot{token: w.token("ada")} })
	w.advance(time.Minute)
	return w
}

func TestStepUpIsSatisfiedByTheAskedClassAndAFreshAuthenticationOnly(t *testing.T) {
	w := settled(t, func(s *settings) { s.stepup.Challenges = 5 })
	got, e := w.ask(hot(w.token("ada")))
	if field := got.Header.Get("WWW-Authenticate"); got.StatusCode != 401 || e.Denial != models.StepUpRequired ||
		!strings.Contains(field, `error="insufficient_user_authentication"`) ||
		!strings.Contains(field, `acr_values="urn:mfa"`) || !strings.Contains(field, `max_age="300"`) {
		t.Fatalf("%d %s: %s; score %g", got.StatusCode, e.Denial, field, e.Assessment.Score)
	}
	if e.Action != models.StepUp || e.ByRisk != models.StepUp || string(e.Challenge) != "urn:mfa" || e.MaxAge != 5*time.Minute {
		t.Errorf("event: %s by risk %s, challenge %q within %s", e.Action, e.ByRisk, e.Challenge, e.MaxAge)
	}
	w.advance(10 * time.Second)
	w.status(401, hot(w.token("ada", claims{"acr": "urn:mfa"})))               // an old authentication
	w.status(401, hot(w.token("ada", claims{"auth_time": w.now().Unix()})))    // a weak one
	w.status(401, hot(w.token("bob", claims{"acr": "urn:mfa", "sub": "bob"}))) // somebody else's
	w.advance(10 * time.Second)
	if got, e = w.ask(hot(w.strong("ada"))); got.StatusCode != 200 || !e.Passed || e.Assessment.Contributions[models.Credit].Nats >= 0 {
		t.Fatalf("%d, passed %v, credit %g, %s", got.StatusCode, e.Passed, e.Assessment.Contributions[models.Credit].Nats, e.Denial)
	}
	if also := w.next(); also.Kind != models.AuthenticationEvent || also.ID == e.ID {
		t.Errorf("%s after a passed step-up, want an authentication with an id of its own", also.Kind)
	}
}

// pass lets ada pass a step-up and returns the credit that she has from it.
func (w *world) pass() float64 {
	w.Helper()
	w.status(401, hot(w.token("ada")))
	w.advance(time.Second)
	got, e := w.ask(hot(w.strong("ada")))
	if got.StatusCode != 200 || !e.Passed {
		w.Fatalf("%d, passed %v", got.StatusCode, e.Passed)
	}
	return e.Features.Get(models.CreditNats)
}

// A route that is content with a password must not open those where the score asks
// for more.
func TestAWeakChallengeEarnsNoCredit(t *testing.T) {
	w := settled(t, func(s *settings) {
		s.stepup.Challenges = 9
		s.routes = append(s.routes, Route{ID: "fresh", Path: "/fresh", Accept: authn.JWT,
			Want: stepup.Want{ACR: "urn:pwd", MaxAge: time.Minute}})
	})
	w.status(401, shot{target: "/fresh", token: w.token("ada")})
	w.advance(time.Second)
	weak := w.token("ada", claims{"auth_time": w.now().Unix()})
	w.status(401, hot(weak))
	w.status(200, shot{target: "/fresh", token: weak})
	w.status(401, hot(weak))
	w.advance(time.Second)
	w.status(200, hot(w.strong("ada")))
}

func TestCreditHalvesInHalfAnHour(t *testing.T) {
	w := settled(t)
	earned := w.pass()
	got, e := w.ask(hot(w.token("ada")))
	if got.StatusCode != 200 || e.Passed || e.Features.Get(models.CreditNats) != earned {
		t.Errorf("right after: %d, credit %g, want %g", got.StatusCode, e.Features.Get(models.CreditNats), earned)
	}
	w.advance(30 * time.Minute)
	_, e = w.ask(shot{token: w.token("ada")})
	if c := e.Features.Get(models.CreditNats); math.Abs(c/earned-0.5) > 1e-6 {
		t.Errorf("after half an hour: %g of %g", c, earned)
	}
	w.advance(12 * time.Hour)
	w.status(401, hot(w.token("ada")))
}

func TestCreditBelongsToOneDeviceAndNetwork(t *testing.T) {
	for _, c := range []struct {
		where string
		shot  shot
		holds bool
	}{{"here", shot{}, true}, {"another device", shot{agent: chrome}, false}, {"another network", shot{from: mobile}, false}} {
		w := settled(t)
		w.pass()
		c.shot.token = w.token("ada", claims{"sid": "another"}) // so that the session has no say
		_, e := w.ask(c.shot)
		if e.Features.States[models.Session] == models.Hit || e.Features.Has(models.HoldsCredit) != c.holds {
			t.Errorf("%s: credit %g, session %s", c.where, e.Features.Get(models.CreditNats), e.Features.States[models.Session])
		}
	}
}

func TestASessionHitVoidsCredit(t *testing.T) {
	w := settled(t)
	w.pass()
	_, e := w.ask(shot{token: w.token("ada"), from: sydney, agent: chrome})
	if e.Features.States[models.Session] != models.Hit {
		t.Fatalf("session %s in another country with another browser", e.Features.States[models.Session])
	}
	if _, e = w.ask(hot(w.token("ada"))); e.Features.Flags&models.HoldsCredit != 0 {
		t.Errorf("credit %g after a session hit", e.Features.Get(models.CreditNats))
	}
}

func TestThreeUnansweredChallengesExhaust(t *testing.T) {
	w := settled(t)
	for range 3 {
		w.status(401, hot(w.token("ada")))
		w.advance(2 * time.Second)
	}
	got, e := w.ask(hot(w.token("ada")))
	if got.StatusCode != 403 || e.Denial != models.StepUpExhausted || e.Action != models.Deny || e.ByRisk != models.StepUp {
		t.Errorf("%d %s %s, by risk %s", got.StatusCode, e.Denial, e.Action, e.ByRisk)
	}
	if also := w.next(); also.Kind != models.AuthenticationEvent {
		t.Errorf("%s, want the failed authentication", also.Kind)
	}
	w.advance(16 * time.Minute)
	w.status(401, hot(w.token("ada")))
}

// A program cannot answer a challenge.
func TestNoStepUp(t *testing.T) {
	for _, c := range []struct {
		class  models.Class
		status int
		denial models.Denial
	}{{models.Normal, 200, ""}, {models.Sensitive, 403, models.RiskDenied}, {models.Admin, 403, models.RiskDenied}} {
		w := newWorld(t, func(s *settings) { s.routes[0].Class = c.class })
		w.live(20, func() shot { return shot{key: w.apiKeys["good"]} })
		w.advance(time.Minute)
		got, e := w.ask(shot{target: odd, key: w.apiKeys["good"]})
		if got.StatusCode != c.status || e.Denial != c.denial || e.Assessment.Wanted != models.StepUp {
			t.Errorf("%s: %d %s, wanted %s", c.class, got.StatusCode, e.Denial, e.Assessment.Wanted)
		}
		if c.denial != "" {
			continue
		}
		if limit := got.Header.Get("RateLimit"); !strings.HasPrefix(limit, `"subject";r=1;`) && !strings.HasPrefix(limit, `"subject";r=0;`) {
			t.Errorf("RateLimit %q, want at most 40/16 at once, less one", limit)
		}
		if also := w.next(); also.Kind != models.FindingEvent || also.Finding != "no_step_up" {
			t.Errorf("%s %q, want the finding", also.Kind, also.Finding)
		}
	}
}

func TestStepUpByPolicyThatAKeyCannotPerform(t *testing.T) {
	w := newWorld(t, func(s *settings) {
		s.policies = `permit (principal, action, resource); @id("ask") @riskgate("step_up") forbid (principal, action, resource);`
	})
	got, e := w.ask(shot{key: w.apiKeys["good"]})
	if got.StatusCode != 403 || e.Denial != models.StepUpImpossible || e.Action != models.Deny || e.ByPolicy != models.StepUp {
		t.Errorf("%d %s %s, by policy %s", got.StatusCode, e.Denial, e.Action, e.ByPolicy)
	}
}

// A policy that always asks for a recent authentication is content with one.
func TestStepUpByPolicyIsSatisfied(t *testing.T) {
	w := newWorld(t, func(s *settings) {
		s.policies = `permit (principal, action, resource);
			@id("fresh") @riskgate("step_up") @acr("urn:mfa") @max_age("2m") forbid (principal, action, resource);`
	})
	got, e := w.ask(shot{token: w.token("ada")})
	if got.StatusCode != 401 || e.ByPolicy != models.StepUp || !strings.Contains(got.Header.Get("WWW-Authenticate"), `max_age="120"`) {
		t.Fatalf("%d by policy %s: %v", got.StatusCode, e.ByPolicy, got.Header)
	}
	w.advance(time.Second)
	token := w.strong("ada")
	w.status(200, shot{token: token})
	w.advance(time.Second)
	w.status(200, shot{token: token})
	w.advance(5 * time.Minute)
	w.status(401, shot{token: token})
}

func TestARouteThatAsksIsRecordedAsPolicy(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.routes[0].Want.ACR = "urn:mfa" })
	if _, e := w.ask(shot{token: w.token("ada")}); e.Action != models.StepUp || e.ByPolicy != models.StepUp || e.ByRisk != models.Allow {
		t.Errorf("%s, by policy %s, by risk %s", e.Action, e.ByPolicy, e.ByRisk)
	}
	w.status(200, shot{token: w.strong("ada")})
}

func TestShadowIsRecordedAndNotApplied(t *testing.T) {
	forbid := `permit (principal, action, resource); @id("no") @mode("shadow") forbid (principal, action, resource);`
	for _, c := range []struct {
		name             string
		edit             func(*settings)
		byRisk, byPolicy models.Action
		risk, policy     models.Mode
	}{
		{"risk", func(s *settings) { s.risk.Mode = models.Shadow }, models.StepUp, models.Allow, models.Shadow, models.Enforce},
		{"one policy", func(s *settings) { s.policies, s.risk.Classes.Normal.StepUp = forbid, 84 },
			models.Monitor, models.Deny, models.Enforce, models.Shadow},
		{"all policies", func(s *settings) {
			s.policies, s.authz.Mode, s.risk.Mode = `forbid (principal, action, resource);`, "shadow", models.Shadow
		}, models.StepUp, models.Deny, models.Shadow, models.Shadow},
	} {
		w := newWorld(t, c.edit)
		got, e := w.ask(hot(w.token("ada")))
		if got.StatusCode != 200 || e.Action > models.Monitor || e.Denial != "" {
			t.Errorf("%s: %d, %s %s", c.name, got.StatusCode, e.Action, e.Denial)
		}
		if e.ByRisk != c.byRisk || e.Mode != c.risk || e.ByPolicy != c.byPolicy || e.PolicyMode != c.policy {
			t.Errorf("%s: by risk %s (%s), by policy %s (%s)", c.name, e.ByRisk, e.Mode, e.ByPolicy, e.PolicyMode)
		}
		if n := w.count(w.Metrics.shadowed); n != 1 {
			t.Errorf("%s: counted %g times", c.name, n)
		}
	}
}

// An enforced layer acts although the other is in shadow, and the event holds
// what both asked for.
func TestShadowBesideEnforced(t *testing.T) {
	w := newWorld(t, func(s *settings) {
		s.risk.Mode = models.Shadow
		s.policies = `permit (principal, action, resource); @id("slow") @riskgate("monitor") forbid (principal, action, resource);`
	})
	got, e := w.ask(hot(w.token("ada")))
	if got.StatusCode != 200 || e.Action != models.Monitor || e.ByPolicy != models.Monitor || e.ByRisk != models.StepUp || string(e.Policies) != "slow" {
		t.Errorf("%d: %s, by policy %s (%s), by risk %s", got.StatusCode, e.Action, e.ByPolicy, e.Policies, e.ByRisk)
	}
}

func TestAuditRequired(t *testing.T) {
	reached := 0
	w := newWorld(t, func(s *settings) {
		s.stalled, s.stream.Ring.Bytes = true, 1<<20
		s.upstream = func(http.ResponseWriter, *http.Request) { reached++ }
		s.routes[0].Audit = true
		s.routes = append(s.routes, Route{ID: "open", Path: "/open", Accept: authn.None})
	})
	if got := w.send(shot{token: w.token("ada")}); got.StatusCode != 200 || reached != 1 {
		t.Fatalf("%d, reached %d times", got.StatusCode, reached)
	}
	for w.Stream.Publish(&models.Event{Time: w.now()}) { //nolint:revive // until the ring is full
	}
	checkProblem(t, w.send(shot{token: w.token("ada")}), models.AuditFailed)
	if reached != 1 {
		t.Error("a request went out unrecorded")
	}
	if got := w.send(shot{target: "/open"}); got.StatusCode != 200 || reached != 2 {
		t.Errorf("best effort: %d, reached %d times", got.StatusCode, reached)
	}
}

// The record that a request needs to pass is its only one.
func TestAuditedRequestsLeaveOneEvent(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.routes[0].Audit = true })
	if _, e := w.ask(shot{token: w.token("ada")}); e.Action != models.Allow {
		t.Errorf("recorded as %s", e.Action)
	}
	if rest := w.stop(); len(rest) != 0 {
		t.Errorf("%d more events", len(rest))
	}
}

// A program that is known for little more than a week is let in on a network that it
// never used, and reported; one that is known better would be slowed down too.
func TestNewNetworkOfAMachineIsReported(t *testing.T) {
	w := newWorld(t)
	w.live(8, func() shot { return shot{key: w.apiKeys["good"], from: "192.0.2.7"} })
	w.advance(time.Hour)
	got, e := w.ask(shot{key: w.apiKeys["good"], from: "198.51.100.7"})
	if got.StatusCode != 200 || e.Denial != "" {
		t.Fatalf("%d %s", got.StatusCode, e.Denial)
	}
	if also := w.next(); also.Kind != models.FindingEvent || also.Finding != "new_to_machine" {
		t.Errorf("%s %q, want the finding", also.Kind, also.Finding)
	}
}
