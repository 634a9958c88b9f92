package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// testIssuer signs access tokens and publishes its key.
type testIssuer struct {
	url string
	key *ecdsa.PrivateKey
}

func newTestIssuer(t testing.TB) *testIssuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes() // 0x04, X, Y
	if err != nil {
		t.Fatal(err)
	}
	set, _ := json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k",
		"x": part(point[1:33]), "y": part(point[33:]),
	}}})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(set)
	}))
	t.Cleanup(server.Close)
	return &testIssuer{url: server.URL, key: key}
}

// token returns an ES256 access token that is valid for 12 hours from now.
func (i *testIssuer) token(user string, now time.Time) string { return i.signed(user, "urn:pwd", now) }

// signed is token under an authentication context class.
func (i *testIssuer) signed(user, acr string, now time.Time) string {
	claims, err := json.Marshal(map[string]any{
		"iss": i.url, "sub": user, "aud": "test", "client_id": "app", "sid": user + "-1", "acr": acr,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(12 * time.Hour).Unix(), "auth_time": now.Unix(),
	})
	if err != nil {
		panic(err)
	}
	signed := part([]byte(`{"typ":"at+jwt","alg":"ES256","kid":"k"}`)) + "." + part(claims)
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, i.key, sum[:])
	if err != nil {
		panic(err)
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + part(signature[:])
}

func part(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
