package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// issuer signs access tokens for the people of the demo. It stands in for an
// OAuth authorization server.
type issuer struct {
	url string
	key *ecdsa.PrivateKey
}

func newIssuer(url string) (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	return &issuer{url: url, key: key}, nil
}

// token returns an ES256 access token (RFC 9068) for user, issued at now after a
// login of class acr.
func (i *issuer) token(user, acr string, now time.Time) (string, error) {
	return i.sign(map[string]any{
		"iss": i.url, "sub": user, "aud": "demo", "client_id": "demo-app", "sid": user + "-laptop",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(12 * time.Hour).Unix(),
		"acr": acr, "auth_time": now.Unix(),
	})
}

func (i *issuer) sign(claims map[string]any) (string, error) {
	header := encode([]byte(`{"typ":"at+jwt","alg":"ES256","kid":"demo"}`))
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	signed := header + "." + encode(payload)
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, i.key, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + encode(signature[:]), nil
}

// keys answers with the key set of the issuer (RFC 7517).
func (i *issuer) keys(w http.ResponseWriter, _ *http.Request) {
	point, err := i.key.PublicKey.Bytes() // 0x04, X, Y
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeJSON(w, map[string]any{"keys": []any{map[string]string{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "demo",
		"x": encode(point[1:33]), "y": encode(point[33:]),
	}}})
}

// issue answers with a fresh token: /token?user=alice&acr=urn:mfa.
func (i *issuer) issue(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	user, acr := q.Get("user"), q.Get("acr")
	if user == "" || acr == "" {
		http.Error(w, "want ?user=NAME&acr=urn:pwd or urn:mfa", http.StatusBadRequest)
		return
	}
	token, err := i.token(user, acr, time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprint(w, token)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client is gone: nobody is left to tell
}
