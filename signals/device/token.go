package device

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"sync"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/keyed"
)

// Where a device token travels: a cookie set over TLS, or a header field that
// programs send by themselves.
const (
	CookieName = "__Host-riskgate-device"
	HeaderName = "x-riskgate-device"
)

// MaxAge is how long a token is good for.
const MaxAge = 400 * 24 * time.Hour

const (
	tokenVersion = 1
	trustedFlag  = 1

	keyAt     = 2
	ownerAt   = keyAt + 2
	deviceAt  = ownerAt + 8
	issuedAt  = deviceAt + 8
	macAt     = issuedAt + 4
	macBytes  = 16
	rawToken  = macAt + macBytes
	clockSkew = 5 * 60
)

// TokenBytes is the length of a token.
var TokenBytes = base64.RawURLEncoding.EncodedLen(rawToken)

// Tokens issues and verifies device tokens. A token says that its device once
// carried a verified success of its subject: version, flags, name of
// the key, hash of the subject, device id, time of issue, and HMAC-SHA-256 over
// these, cut to 16 bytes.
type Tokens struct {
	hash keyed.Hash
	key  [2]byte   // name of the key: a token made with another one is none, not a forgery
	pool sync.Pool // of *signer
}

type signer struct {
	mac hash.Hash
	sum []byte
	raw [rawToken]byte
}

// NewTokens returns a Tokens that signs with key.
func NewTokens(key [32]byte, hash keyed.Hash) *Tokens {
	name := sha256.Sum256(key[:])
	t := &Tokens{hash: hash, key: [2]byte(name[:2])}
	t.pool.New = func() any {
		return &signer{mac: hmac.New(sha256.New, key[:]), sum: make([]byte, 0, sha256.Size)}
	}
	return t
}

// sign returns the MAC over the first bytes of raw.
func (s *signer) sign() []byte {
	s.mac.Reset()
	_, _ = s.mac.Write(s.raw[:macAt])
	s.sum = s.mac.Sum(s.sum[:0])
	return s.sum[:macBytes]
}

// Issue appends a token for a device of p. Trusted says that it was born where
// the subject is trusted.
func (t *Tokens) Issue(dst []byte, p models.Pseudonym, device [8]byte, now time.Time, trusted bool) []byte {
	s := t.pool.Get().(*signer)
	defer t.pool.Put(s)
	s.raw[0], s.raw[1] = tokenVersion, 0
	if trusted {
		s.raw[1] = trustedFlag
	}
	copy(s.raw[keyAt:], t.key[:])
	binary.LittleEndian.PutUint64(s.raw[ownerAt:], t.owner(p))
	copy(s.raw[deviceAt:], device[:])
	binary.LittleEndian.PutUint32(s.raw[issuedAt:], uint32(now.Unix()))
	copy(s.raw[macAt:], s.sign())
	return base64.RawURLEncoding.AppendEncode(dst, s.raw[:])
}

func (t *Tokens) owner(p models.Pseudonym) uint64 { return t.hash.Sum(keyed.Owner, p[:]) }

// Shown is what a request shows of a device token. The zero value is none.
type Shown struct {
	Status  int    // models.TokenNone and up
	Device  uint32 // hash of the device id
	Trusted bool   // from birth
	Issued  time.Time
}

// Verify checks a token against the subject that shows it. What is not a token at
// all, too old, or made with a key that is no longer in use counts as none: else
// whoever holds a token would look like a forger after a change of keys.
func (t *Tokens) Verify(text []byte, p models.Pseudonym, now time.Time) Shown {
	if len(text) != TokenBytes {
		return Shown{}
	}
	s := t.pool.Get().(*signer)
	defer t.pool.Put(s)
	n, err := base64.RawURLEncoding.Strict().Decode(s.raw[:], text)
	if err != nil || n != rawToken || s.raw[0] != tokenVersion || [2]byte(s.raw[keyAt:]) != t.key {
		return Shown{}
	}
	if subtle.ConstantTimeCompare(s.sign(), s.raw[macAt:]) != 1 {
		return Shown{Status: models.TokenForged}
	}
	issued := time.Unix(int64(binary.LittleEndian.Uint32(s.raw[issuedAt:])), 0)
	if age := now.Sub(issued); age > MaxAge || age < -clockSkew*time.Second {
		return Shown{}
	}
	device := keyed.Short(t.hash.Sum(keyed.Token, s.raw[deviceAt:issuedAt]))
	if binary.LittleEndian.Uint64(s.raw[ownerAt:]) != t.owner(p) {
		return Shown{Status: models.TokenForeign, Device: device}
	}
	return Shown{Status: models.TokenValid, Device: device, Trusted: s.raw[1]&trustedFlag != 0, Issued: issued}
}

// Find returns the token of a request, nil if it shows none. The cookie goes
// before the header field. The result aliases the view.
func Find(view *models.Request) []byte {
	for i := range view.NumFields {
		if name := view.Name(i); len(name) == len("cookie") && bytes.EqualFold(name, cookieField) {
			if v := cookie(view.Value(i)); v != nil {
				return v
			}
		}
	}
	v, _ := view.Header(HeaderName)
	return v
}

var (
	cookieField = []byte("cookie")
	cookieStart = []byte(CookieName + "=")
)

func cookie(list []byte) []byte {
	for len(list) > 0 {
		var one []byte
		one, list, _ = bytes.Cut(list, semicolon)
		if one = bytes.TrimLeft(one, " "); bytes.HasPrefix(one, cookieStart) {
			return one[len(cookieStart):]
		}
	}
	return nil
}

var semicolon = []byte(";")
