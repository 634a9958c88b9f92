package pipeline

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// accounts has routes to log off and to change a password, which the upstream answers
// as their query says.
func accounts(s *settings) {
	s.routes = append(s.routes,
		Route{ID: "logoff", Path: "/logoff", Accept: authn.JWT | authn.APIKey, Activity: models.Logoff, Limited: true},
		Route{ID: "password", Path: "/password", Accept: authn.JWT | authn.APIKey, Activity: models.PasswordChange, Limited: true})
	s.upstream = func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.RawQuery {
		case "303":
			rw.Header().Set("Location", "/")
			rw.WriteHeader(http.StatusSeeOther)
		case "304", "308":
			status, _ := strconv.Atoi(r.URL.RawQuery)
			rw.Header().Set("Location", "/elsewhere")
			rw.WriteHeader(status)
		case "400":
			rw.WriteHeader(http.StatusBadRequest)
		case "500":
			rw.WriteHeader(http.StatusInternalServerError)
		case "stream":
			rw.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(rw).Flush()
			_, _ = rw.Write(make([]byte, 1<<20))
		}
	}
}

// did sends a request to an account route and returns what it did.
func (w *world) did(s shot) models.Activity {
	w.Helper()
	_, e := w.ask(s)
	return e.Activity
}

// A thief holds a copy of a token and everything else that its owner looks like. Once
// the owner has logged off, the copy is asked to step up, in words.
func TestATokenIsStoppedAfterLogoff(t *testing.T) {
	for _, how := range []string{"", "?303", "?stream"} {
		w := settled(t, accounts)
		token, refreshed := w.token("ada"), w.token("ada", claims{"jti": "2"})
		w.status(200, shot{token: token})
		if a := w.did(shot{method: "POST", target: "/logoff" + how, token: token}); a != models.Logoff {
			t.Fatalf("%s: %s", how, a)
		}
		for _, copied := range []string{token, refreshed} {
			got, e := w.ask(shot{token: copied})
			if got.StatusCode != 401 || e.Denial != models.StepUpRequired || e.ByRisk != models.StepUp ||
				!strings.Contains(got.Header.Get("WWW-Authenticate"), "insufficient_user_authentication") {
				t.Errorf("%s: %d %s, score %g", how, got.StatusCode, e.Denial, e.Assessment.Score)
			}
			const words = "Asked to step up, score 79 of 100: token used after logout or expiry: +70."
			if s := string(models.AppendSentence(nil, e)); s != words {
				t.Errorf("%s: %s", how, s)
			}
			if err := Verify(e, risk.New(w.risk)); err != nil {
				t.Error(err)
			}
		}
	}
}

// Who is noisy with a copy of a token does not keep its owner from logging off.
func TestALogoffThatIsRefusedEndsTheSession(t *testing.T) {
	const path = "//./logoff?a=1&a=2" // as odd as that of hot
	for name, how := range map[string]struct {
		noise, status int
		target        string
		edit          func(*settings)
	}{
		"score":     {0, 401, path, nil},
		"exhausted": {4, 403, path, nil},
		"rate":      {1, 429, "/logoff", func(s *settings) { s.rate.Address, s.rate.Subject, s.rate.Burst = 1e6, 1, 1 }},
	} {
		w := settled(t, accounts, func(s *settings) {
			if how.edit != nil {
				how.edit(s)
			}
		})
		token := w.token("ada")
		for range how.noise {
			w.send(hot(token))
			w.advance(2 * time.Second)
		}
		if how.edit != nil {
			w.send(shot{token: token}) // takes what the buckets hold
			w.advance(time.Millisecond)
		}
		if got := w.send(shot{method: "POST", target: how.target, token: token}); got.StatusCode != how.status {
			t.Errorf("%s: logoff %d, want %d", name, got.StatusCode, how.status)
		}
		w.advance(time.Minute)
		w.send(shot{token: w.token("ada", claims{"jti": "2"})})
		var last *models.Event
		for _, e := range w.stop() {
			if e.Kind == models.DecisionEvent {
				last = e
			}
		}
		if !last.Features.AfterLogout() || last.Denial != models.StepUpRequired {
			t.Errorf("%s: the session goes on: %s", name, last.Denial)
		}
	}
}

