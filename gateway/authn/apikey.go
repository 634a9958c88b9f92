package authn

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"hash/maphash"
	"net/netip"
	"strings"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/models/prefetch"
)

// On the wire a key is rgk_<id>_<secret>. The id never holds an underscore; the
// secret is 32 random bytes. Since it cannot be guessed, one round of SHA-256 of
// the whole key is what is stored.
const (
	keyPrefix  = "rgk_"
	hashPrefix = "sha256:"
	maxKeyID   = 64
	minSecret  = 32 // characters
	maxSecret  = 128
)

var secretEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// GenerateKey makes a new key: the text that its holder shows, and the hash that
// goes into the key file. It panics if id is not one for a key.
func GenerateKey(id string) (wire, hash string) {
	if !keyID(id) {
		panic("BUG: not a key id: " + id)
	}
	var secret [32]byte
	rand.Read(secret[:])
	wire = keyPrefix + id + "_" + strings.ToLower(secretEncoding.EncodeToString(secret[:]))
	sum := sha256.Sum256([]byte(wire))
	return wire, hashPrefix + hex.EncodeToString(sum[:])
}

// keyID reports whether id can name a key.
func keyID(id string) bool {
	for i := range len(id) {
		c := id[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && c != '-' && c != '.' {
			return false
		}
	}
	return 0 < len(id) && len(id) <= maxKeyID
}

// keyTable holds the keys in force, never changed. They are found by a keyed hash
// of their id, no two of which are equal: ids differ, ReadKeys sees to it. That
// the id is the one that was meant is seen from the hash of the whole key.
type keyTable struct {
	seed maphash.Seed
	byID map[uint64]*apiKey
}

type apiKey struct {
	hash     [sha256.Size]byte
	identity models.Identity
}

func newKeyTable(keys []Key, pseudonym func(models.Subject) models.Pseudonym) *keyTable {
	for {
		t := &keyTable{seed: maphash.MakeSeed(), byID: make(map[uint64]*apiKey, len(keys))}
		for _, k := range keys {
			s := models.Subject{Kind: models.Client, ID: k.Owner}
			t.byID[maphash.String(t.seed, k.ID)] = &apiKey{hash: k.hash, identity: models.Identity{
				Subject: s, Pseudonym: pseudonym(s), Credential: models.APIKey, CredentialID: k.ID,
				Roles: k.Roles, Networks: k.Networks, Expires: k.Expires, Declared: true,
			}}
		}
		if len(t.byID) == len(keys) { // else two hashes are equal by chance
			return t
		}
	}
}

// find returns the key that an id may name, and asks for its memory.
func (t *keyTable) find(id []byte) (k *apiKey, known bool) {
	if len(t.byID) == 0 {
		return &nobody, false
	}
	if k, known = t.byID[maphash.Bytes(t.seed, id)]; !known {
		return &nobody, false
	}
	prefetch.Line(&k.hash)
	prefetch.Line(&k.identity.Pseudonym)
	prefetch.Line(&k.identity.Expires)
	return k, true
}

// nobody stands in for a key that does not exist, so that both cost the same.
var nobody apiKey

// authenticate checks a key as it was shown. With a denial the identity, if any,
// is that of the key, which was right, but not here or not any more. A wrong
// secret names nobody: ids are no secrets, and secrets cannot be guessed, so
// counting failures would only let anybody raise the score of an owner.
func (t *keyTable) authenticate(wire []byte, client netip.Addr, now time.Time) (*models.Identity, models.Denial) {
	id, ok := splitKey(wire)
	if !ok {
		return nil, models.MalformedCredential
	}
	k, known := t.find(id)
	sum := sha256.Sum256(wire)
	same := subtle.ConstantTimeCompare(sum[:], k.hash[:]) == 1
	switch {
	case !known || !same:
		return nil, models.UnknownKey
	case !k.identity.Expires.IsZero() && !now.Before(k.identity.Expires):
		return &k.identity, models.KeyExpired
	case !within(k.identity.Networks, client):
		return &k.identity, models.KeyNetwork
	}
	return &k.identity, ""
}

func splitKey(wire []byte) (id []byte, ok bool) {
	rest, ok := bytes.CutPrefix(wire, []byte(keyPrefix))
	id, secret, cut := bytes.Cut(rest, []byte{'_'})
	ok = ok && cut && len(id) > 0 && len(id) <= maxKeyID && len(secret) >= minSecret && len(secret) <= maxSecret
	return id, ok
}

// within reports whether a lies in one of the networks; none means anywhere.
func within(networks []netip.Prefix, a netip.Addr) bool {
	a = a.Unmap()
	for _, p := range networks {
		if p.Contains(a) {
			return true
		}
	}
	return len(networks) == 0
}
