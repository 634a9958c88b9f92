package authn

import (
	"encoding/base64"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

func TestTokenBecomesIdentity(t *testing.T) {
	p := &idp{kids: []string{"k"}}
	a := newTest(t, testConfig(), p)
	id, denial := a.Authenticate(bearer(sign(t, "k", "at+jwt", goodClaims(nil))), JWT, start)
	if denial != "" {
		t.Fatal(denial)
	}
	s := models.Subject{Kind: models.User, Issuer: "https://idp.example", ID: "alice"}
	want := &models.Identity{
		Subject: s, Pseudonym: pseudonym(s), Credential: models.JWT, CredentialID: "s1", Session: "sid s1",
		Roles: []string{"clerk"}, Scopes: []string{"read", "write"}, ACR: "urn:pwd",
		AuthTime: start.Add(-time.Minute).UTC(), Issued: start.UTC(), Expires: start.Add(time.Hour).UTC(),
	}
	if !reflect.DeepEqual(id, want) {
		t.Errorf("identity %+v, want %+v", id, want)
	}
	if !id.CanStepUp() || id.Machine() {
		t.Error("a user with a token can step up and is no machine")
	}
}

func TestWhoATokenStandsFor(t *testing.T) {
	a := newTest(t, testConfig(), &idp{kids: []string{"k"}})
	f := func(changes claimSet, want models.Subject, declared bool, credential string) {
		t.Helper()
		id, denial := a.Authenticate(bearer(sign(t, "k", "", goodClaims(changes))), JWT, start)
		if denial != "" || id.Subject != want || id.Declared != declared || id.CredentialID != credential {
			t.Errorf("%v: %+v %q, want %+v declared %v credential %q", changes, id, denial, want, declared, credential)
		}
	}
	const iss = "https://idp.example"
	user, own := models.Subject{Kind: models.User, Issuer: iss, ID: "alice"}, models.Subject{Kind: models.Client, Issuer: iss, ID: "web"}
	f(nil, user, false, "s1")
	f(claimSet{"sid": nil}, user, false, "web")
	f(claimSet{"sid": nil, "client_id": nil, "azp": "app"}, user, false, "app")
	f(claimSet{"sub": "web"}, own, false, "s1")
	f(claimSet{"sub": "web", "client_id": nil, "azp": "web"}, own, false, "s1")
	f(claimSet{"sub": "svc-7", "sid": nil}, models.Subject{Kind: models.Client, ID: "batch"}, true, "web")
	f(claimSet{"client_id": "svc-7", "sid": nil}, user, false, "svc-7")
}

// A logoff ends all tokens of a sid. Without one it ends what began with the same
// authentication at the same client, and not the other sessions there.
func TestWhichTokensAreOneSession(t *testing.T) {
	a := newTest(t, testConfig(), &idp{kids: []string{"k"}})
	session := func(changes claimSet) string {
		t.Helper()
		id, denial := a.Authenticate(bearer(sign(t, "k", "", goodClaims(changes))), JWT, start)
		if denial != "" || id.Session == "" {
			t.Fatalf("%v: session %q, %q", changes, id.Session, denial)
		}
		return id.Session
	}
	at := func(d time.Duration) int64 { return start.Add(d).Unix() }
	f := func(name string, x, y claimSet, same bool) {
		t.Helper()
		if got := session(x) == session(y); got != same {
			t.Errorf("%s: the same %t, want %t", name, got, same)
		}
	}
	refreshed := claimSet{"iat": at(-time.Second), "exp": at(2 * time.Hour)}
	f("a refreshed token", nil, refreshed, true)
	f("another authentication of a sid", nil, claimSet{"auth_time": at(-time.Second)}, true)
	f("another sid", nil, claimSet{"sid": "s2"}, false)

	without := func(more claimSet) claimSet {
		c := claimSet{"sid": nil}
		maps.Copy(c, more)
		return c
	}
	f("a refreshed token without a sid", without(nil), without(refreshed), true)
	f("another authentication", without(nil), without(claimSet{"auth_time": at(-time.Second)}), false)
	f("another client", without(nil), without(claimSet{"client_id": "app"}), false)
	f("a sid of that text", without(nil), claimSet{"sid": session(without(nil))}, false)

	old := without(claimSet{"auth_time": nil})
	f("a token without either", old, old, true)
	f("one issued later", old, without(claimSet{"auth_time": nil, "iat": at(-time.Second)}), false)
	bare := without(claimSet{"auth_time": nil, "iat": nil})
	f("a token without any date", bare, bare, true)
	f("one that ends later", bare, without(claimSet{"auth_time": nil, "iat": nil, "exp": at(2 * time.Hour)}), false)
}

func TestRolesMayLieInAnObject(t *testing.T) {
	c := testConfig()
	c.JWT.Issuers[0].RolesClaim = "realm_access.roles"
	a := newTest(t, c, &idp{kids: []string{"k"}})
	f := func(changes claimSet, want []string, denial models.Denial) {
		t.Helper()
		id, d := a.Authenticate(bearer(sign(t, "k", "", goodClaims(changes))), JWT, start)
		if d != denial || d == "" && !reflect.DeepEqual(id.Roles, want) {
			t.Errorf("%v: %+v %q", changes, id, d)
		}
	}
	f(claimSet{"realm_access": claimSet{"roles": []string{"a", "b"}}}, []string{"a", "b"}, "")
	f(claimSet{"realm_access.roles": "a"}, []string{"a"}, "")
	f(nil, nil, "")
	f(claimSet{"realm_access": 7}, nil, models.TokenClaims)
	f(claimSet{"realm_access": claimSet{"roles": []any{1}}}, nil, models.TokenClaims)
}

func TestEveryTokenDenial(t *testing.T) {
	a := newTest(t, testConfig(), &idp{kids: []string{"k"}})
	at := func(d time.Duration) int64 { return start.Add(d).Unix() }
	f := func(name string, changes claimSet, want models.Denial) {
		t.Helper()
		id, denial := a.Authenticate(bearer(sign(t, "k", "", goodClaims(changes))), JWT, start)
		if denial != want || (id != nil) != (want == "") {
			t.Errorf("%s: %q, want %q", name, denial, want)
		}
	}
	f("good", nil, "")
	f("other issuer", claimSet{"iss": "https://evil.example"}, models.TokenIssuer)
	f("no issuer", claimSet{"iss": nil}, models.TokenIssuer)
	f("other audience", claimSet{"aud": "billing"}, models.TokenAudience)
	f("no audience", claimSet{"aud": nil}, models.TokenAudience)
	f("several audiences", claimSet{"aud": []string{"billing", "orders"}}, "")
	f("no expiry", claimSet{"exp": nil}, models.TokenClaims)
	f("expiry as text", claimSet{"exp": "tomorrow"}, models.TokenClaims)
	f("expired within leeway", claimSet{"exp": at(-29 * time.Second)}, "")
	f("expired", claimSet{"exp": at(-30 * time.Second)}, models.TokenExpired)
	f("not yet, within leeway", claimSet{"nbf": at(30 * time.Second)}, "")
	f("not yet", claimSet{"nbf": at(31 * time.Second)}, models.TokenNotYetValid)
	f("issued in the future", claimSet{"iat": at(31 * time.Second)}, models.TokenNotYetValid)
	f("no subject", claimSet{"sub": nil}, models.TokenClaims)
	f("empty subject", claimSet{"sub": ""}, models.TokenClaims)
	f("subject as number", claimSet{"sub": 7}, models.TokenClaims)
	f("control character in subject", claimSet{"sub": "a\nb"}, models.TokenClaims)
	f("bound to a key", claimSet{"cnf": claimSet{"jkt": "x"}}, models.TokenClaims)
	f("roles of the wrong type", claimSet{"roles": 7}, models.TokenClaims)

	g := func(name, token string, want models.Denial) {
		t.Helper()
		if id, denial := a.Authenticate(bearer(token), JWT, start); denial != want || id != nil {
			t.Errorf("%s: %q, want %q", name, denial, want)
		}
	}
	good := sign(t, "k", "", goodClaims(nil))
	head := func(h string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(h)) + good[strings.IndexByte(good, '.'):]
	}
	g("garbage", "garbage", models.TokenMalformed)
	g("none", head(`{"alg":"none"}`), models.TokenAlgorithm)
	g("changed header", head(`{"alg":"ES256","kid":"k","a":1}`), models.TokenSignature)
	g("unknown key", sign(t, "z", "", goodClaims(nil)), models.TokenUnknownKey)
	g("logout token", sign(t, "k", "logout+jwt", goodClaims(nil)), models.TokenClaims)
	g("proof of possession", sign(t, "k", "dpop+jwt", goodClaims(nil)), models.TokenClaims)

	down := newTest(t, testConfig(), &idp{down: true})
	if _, denial := down.Authenticate(bearer(good), JWT, start); denial != models.KeysUnavailable {
		t.Errorf("no keys: %q", denial)
	}
}

