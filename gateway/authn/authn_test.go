package authn

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/gateway/jose"
	"github.com/riskgate/riskgate/models"
)

func TestWhichCredentialCounts(t *testing.T) {
	wire, hash := GenerateKey("a")
	c := testConfig()
	c.APIKeys.File = writeKeys(t, "", "keys:\n"+keyEntry("a", "o", hash, ""))
	a := newTest(t, c, &idp{kids: []string{"k"}})
	auth, key := "Authorization: bEaReR  "+sign(t, "k", "", goodClaims(nil)), "X-Api-Key: "+wire
	f := func(accept Methods, want models.Denial, who string, fields ...string) {
		t.Helper()
		id, denial := a.Authenticate(request(fields...), accept, start)
		got := ""
		if id != nil {
			got = id.Subject.ID
		}
		if denial != want || got != who {
			t.Errorf("accept %b, %.30q: %q %q, want %q %q", accept, fields, denial, got, want, who)
		}
	}
	f(JWT, "", "alice", auth)
	f(JWT|APIKey, "", "o", key)
	f(JWT|APIKey|None, "", "alice", auth)
	f(None, "", "")
	f(JWT|None, "", "")
	f(JWT, models.NoCredentials, "")
	f(JWT, models.NoCredentials, "", key)
	f(APIKey, models.NoCredentials, "", auth)
	f(None, "", "", auth)
	f(None, "", "", auth, key)
	f(JWT|APIKey, models.ManyCredentials, "", auth, key)
	f(JWT, models.ManyCredentials, "", auth, key)
	f(APIKey|None, models.ManyCredentials, "", auth, key)
	f(JWT, models.ManyCredentials, "", auth, "authorization: Basic eDp5")
	f(None, models.ManyCredentials, "", auth, auth)
	f(APIKey, models.ManyCredentials, "", key, key)
	f(JWT, models.NoCredentials, "", "Authorization: Basic eDp5")
	f(JWT|None, "", "", "Authorization: Basic eDp5")
	f(JWT, models.NoCredentials, "", "Authorization: Bearerx")
	f(JWT, models.MalformedCredential, "", "Authorization: Bearer")
	f(JWT|None, models.MalformedCredential, "", "Authorization: Bearer ")
	f(JWT|None, models.TokenMalformed, "", "Authorization: Bearer x")
	f(APIKey|None, models.MalformedCredential, "", "X-Api-Key: x")
	f(APIKey, "", "o", "Authorization: Basic eDp5", key)
}

func TestEveryRefusalHasAChallenge(t *testing.T) {
	for _, d := range models.Denials() {
		if d.Status() != 401 {
			continue
		}
		if got := Challenge(d, JWT|APIKey); !strings.HasPrefix(got, "Bearer realm=") {
			t.Errorf("%s: %s", d, got)
		}
		invalid := strings.HasPrefix(string(d), "token_")
		if got := Challenge(d, JWT); strings.Contains(got, `error="invalid_token"`) != invalid {
			t.Errorf("%s: %s", d, got)
		}
	}
	// RFC 6750 section 3.1: without credentials no error code is given.
	if got := Challenge(models.NoCredentials, JWT); got != `Bearer realm="riskgate"` {
		t.Error(got)
	}
	if got := Challenge(models.UnknownKey, APIKey|None); got != `ApiKey realm="riskgate"` {
		t.Error(got)
	}
}

func TestParseMethod(t *testing.T) {
	for name, want := range map[string]Methods{"jwt": JWT, "api_key": APIKey, "none": None} {
		if got, ok := ParseMethod(name); got != want || !ok {
			t.Errorf("%s: %v %v", name, got, ok)
		}
	}
	if _, ok := ParseMethod("basic"); ok {
		t.Error("basic is a method")
	}
}

func TestRunKeepsKeysFreshAndSweeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &idp{kids: []string{"k"}}
		a, err := New(testConfig(), pseudonym, p, zerolog.Nop(), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { a.Run(ctx) })
		synctest.Wait()
		now := time.Now()
		view := bearer(sign(t, "k", "", goodClaims(claimSet{"exp": now.Add(time.Minute).Unix(), "iat": nil})))
		if _, denial := a.Authenticate(view, JWT, now); denial != "" || p.fetches() != 1 {
			t.Errorf("%q after %d fetches", denial, p.fetches())
		}
		time.Sleep(30 * time.Minute)
		cancel()
		wg.Wait()
		s := a.Status(time.Now())
		if s.Tokens != 0 || s.Issuers[0].Keys != 1 || s.Issuers[0].Stale || s.Issuers[0].Fetches < 3 {
			t.Errorf("status after half an hour: %+v", s)
		}
	})
}

func TestConfigIsReadFromYAML(t *testing.T) {
	c := DefaultConfig()
	err := yaml.UnmarshalWithOptions([]byte(`
jwt:
  issuers:
    - issuer: https://idp.example
      jwks_url: https://idp.example/keys
      audience: [orders]
      algorithms: [ES256, RS256]
      leeway: 10s
      min_interval: 20s
      max_bytes: 64KiB
      clients: {svc-7: batch}
api_keys: {file: keys.yaml}
`), &c, yaml.Strict())
	if err != nil {
		t.Fatal(err)
	}
	is := c.JWT.Issuers[0]
	if p := c.Validate(); len(p) != 0 || is.Leeway != 10*time.Second || is.Keys.URL != "https://idp.example/keys" ||
		is.Keys.MinInterval != 20*time.Second || is.Keys.MaxBytes != 64<<10 || len(is.Keys.Algorithms) != 2 ||
		is.Clients["svc-7"] != "batch" || c.APIKeys.Header != "X-Api-Key" || c.JWT.Cache != 32<<20 {
		t.Errorf("%+v, %v", c, p)
	}
}

func TestConfigMistakes(t *testing.T) {
	c := DefaultConfig()
	if p := c.Validate(); len(p) != 0 {
		t.Errorf("defaults: %v", p)
	}
	c.JWT.Cache = 1
	c.APIKeys.Header = "Authorization"
	c.JWT.Issuers = []Issuer{
		{Leeway: time.Hour, Audience: []string{""}, Clients: map[string]string{"a": ""}},
		{Issuer: "i", Keys: jose.Config{URL: "https://i/", Algorithms: []string{"ES256"}}},
		{Issuer: "i", Audience: []string{"x"}, Keys: jose.Config{URL: "https://i/", Algorithms: []string{"ES256"}}},
	}
	var got []string
	for _, p := range c.Validate() {
		got = append(got, p.Path)
	}
	want := "jwt.cache jwt.issuers[0].issuer jwt.issuers[0].audience jwt.issuers[0].leeway jwt.issuers[0].clients " +
		"jwt.issuers[0].jwks_url jwt.issuers[0].algorithms jwt.issuers[1].audience jwt.issuers[2].issuer api_keys.header"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("mistakes at\n%s, want\n%s", s, want)
	}
}
