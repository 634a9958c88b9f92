package models

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// PseudonymOf returns HMAC-SHA-256(key, kind, issuer, id, generation), cut to 16
// bytes. Each text is preceded by its length, so that no two subjects share an
// input. Raising the generation of a forgotten subject gives it a new pseudonym.
func PseudonymOf(key []byte, s Subject, generation uint32) Pseudonym {
	mac := hmac.New(sha256.New, key)
	head := []byte{byte(s.Kind)}
	head = binary.LittleEndian.AppendUint32(head, generation)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(s.Issuer)))
	mac.Write(head)
	mac.Write([]byte(s.Issuer))
	mac.Write([]byte(s.ID))
	var p Pseudonym
	copy(p[:], mac.Sum(nil))
	return p
}
