package jose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// Key is one verification key of a set. It stays the same value for as long as
// the issuer publishes it unchanged.
type Key struct {
	ID        string // kid, "" if the issuer gave none
	Algorithm string // the only one it verifies
	set       *KeySet
	key       any
	print     string      // what it was read from
	gone      atomic.Bool // no longer published
}

// Usable reports whether the issuer still publishes the key and was heard of
// recently enough. What was verified with an unusable key must be verified anew.
func (k *Key) Usable(now time.Time) bool { return !k.gone.Load() && k.set.fresh(now) }

// rawKey holds the members that we judge ourselves.
type rawKey struct {
	Kty    string    `json:"kty"`
	Use    *string   `json:"use"`
	KeyOps *[]string `json:"key_ops"`
	Alg    string    `json:"alg"`
	Kid    string    `json:"kid"`
	D      *string   `json:"d"`
	P      *string   `json:"p"`
	Q      *string   `json:"q"`
}

var (
	errNoSet   = errors.New("not a JSON Web Key Set")
	errNoKeys  = errors.New("no usable key")
	errMixed   = errors.New("secret and public keys in one set")
	errForeign = errors.New("not for signatures of an allowed algorithm")
)

const maxKeys = 64

// parseKeys reads the usable keys of a set. A key that is not usable is left
// out and its reason returned among skipped; keys that share a name are all
// left out. The error says that the set as a whole is unusable.
func parseKeys(data []byte, allowed []string) (keys []*Key, skipped []error, err error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(data, &set) != nil || set.Keys == nil || len(set.Keys) > maxKeys {
		return nil, nil, errNoSet
	}
	if mixed(set.Keys) {
		return nil, nil, errMixed
	}
	names := map[string]int{}
	for i, raw := range set.Keys {
		k, err := parseKey(raw, allowed)
		if err != nil {
			skipped = append(skipped, fmt.Errorf("key %d: %w", i, err))
			continue
		}
		names[k.ID]++
		keys = append(keys, k)
	}
	keys = slices.DeleteFunc(keys, func(k *Key) bool {
		twice := k.ID != "" && names[k.ID] > 1
		if twice {
			skipped = append(skipped, fmt.Errorf("key %q: kid is not unique", k.ID))
		}
		return twice
	})
	if len(keys) == 0 {
		return nil, skipped, errNoKeys
	}
	return keys, skipped, nil
}

func mixed(keys []json.RawMessage) bool {
	secret, public := false, false
	for _, raw := range keys {
		var k rawKey
		if json.Unmarshal(raw, &k) == nil {
			secret = secret || k.Kty == "oct"
			public = public || k.Kty != "oct"
		}
	}
	return secret && public
}

func parseKey(raw json.RawMessage, allowed []string) (*Key, error) {
	var r rawKey
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	if r.D != nil || r.P != nil || r.Q != nil {
		return nil, errors.New("private key is published")
	}
	if r.Use != nil && *r.Use != "sig" || r.KeyOps != nil && !slices.Contains(*r.KeyOps, "verify") {
		return nil, errForeign
	}
	var j jose.JSONWebKey
	if err := json.Unmarshal(raw, &j); err != nil {
		return nil, err
	}
	if _, secret := j.Key.([]byte); !secret && !j.Valid() {
		return nil, errors.New("key material is not valid")
	}
	alg, err := algorithmOf(r, j.Key, allowed)
	if err != nil {
		return nil, err
	}
	if err := strongEnough(j.Key, alg); err != nil {
		return nil, err
	}
	return &Key{ID: r.Kid, Algorithm: alg, key: j.Key, print: string(raw)}, nil
}

// algorithmOf returns the one algorithm of a key: the one it names, else the
// only allowed one that fits its type.
func algorithmOf(r rawKey, key any, allowed []string) (string, error) {
	fits := func(a string) bool {
		alg, ok := algorithms[a]
		return ok && alg.kty == r.Kty && (alg.crv == "" || alg.crv == curve(key))
	}
	if r.Alg != "" {
		if !slices.Contains(allowed, r.Alg) || !fits(r.Alg) {
			return "", fmt.Errorf("alg %q: %w", r.Alg, errForeign)
		}
		return r.Alg, nil
	}
	var found []string
	for _, a := range allowed {
		if fits(a) {
			found = append(found, a)
		}
	}
	switch len(found) {
	case 0:
		return "", errForeign
	case 1:
		return found[0], nil
	}
	return "", errors.New("names no algorithm while several are allowed")
}

func curve(key any) string {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		return k.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return ""
}

func strongEnough(key any, alg string) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < 2048 || k.N.BitLen() > 4096 {
			return fmt.Errorf("RSA modulus of %d bits, want 2048 to 4096", k.N.BitLen())
		}
		if k.E < 3 || k.E%2 == 0 {
			return fmt.Errorf("RSA exponent %d", k.E)
		}
		if roca(k.N) {
			return errors.New("RSA modulus of a flawed generator (ROCA)")
		}
	case []byte:
		if len(k) < algorithms[alg].size {
			return fmt.Errorf("secret of %d bytes, want at least %d", len(k), algorithms[alg].size)
		}
		if bytes.Count(k, k[:1]) == len(k) {
			return errors.New("secret is one byte repeated, which anybody can guess")
		}
	}
	return nil
}