func TestVerifiedTokenIsRememberedUntilItEnds(t *testing.T) {
	p := &idp{kids: []string{"k"}}
	a := newTest(t, testConfig(), p)
	view := bearer(sign(t, "k", "", goodClaims(nil)))
	first, _ := a.Authenticate(view, JWT, start)
	again, _ := a.Authenticate(view, JWT, start)
	if first == nil || first != again {
		t.Fatal("the second request got another identity")
	}
	end := start.Add(time.Hour + defaultLeeway)
	if _, denial := a.Authenticate(view, JWT, end.Add(-1)); denial != "" {
		t.Errorf("just before its end: %q", denial)
	}
	if _, denial := a.Authenticate(view, JWT, end); denial != models.TokenExpired {
		t.Errorf("at its end: %q", denial)
	}
	a.env.tokens.sweep(end, a.knows)
	if s := a.Status(end); s.Tokens != 0 || s.Bytes != 0 {
		t.Errorf("after the sweep %d tokens in %d bytes", s.Tokens, s.Bytes)
	}
}

func TestRefusalIsNotRemembered(t *testing.T) {
	a := newTest(t, testConfig(), &idp{kids: []string{"k"}})
	view := bearer(sign(t, "k", "", goodClaims(claimSet{"nbf": start.Add(time.Minute).Unix()})))
	if _, denial := a.Authenticate(view, JWT, start); denial != models.TokenNotYetValid {
		t.Fatal(denial)
	}
	if _, denial := a.Authenticate(view, JWT, start.Add(time.Minute)); denial != "" {
		t.Errorf("a minute later: %q", denial)
	}
}

