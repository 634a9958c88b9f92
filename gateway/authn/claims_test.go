package authn

import (
	"encoding/json"
	"testing"
)

// What readClaims accepts is read the same way by encoding/json.
func FuzzReadClaims(f *testing.F) {
	good, _ := json.Marshal(goodClaims(nil))
	f.Add(good)
	f.Add([]byte(`{"sub":"a","sub":"b"}`))
	f.Add([]byte(`{"aud":["a","b"],"exp":1.5,"scope":"x y"}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, ok := readClaims(payload)
		if !ok {
			return
		}
		var m map[string]any
		if err := json.Unmarshal(payload, &m); err != nil {
			t.Fatalf("accepted %q: %v", payload, err)
		}
		for name, got := range map[string]string{"iss": c.issuer, "sub": c.subject, "acr": c.acr, "sid": c.sid} {
			if want, _ := m[name].(string); got != want {
				t.Fatalf("%s of %q is %q, want %q", name, payload, got, want)
			}
		}
		if exp, given := m["exp"].(float64); given && c.expires.Unix() != int64(exp) {
			t.Fatalf("exp of %q is %v", payload, c.expires)
		}
	})
}
