package baseline

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
)

// errCorrupt says that stored bytes are not what was stored under that key.
var errCorrupt = errors.New("baseline: stored value fails its check")

const (
	sealVersion = 1
	nonceBytes  = 12
	sealBytes   = 1 + nonceBytes + 16 // added to each value: version, nonce, tag
)

// sealer encrypts and authenticates values with AES-256-GCM, bound to their
// keys, because the store's own AES-CTR does not notice changes. Values are
// spread over 256 keys, by the byte the caller names, so that the random nonces
// of one key stay below 2^32 for decades.
type sealer [256]cipher.AEAD

func newSealer(keys Keys) (*sealer, error) {
	var s sealer
	for i := range s {
		key := keys.Derive(fmt.Sprintf("%s/%02x", labelRecord, i))
		block, err := aes.NewCipher(key[:])
		if err != nil {
			return nil, err
		}
		if s[i], err = cipher.NewGCM(block); err != nil {
			return nil, err
		}
	}
	return &s, nil
}

// seal appends the sealed form of plain to dst, bound to key.
func (s *sealer) seal(dst []byte, choice byte, key, plain []byte) []byte {
	var nonce [nonceBytes]byte
	_, _ = rand.Read(nonce[:]) // never fails: it ends the program instead
	dst = append(dst, sealVersion)
	dst = append(dst, nonce[:]...)
	return s[choice].Seal(dst, nonce[:], plain, key)
}

// open appends what was sealed to dst, or returns errCorrupt.
func (s *sealer) open(dst []byte, choice byte, key, sealed []byte) ([]byte, error) {
	if len(sealed) < sealBytes || sealed[0] != sealVersion {
		return nil, errCorrupt
	}
	plain, err := s[choice].Open(dst, sealed[1:1+nonceBytes], sealed[1+nonceBytes:], key)
	if err != nil {
		return nil, errCorrupt
	}
	return plain, nil
}