func TestTokensOfAWithdrawnKeyAreForgotten(t *testing.T) {
	p := &idp{kids: []string{"k"}}
	a := newTest(t, testConfig(), p)
	view := bearer(sign(t, "k", "", goodClaims(nil)))
	if _, denial := a.Authenticate(view, JWT, start); denial != "" {
		t.Fatal(denial)
	}
	p.set(false, "next")
	later := start.Add(time.Minute)
	if _, denial := a.Authenticate(bearer(sign(t, "next", "", goodClaims(nil))), JWT, later); denial != "" {
		t.Errorf("token of the new key: %q", denial)
	}
	if _, denial := a.Authenticate(view, JWT, later); denial != models.TokenUnknownKey {
		t.Errorf("token of the withdrawn key: %q", denial)
	}
	a.env.tokens.sweep(later, a.knows)
	if n := a.Status(later).Tokens; n != 1 {
		t.Errorf("%d tokens remembered, want that of the new key", n)
	}
}

func TestReloadKeepsTokensOfUnchangedIssuers(t *testing.T) {
	p := &idp{kids: []string{"k"}}
	a := newTest(t, testConfig(), p)
	view := bearer(sign(t, "k", "", goodClaims(nil)))
	first, _ := a.Authenticate(view, JWT, start)

	same, err := a.Next(testConfig())
	if err != nil {
		t.Fatal(err)
	}
	if id, _ := same.Authenticate(view, JWT, start); id != first || p.fetches() != 1 {
		t.Errorf("after a reload without change the token was verified again, %d fetches", p.fetches())
	}
	c := testConfig()
	c.JWT.Issuers[0].Audience = []string{"billing"}
	other, err := same.Next(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, denial := other.Authenticate(view, JWT, start); denial != models.TokenAudience {
		t.Errorf("after the audience changed: %q", denial)
	}
	if id, _ := a.Authenticate(view, JWT, start); id != first {
		t.Error("requests under the old configuration lost their token")
	}
}

func TestCacheStaysWithinItsBound(t *testing.T) {
	c := testConfig()
	c.JWT.Cache = 64 << 10
	a := newTest(t, c, &idp{kids: []string{"k"}})
	for i := range 200 {
		view := bearer(sign(t, "k", "", goodClaims(claimSet{"sub": fmt.Sprint("u", i)})))
		if id, denial := a.Authenticate(view, JWT, start); denial != "" || id.Subject.ID != fmt.Sprint("u", i) {
			t.Fatalf("%+v %q", id, denial)
		}
	}
	if s := a.Status(start); s.Bytes > 64<<10 || s.Tokens < cacheShards {
		t.Errorf("%d tokens in %d bytes, want at most 64 KiB, and some", s.Tokens, s.Bytes)
	}
	a.Flush()
	if s := a.Status(start); s.Tokens != 0 || s.Bytes != 0 {
		t.Errorf("after Flush %d tokens in %d bytes", s.Tokens, s.Bytes)
	}
}

func TestConcurrentUseGivesEachItsOwn(t *testing.T) {
	c := testConfig()
	c.JWT.Cache = 64 << 10
	a := newTest(t, c, &idp{kids: []string{"k"}})
	var views []*models.Request
	for i := range 32 {
		views = append(views, bearer(sign(t, "k", "", goodClaims(claimSet{"sub": fmt.Sprint("u", i)}))))
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 200 {
				n := (i*7 + w) % len(views)
				id, denial := a.Authenticate(views[n], JWT, start)
				if denial != "" || id.Subject.ID != fmt.Sprint("u", n) {
					t.Errorf("u%d is %+v %q", n, id, denial)
				}
			}
		})
	}
	wg.Wait()
}

// Identities must not alias the request, whose buffer is used again.
func TestIdentityOutlivesTheRequest(t *testing.T) {
	a := newTest(t, testConfig(), &idp{kids: []string{"k"}})
	token := sign(t, "k", "", goodClaims(nil))
	view := bearer(token)
	id, _ := a.Authenticate(view, JWT, start)
	clear(view.Raw)
	if id.Subject.ID != "alice" || id.ACR != "urn:pwd" {
		t.Errorf("identity changed with the buffer: %+v", id)
	}
	if again, _ := a.Authenticate(bearer(token), JWT, start); again != id {
		t.Error("the remembered token changed with the buffer")
	}
}
