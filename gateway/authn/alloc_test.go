//go:build !race

package authn

import (
	"testing"

	"github.com/riskgate/riskgate/models"
)

func TestAuthenticateAllocates(t *testing.T) {
	wire, hash := GenerateKey("a")
	c := testConfig()
	c.APIKeys.File = writeKeys(t, "", "keys:\n"+keyEntry("a", "o", hash, ", networks: [192.0.2.0/24]"))
	a := newTest(t, c, &idp{kids: []string{"k"}})
	f := func(name string, view *models.Request, want models.Denial) {
		t.Helper()
		var denial models.Denial
		n := testing.AllocsPerRun(200, func() { _, denial = a.Authenticate(view, JWT|APIKey, start) })
		if n != 0 || denial != want {
			t.Errorf("%s: %v allocations, %q, want 0, %q", name, n, denial, want)
		}
		if n := testing.AllocsPerRun(200, func() { challenged = Challenge(denial, JWT) }); n != 0 {
			t.Errorf("%s: the challenge allocates %v times", name, n)
		}
	}
	f("remembered token", bearer(sign(t, "k", "", goodClaims(nil))), "")
	f("key", request("X-Api-Key: "+wire), "")
	f("wrong secret", request("X-Api-Key: "+wire[:len(wire)-1]+"#"), models.UnknownKey)
	f("unknown key", request("X-Api-Key: rgk_b"+wire[5:]), models.UnknownKey)
	f("nothing", request(), models.NoCredentials)
	f("garbage for a token", bearer("eyJ.garbage"), models.TokenMalformed)
}

func BenchmarkRememberedToken(b *testing.B) {
	a := newTest(b, testConfig(), &idp{kids: []string{"k"}})
	run(b, a, bearer(sign(b, "k", "", goodClaims(nil))))
}

func BenchmarkNewToken(b *testing.B) {
	a := newTest(b, testConfig(), &idp{kids: []string{"k"}})
	view := bearer(sign(b, "k", "", goodClaims(nil)))
	b.ReportAllocs()
	for b.Loop() {
		a.Flush()
		a.Authenticate(view, JWT, start)
	}
}

func BenchmarkRefusedToken(b *testing.B) {
	a := newTest(b, testConfig(), &idp{kids: []string{"k"}})
	good := sign(b, "k", "", goodClaims(nil))
	a.Authenticate(bearer(good), JWT, start)
	b.Run("garbage", func(b *testing.B) { run(b, a, bearer("eyJ.garbage")) })
	b.Run("signature", func(b *testing.B) { run(b, a, bearer(good[:len(good)-4]+"AAAA")) })
	b.Run("issuer", func(b *testing.B) { run(b, a, bearer(sign(b, "k", "", goodClaims(claimSet{"iss": "x"})))) })
	b.Run("key", func(b *testing.B) { run(b, a, bearer(sign(b, "z", "", goodClaims(nil)))) })
}

func BenchmarkKey(b *testing.B) {
	wire, hash := GenerateKey("a")
	c := testConfig()
	c.APIKeys.File = writeKeys(b, "", "keys:\n"+keyEntry("a", "o", hash, ""))
	a := newTest(b, c, &idp{})
	b.Run("known", func(b *testing.B) { run(b, a, request("X-Api-Key: "+wire)) })
	b.Run("unknown", func(b *testing.B) { run(b, a, request("X-Api-Key: rgk_b"+wire[5:])) })
	b.Run("wrong", func(b *testing.B) { run(b, a, request("X-Api-Key: "+wire[:len(wire)-1]+"#")) })
}

func run(b *testing.B, a *Authenticator, view *models.Request) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		a.Authenticate(view, JWT|APIKey, start)
	}
}

// challenged keeps the compiler from leaving the call out.
var challenged string
