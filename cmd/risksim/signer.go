package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/riskgate/riskgate/models"
)

// signer makes the tokens of simulated people. Its key comes from a seed, so that
// it protects nothing but a simulation.
type signer struct{ key ed25519.PrivateKey }

const audience = "risksim"

func newSigner(seed string) *signer {
	sum := sha256.Sum256([]byte("risksim/tokens/" + seed))
	return &signer{ed25519.NewKeyFromSeed(sum[:])}
}

// token returns an access token (RFC 9068) that is valid for 12 h.
func (s *signer) token(who models.Subject, sid, acr string, auth, now time.Time) string {
	claims, err := json.Marshal(map[string]any{
		"iss": who.Issuer, "sub": who.ID, "aud": audience, "client_id": "app", "sid": sid, "acr": acr,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(12 * time.Hour).Unix(), "auth_time": min(auth.Unix(), now.Unix()),
	})
	if err != nil {
		panic("BUG: claims: " + err.Error())
	}
	signed := encode([]byte(`{"typ":"at+jwt","alg":"EdDSA","kid":"risksim"}`)) + "." + encode(claims)
	return signed + "." + encode(ed25519.Sign(s.key, []byte(signed)))
}

// keySet returns the key set (RFC 7517, RFC 8037).
func (s *signer) keySet() string {
	public := s.key.Public().(ed25519.PublicKey)
	return `{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"risksim","x":"` + encode(public) + "\"}]}\n"
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