// What a thief cannot do, and its owner can: to authenticate again.
func TestWhoAuthenticatesAnewGoesOn(t *testing.T) {
	w := settled(t, accounts)
	old := w.token("ada")
	w.did(shot{target: "/logoff", token: old})
	w.advance(time.Minute)
	w.status(401, shot{token: w.token("ada")})                           // the same sid, refreshed
	w.status(200, shot{token: w.token("ada", claims{"sid": "another"})}) // another session of hers
	got, e := w.ask(shot{token: w.token("ada", claims{"auth_time": w.now().Unix()})})
	if got.StatusCode != 200 || e.Features.AfterLogout() || e.Features.Get(models.ActorNats) != 0 {
		t.Errorf("%d, after logout %v, actor %g", got.StatusCode, e.Features.AfterLogout(), e.Features.Get(models.ActorNats))
	}
	w.status(401, shot{token: old})
}

// A page that was left open asks on and on with its old token. Nobody is refused, nor
// suspected, for that, on whatever device.
func TestAForgottenPageHarmsNobody(t *testing.T) {
	w := settled(t, accounts)
	forgotten := func() {
		old := w.token("ada")
		w.did(shot{target: "/logoff", token: old})
		for range 20 {
			w.advance(5 * time.Second)
			got, e := w.ask(shot{token: old})
			if got.StatusCode != 401 || e.Assessment.ActorNats != 0 {
				t.Fatalf("%d %s, actor %g", got.StatusCode, e.Denial, e.Assessment.ActorNats)
			}
		}
	}
	forgotten()
	for range w.settings.stepup.Challenges { // as many as ever
		w.status(401, hot(w.token("ada", claims{"sid": "another"})))
		w.advance(time.Second)
	}
	w.status(403, hot(w.token("ada", claims{"sid": "another"})))

	w.advance(time.Hour)
	credit := w.pass()
	forgotten()
	got, e := w.ask(shot{token: w.token("ada", claims{"sid": "another"})})
	if c := e.Features.Get(models.CreditNats); got.StatusCode != 200 || credit >= 0 || c > credit/2 {
		t.Errorf("%d, credit %g of %g", got.StatusCode, c, credit)
	}
}

// A thief whose copy is good for nothing any more cannot have its owner asked, refused or
// frozen by sending it on and on, whoever asks for the step-up.
func TestAFloodAfterLogoffHarmsNobody(t *testing.T) {
	w := settled(t, accounts, func(s *settings) {
		s.routes = append(s.routes, Route{ID: "fresh", Path: "/fresh", Accept: authn.JWT, Want: stepup.Want{MaxAge: time.Minute}})
	})
	old := w.token("ada")
	w.did(shot{target: "/logoff", token: old})
	var last *models.Event
	for i := range 300 {
		w.advance(100 * time.Millisecond)
		_, last = w.ask(shot{token: old, target: "/v1/items/" + strconv.Itoa(1000+i)})
		if i%10 == 0 {
			w.status(401, shot{token: old, target: "/fresh"})
		}
	}
	if last.Denial != models.StepUpRequired || last.Assessment.ActorNats != 0 {
		t.Errorf("the last one: %s, actor %g", last.Denial, last.Assessment.ActorNats)
	}
	another := claims{"sid": "another"}
	if got, e := w.ask(shot{token: w.token("ada", another)}); got.StatusCode != 200 || e.Action != models.Allow {
		t.Errorf("the owner: %d %s, score %g", got.StatusCode, e.Denial, e.Assessment.Score)
	}
	w.status(401, shot{token: w.token("ada", another), target: "/fresh"})
}

// An old token ends nothing that began after it, where shadow mode forwards its logoff.
func TestAnEndedSessionEndsNoOther(t *testing.T) {
	w := settled(t, accounts, func(s *settings) { s.risk.Mode = models.Shadow })
	old := w.token("ada")
	w.did(shot{target: "/logoff", token: old})
	w.advance(time.Minute)
	anew := w.token("ada", claims{"auth_time": w.now().Unix()})
	w.advance(time.Minute)
	w.status(200, shot{target: "/logoff", token: old})
	if _, e := w.ask(shot{token: anew}); e.Features.AfterLogout() {
		t.Error("who authenticated after the first logoff was logged off by the second")
	}
}

