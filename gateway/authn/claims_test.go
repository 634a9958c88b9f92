package authn

import (
	"bytes"
	"encoding/json"
	"testing"
)

// What readClaims accepts is read the same way by encoding/json.
func FuzzReadClaims(f *testing.F) {
	good, _ := json.Marshal(goodClaims(nil))
	f.Add(good)
	f.Add([]byte(`{"sub":"a","sub":"b"}`))
	f.Add([]byte(`{"aud":["a","b"],"exp":1.5,"scope":"x y"}`))
	f.Add([]byte(`{"sub":"a","exp":1800000000,"other":180000e600}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, ok := readClaims(payload)
		if !ok {
			return
		}
		var m map[string]any
		in := json.NewDecoder(bytes.NewReader(payload))
		in.UseNumber() // claims that nobody asks for may be larger than a float64
		if err := in.Decode(&m); err != nil || !json.Valid(payload) {
			t.Fatalf("accepted %q: %v", payload, err)
		}
		for name, got := range map[string]string{"iss": c.issuer, "sub": c.subject, "acr": c.acr, "sid": c.sid} {
			if want, _ := m[name].(string); got != want {
				t.Fatalf("%s of %q is %q, want %q", name, payload, got, want)
			}
		}
		if given, ok := m["exp"].(json.Number); ok {
			if exp, err := given.Float64(); err != nil || c.expires.Unix() != int64(exp) {
				t.Fatalf("exp of %q is %v, %v", payload, c.expires, err)
			}
		}
	})
}
