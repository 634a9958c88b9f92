package jose

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/riskgate/riskgate/models"
)

func TestRefusedTokens(t *testing.T) {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	good := string(signed(t, "k"))
	payload, sig := strings.Split(good, ".")[1], strings.Split(good, ".")[2]
	idp := &issuer{}
	idp.set(false, "k")
	s := testSet(idp)
	f := func(name, token string, want models.Denial) {
		t.Helper()
		tok, denial := Parse([]byte(token))
		if denial == "" {
			_, denial = s.Verify(&tok, start)
		}
		if denial != want {
			t.Errorf("%s: %q, want %q", name, denial, want)
		}
	}
	head := func(h string) string { return part(h) + "." + payload + "." + sig }
	f("good", good, "")
	f("none", head(`{"alg":"none"}`), models.TokenAlgorithm)
	f("none without signature", part(`{"alg":"none"}`)+"."+payload+".", models.TokenMalformed)
	f("HMAC", head(`{"alg":"HS256","kid":"k"}`), models.TokenAlgorithm)
	for _, m := range []string{`"jwk":{}`, `"jku":"https://x"`, `"x5u":"https://x"`, `"x5c":[]`, `"crit":["b64"]`, `"b64":false`, `"zip":"DEF"`, `"enc":"A128GCM"`} {
		f(m, head(`{"alg":"ES256","kid":"k",`+m+`}`), models.TokenMalformed)
	}
	f("name twice", head(`{"alg":"ES256","alg":"none"}`), models.TokenMalformed)
	f("name twice, one escaped", head(`{"alg":"ES256","\u0061lg":"none"}`), models.TokenMalformed)
	f("no algorithm", head(`{"kid":"k"}`), models.TokenMalformed)
	f("trailing bytes", head(`{"alg":"ES256","kid":"k"} x`), models.TokenMalformed)
	f("JWE", good+"."+payload+"."+sig, models.TokenMalformed)
	f("JSON serialization", `{"payload":"`+payload+`"}`, models.TokenMalformed)
	f("line end in signature", good+"\n", models.TokenMalformed)
	f("padding", good+"==", models.TokenMalformed)
	f("too long", good+strings.Repeat("A", MaxToken), models.TokenMalformed)
	f("other header", head(`{"alg":"ES256","kid":"k","x":1}`), models.TokenSignature)
	f("no kid, one key", head(`{"alg":"ES256"}`), models.TokenSignature)
	f("unknown kid", head(`{"alg":"ES256","kid":"q"}`), models.TokenUnknownKey)
}

// The examples of RFC 7515 appendices A.1, A.3 and A.5, and RFC 8037 appendix
// A.4.
func TestExamplesOfTheRFCs(t *testing.T) {
	const claims = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	f := func(name, key, token string, want bool) {
		t.Helper()
		if got := accepts(setOf(json.RawMessage(key)), token); got != want {
			t.Errorf("%s: accepted %v, want %v", name, got, want)
		}
	}
	secret := `{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}`
	f("HS256", secret, "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."+claims+".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", true)
	f("ES256", `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`,
		"eyJhbGciOiJFUzI1NiJ9."+claims+".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q", true)
	f("EdDSA", `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg", true)
	f("none", secret, "eyJhbGciOiJub25lIn0."+claims+".", false)
}

// Whatever Parse accepts, go-jose reads the same way.
func FuzzParse(f *testing.F) {
	f.Add(signed(f, "k"))
	f.Add([]byte("eyJhbGciOiJFUzI1NiJ9.e30.AA"))
	f.Add([]byte("eyJhbGciOiJFUzI1NiIsImtpZCI6IngifQ.e30.AA"))
	all := []jose.SignatureAlgorithm{"ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA", "HS256", "HS384", "HS512"}
	f.Fuzz(func(t *testing.T, token []byte) {
		tok, denial := Parse(token)
		if denial != "" || algorithms[tok.Algorithm].kty == "" {
			return
		}
		jws, err := jose.ParseSignedCompact(string(token), all)
		if err != nil {
			return
		}
		h := jws.Signatures[0].Protected
		if h.Algorithm != tok.Algorithm || h.KeyID != tok.KeyID || string(jws.UnsafePayloadWithoutVerification()) != string(tok.Payload) {
			t.Fatalf("read as %q %q, go-jose reads %q %q", tok.Algorithm, tok.KeyID, h.Algorithm, h.KeyID)
		}
	})
}

// Object accepts only what encoding/json reads as an object with as many members.
func FuzzObject(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":{"a":2},"c":[{}]}`))
	f.Add([]byte(`{"a":1,"\u0061":2}`))
	f.Add([]byte(`{}{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		n := 0
		if Object(data, func(string, json.RawMessage) { n++ }) != nil {
			return
		}
		var m map[string]json.RawMessage
		if err := json.Unmarshal(data, &m); err != nil || len(m) != n {
			t.Fatalf("%q: %d members, encoding/json says %d, %v", data, n, len(m), err)
		}
	})
}