// Nor does a token of an ended session pass a step-up that is still open elsewhere: it
// would earn credit there, and end a freeze.
func TestAnEndedSessionPassesNoStepUp(t *testing.T) {
	w := settled(t, accounts)
	elsewhere := func(token string) shot { return shot{target: odd, token: token, from: mobile} }
	w.status(401, elsewhere(w.token("ada")))
	w.advance(time.Second)
	token := w.strong("ada")
	w.did(shot{target: "/logoff", token: token})
	got, e := w.ask(elsewhere(token))
	if got.StatusCode == 200 || e.Passed || e.Credit != 0 {
		t.Errorf("%d, passed %v, credit %g", got.StatusCode, e.Passed, e.Credit)
	}
	w.advance(time.Second)
	if _, e = w.ask(elsewhere(w.token("ada", claims{"sid": "another"}))); e.Credit != 0 {
		t.Errorf("another session has credit %g of it", e.Credit)
	}
}

// Nothing is learned from what an ended session asks for, nor from its step-ups.
func TestEndedSessionsTeachNothing(t *testing.T) {
	w := settled(t, accounts)
	looked, stepped := 0, 0
	w.Looked, w.Stepped = func(*models.Event) { looked++ }, func(*models.Event) { stepped++ }
	old := w.token("ada")
	w.did(shot{target: "/logoff", token: old})
	looked = 0
	w.advance(time.Hour - time.Second) // a look
	got, e := w.ask(shot{token: old})
	if got.StatusCode != 401 || !e.Features.Has(models.IsLook) || looked != 0 || stepped != 0 {
		t.Errorf("%d, look %v: told of %d looks and %d step-ups", got.StatusCode, e.Features.Has(models.IsLook), looked, stepped)
	}
}

// The score asks for nothing where a section weighs sessions with 0; an ended one is
// stopped all the same, unless the section is in shadow.
func TestAnEndedSessionIsNoMatterOfWeights(t *testing.T) {
	for mode, want := range map[models.Mode]int{models.Enforce: 401, models.Shadow: 200} {
		w := settled(t, accounts, func(s *settings) {
			s.risk.Mode, s.risk.Weights.Session = mode, 0
			s.risk.Classes.Normal.StepUp = 80
		})
		token := w.token("ada")
		w.did(shot{target: "/logoff", token: token})
		got, e := w.ask(shot{token: token})
		if got.StatusCode != want || e.ByRisk != models.StepUp || e.Assessment.Score > 15 {
			t.Errorf("%s: %d, by risk %s, score %g", mode, got.StatusCode, e.ByRisk, e.Assessment.Score)
		}
		if err := Verify(e, risk.New(w.risk)); err != nil {
			t.Error(err)
		}
		x, err := Explain(e, risk.New(w.risk))
		if err != nil || x.Counterfactual == nil || !slices.Equal(x.Counterfactual.Without, []string{"session"}) {
			t.Errorf("%+v, want let through without session: %v", x, err)
		}
	}
}

// From elsewhere, with another device, the copy is refused.
func TestAnEndedSessionElsewhereIsRefused(t *testing.T) {
	w := settled(t, accounts)
	token := w.token("ada")
	w.did(shot{target: "/logoff", token: token})
	got, e := w.ask(shot{token: token, from: sydney, agent: chrome})
	if got.StatusCode != 403 || e.Denial != models.RiskDenied {
		t.Errorf("%d %s, score %g", got.StatusCode, e.Denial, e.Assessment.Score)
	}
}

// What was decided before the logoff was answered goes on, and is answered.
func TestRequestsInFlightGoOn(t *testing.T) {
	reached, release := make(chan struct{}), make(chan struct{})
	w := settled(t, accounts, func(s *settings) {
		next := s.upstream
		s.upstream = func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery == "slow" {
				close(reached)
				<-release
			}
			next(rw, r)
		}
	})
	token, done := w.token("ada"), make(chan int)
	go func() { done <- w.send(shot{target: "/v1/items/1?slow", token: token}).StatusCode }()
	<-reached
	w.did(shot{target: "/logoff", token: token})
	close(release)
	if status := <-done; status != 200 {
		t.Errorf("%d for what was in flight", status)
	}
	if e := w.decision(); e.Features.AfterLogout() {
		t.Error("what was in flight counts as used after logoff")
	}
	w.status(401, shot{token: token})
}

