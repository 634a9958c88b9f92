package baseline

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// KeyBytes is the length of the cluster key and of every key derived from it.
const KeyBytes = 32

// Keys derives every secret of a cluster from one key: HKDF-SHA-256, one label
// per purpose. Its zero value derives nothing. It never prints.
type Keys struct {
	root [KeyBytes]byte
	set  bool
}

// The labels of the keys this package uses itself.
const (
	labelStore  = "riskgate/baseline/store/v1"
	labelRecord = "riskgate/baseline/record/v1"
	labelHash   = "riskgate/baseline/hash/v1"
)

// NewKeys takes the cluster key, of KeyBytes bytes that are not all the same.
func NewKeys(root []byte) (Keys, error) {
	var k Keys
	if len(root) != KeyBytes {
		return k, fmt.Errorf("cluster key: %d bytes, want %d", len(root), KeyBytes)
	}
	if uniform(root) {
		return k, errors.New("cluster key: every byte is the same, want random bytes")
	}
	copy(k.root[:], root)
	k.set = true
	return k, nil
}

// RandomKeys returns the keys of a cluster of one that lives as long as the
// process: for demonstrations and tests.
func RandomKeys() Keys {
	k := Keys{set: true}
	_, _ = rand.Read(k.root[:]) // never fails: it ends the program instead
	return k
}

func uniform(b []byte) bool {
	for _, v := range b {
		if v != b[0] {
			return false
		}
	}
	return true
}

// Derive returns the key for one purpose. The same label gives the same key on
// every gateway of the cluster; different labels give unrelated ones.
func (k Keys) Derive(label string) [KeyBytes]byte {
	if !k.set {
		panic("BUG: baseline: key derived from no cluster key")
	}
	derived, err := hkdf.Key(sha256.New, k.root[:], nil, label, KeyBytes)
	if err != nil {
		panic("BUG: baseline: " + err.Error())
	}
	return [KeyBytes]byte(derived)
}

// Format prints "<redacted>" for every verb.
func (k Keys) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("<redacted>")) }

// MarshalText writes "<redacted>".
func (k Keys) MarshalText() ([]byte, error) { return []byte("<redacted>"), nil }
