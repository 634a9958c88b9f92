package jose

import (
	"crypto/rsa"
	"slices"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/riskgate/riskgate/models"
)

// Verify finds the key that signed t and checks the signature. It may fetch the
// key set when the key is unknown, at most once per MinInterval, and then waits
// for it. The denial is TokenAlgorithm, TokenUnknownKey, TokenSignature or
// KeysUnavailable, or empty with the key.
func (s *KeySet) Verify(t *Token, now time.Time) (*Key, models.Denial) {
	if !slices.Contains(s.cfg.Algorithms, t.Algorithm) {
		return nil, models.TokenAlgorithm
	}
	k, denial := s.find(t, now)
	if denial != "" {
		return nil, denial
	}
	if k.Algorithm != t.Algorithm {
		return nil, models.TokenAlgorithm
	}
	if !k.verify(t) {
		return nil, models.TokenSignature
	}
	return k, ""
}

func (k *Key) verify(t *Token) bool {
	allowed := []jose.SignatureAlgorithm{jose.SignatureAlgorithm(k.Algorithm)}
	jws, err := jose.ParseSignedCompact(string(t.raw), allowed)
	if err != nil {
		return false
	}
	if _, err := jws.Verify(k.key); err != nil {
		return false
	}
	return k.saltFits(t)
}

// saltFits checks what go-jose leaves open: RFC 7518 section 3.5 fixes the salt
// of a PSS signature to the length of its hash.
func (k *Key) saltFits(t *Token) bool {
	hash := algorithms[k.Algorithm].pss
	if hash == 0 {
		return true
	}
	h := hash.New()
	h.Write(t.raw[:t.signed])
	strict := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	return rsa.VerifyPSS(k.key.(*rsa.PublicKey), hash, h.Sum(nil), t.signature, strict) == nil
}