// Only what the upstream answered well has happened, and only to a person.
func TestWhatIsNoActivity(t *testing.T) {
	w := settled(t, accounts)
	token := w.token("ada")
	f := func(name string, s shot) {
		t.Helper()
		if a := w.did(s); a != models.NoActivity {
			t.Errorf("%s: %s", name, a)
		}
	}
	f("400", shot{target: "/logoff?400", token: token})
	f("500", shot{target: "/logoff?500", token: token})
	f("not modified", shot{target: "/logoff?304", token: token})
	f("to be sent again elsewhere", shot{method: "POST", target: "/logoff?308", token: token})
	f("a password to be sent again", shot{method: "POST", target: "/password?308", token: token})
	f("another route", shot{token: token})
	f("an API key", shot{target: "/logoff", key: w.apiKeys["good"]})
	f("a client with a token", shot{target: "/logoff", token: w.token("web")})
	f("a password by a key", shot{target: "/password", key: w.apiKeys["good"]})
	f("a password refused", shot{target: "/password?400", token: token})
	w.status(200, shot{token: token})
	if n := w.count(w.Metrics.activities[models.Logoff]); n != 0 {
		t.Errorf("%g logoffs are counted", n)
	}
}

func TestLogoffsOutliveASnapshot(t *testing.T) {
	w := settled(t, accounts)
	token := w.token("ada")
	w.did(shot{target: "/logoff", token: token})
	w.snap = w.snapshot(stepup.NewTable(1024))
	w.Swap(w.snap)
	w.status(401, shot{token: token})
	if n := w.count(w.Metrics.activities[models.Logoff]); n != 1 {
		t.Errorf("%g logoffs are counted", n)
	}
}

// A front that only asks does not say how a request was answered: who was let through
// to log off has, who was let through to change a password may have.
func TestActivitiesOfForwardAuth(t *testing.T) {
	w := settled(t, accounts, asking)
	token := w.token("ada")
	if a := w.did(asked(models.ForwardAuth, shot{target: "/password", token: token})); a != models.NoActivity {
		t.Errorf("%s", a)
	}
	if a := w.did(asked(models.ForwardAuth, shot{target: "/logoff", token: token})); a != models.Logoff {
		t.Errorf("%s", a)
	}
	w.status(401, asked(models.ForwardAuth, shot{token: token}))
}

// A thief who got a code out of the owner has taught the gateway his network, and is let
// in for days. Once the password is changed, by whomever, his network is new again: he is
// asked to step up, and the owner is not.
func TestAChangedPasswordPutsOnProbation(t *testing.T) {
	stolen := claims{"sid": "stolen"}
	owner := func(w *world) shot { return shot{token: w.token("ada")} }
	thief := func(w *world) shot { return shot{token: w.token("ada", stolen), from: mobile} }
	for name, by := range map[string]func(*world) shot{"owner": owner, "thief": thief} {
		w := settled(t, accounts)
		w.status(401, thief(w))
		w.advance(time.Second)
		w.status(200, shot{token: w.token("ada", stolen, claims{"acr": "urn:mfa", "auth_time": w.now().Unix()}), from: mobile})
		for range 5 {
			w.live(1, func() shot { return owner(w) })
			w.advance(time.Hour)
			w.status(200, thief(w))
		}
		w.advance(12 * time.Hour)
		change := by(w)
		change.method, change.target = "POST", "/password"
		if a := w.did(change); a != models.PasswordChange {
			t.Fatalf("%s: %s", name, a)
		}
		w.status(401, thief(w))
		_, e := w.ask(owner(w))
		if e.Action != models.Allow {
			t.Errorf("%s: the owner scores %g, %s", name, e.Assessment.Score, e.Action)
		}
	}
}

// The owner of a new phone who has just proved himself on it, and changes the password
// there, is not asked again.
func TestAProvenOwnerIsNotAskedAgain(t *testing.T) {
	w := settled(t, accounts)
	phone := func(target string, more claims) shot {
		return shot{target: target, token: w.token("ada", claims{"sid": "phone"}, more), from: mobile, agent: chrome}
	}
	w.status(401, phone("/v1/items/1", nil))
	w.advance(time.Second)
	w.status(200, phone("/v1/items/1", claims{"acr": "urn:mfa", "auth_time": w.now().Unix()}))
	w.advance(time.Minute)
	if a := w.did(phone("/password", nil)); a != models.PasswordChange {
		t.Fatal(a)
	}
	w.live(3, func() shot { return phone("/v1/items/1", nil) })
}
