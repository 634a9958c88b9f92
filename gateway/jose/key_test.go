package jose

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
)

func TestKeysThatAreLeftOut(t *testing.T) {
	weak, _ := rsa.GenerateKey(rand.Reader, 2048)
	good := jose.JSONWebKey{Key: &weak.PublicKey, KeyID: "a"}
	f := func(name string, allowed []string, want int, edit func(m map[string]any)) {
		t.Helper()
		raw, _ := good.MarshalJSON()
		m := map[string]any{}
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		edit(m)
		data, _ := json.Marshal(map[string]any{"keys": []any{m}})
		keys, _, _ := parseKeys(data, allowed)
		if len(keys) != want {
			t.Errorf("%s: %d keys, want %d", name, len(keys), want)
		}
	}
	one, two := []string{"RS256"}, []string{"RS256", "PS256"}
	f("no algorithm named, one allowed", one, 1, func(map[string]any) {})
	f("no algorithm named, several allowed", two, 0, func(map[string]any) {})
	f("algorithm named", two, 1, func(m map[string]any) { m["alg"] = "PS256" })
	f("algorithm not allowed", one, 0, func(m map[string]any) { m["alg"] = "PS256" })
	f("algorithm of another key type", []string{"RS256", "ES256"}, 0, func(m map[string]any) { m["alg"] = "ES256" })
	f("for encryption", one, 0, func(m map[string]any) { m["use"] = "enc" })
	f("operations without verify", one, 0, func(m map[string]any) { m["key_ops"] = []string{"wrapKey"} })
	f("private key", one, 0, func(m map[string]any) { m["d"] = "AQAB" })
	f("short modulus", one, 0, func(m map[string]any) { m["n"] = m["n"].(string)[:171] })
	f("unknown key type", one, 0, func(m map[string]any) { m["kty"] = "XYZ" })
}

// No set, however odd, yields a key that is weak or for another algorithm.
func FuzzParseKeys(f *testing.F) {
	idp := &issuer{}
	idp.set(false, "a", "b")
	good, _ := idp.Fetch(f.Context(), "", 0)
	f.Add(good)
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AA"},{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, _, err := parseKeys(data, []string{"ES256", "RS256"})
		if (err == nil) != (len(keys) > 0) {
			t.Fatalf("%d keys and %v", len(keys), err)
		}
		for _, k := range keys {
			if k.Algorithm != "ES256" && k.Algorithm != "RS256" || strongEnough(k.key, k.Algorithm) != nil {
				t.Fatalf("accepted %+v", k)
			}
		}
	})
}
