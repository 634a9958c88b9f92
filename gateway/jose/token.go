package jose

import (
	"bytes"
	"encoding/base64"
	"encoding/json"

	"github.com/riskgate/riskgate/models"
)

// MaxToken is the longest token that is read, in bytes.
const MaxToken = 8 << 10

// Token is a compact JWS that was taken apart but not verified: nothing in it
// may be believed before KeySet.Verify.
type Token struct {
	Algorithm string
	KeyID     string // "" if absent
	Type      string // typ, "" if absent
	Payload   []byte
	raw       []byte
	signed    int // length of header "." payload in raw
	signature []byte
}

// refusedHeader are the header members that make a token malformed for us: keys
// and certificates brought along by the sender, extensions we do not know, and
// signs of encryption.
var refusedHeader = map[string]bool{
	"jwk": true, "jku": true, "x5u": true, "x5c": true,
	"crit": true, "b64": true, "zip": true, "enc": true,
}

// Shaped reports whether raw could be a token: three parts of base64url, the
// first of which begins a JSON object. It allocates nothing, and spares Parse
// what is plainly garbage.
func Shaped(raw []byte) bool {
	if len(raw) > MaxToken || !bytes.HasPrefix(raw, []byte("e")) { // "{" and the bits that follow it
		return false
	}
	dots := 0
	for _, c := range raw {
		switch {
		case c == '.':
			dots++
		case !base64url[c]:
			return false
		}
	}
	return dots == 2
}

var base64url = func() (set [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		set[c] = true
	}
	return set
}()

// Parse takes a token apart. The result aliases raw. The denial is
// TokenMalformed, or empty.
func Parse(raw []byte) (Token, models.Denial) {
	t := Token{raw: raw}
	header, rest, ok1 := bytes.Cut(raw, []byte{'.'})
	payload, signature, ok2 := bytes.Cut(rest, []byte{'.'})
	if !Shaped(raw) || !ok1 || !ok2 || len(header) == 0 || len(signature) == 0 {
		return t, models.TokenMalformed
	}
	t.signed = len(header) + 1 + len(payload)
	head, ok := decode(header)
	if !ok || !t.readHeader(head) {
		return t, models.TokenMalformed
	}
	if t.Payload, ok = decode(payload); !ok {
		return t, models.TokenMalformed
	}
	if t.signature, ok = decode(signature); !ok {
		return t, models.TokenMalformed
	}
	return t, ""
}

// decode reads unpadded base64url strictly: no white space, no line ends, no
// unused bits.
func decode(b []byte) ([]byte, bool) {
	if bytes.ContainsAny(b, "\r\n") {
		return nil, false
	}
	out := make([]byte, base64.RawURLEncoding.DecodedLen(len(b)))
	n, err := base64.RawURLEncoding.Strict().Decode(out, b)
	return out[:n], err == nil
}

func (t *Token) readHeader(head []byte) bool {
	ok, hasAlgorithm := true, false
	err := Object(head, func(name string, value json.RawMessage) {
		switch name {
		case "alg":
			hasAlgorithm = true
			ok = text(value, &t.Algorithm) && ok
		case "kid":
			ok = text(value, &t.KeyID) && t.KeyID != "" && ok
		case "typ":
			ok = text(value, &t.Type) && ok
		default:
			ok = ok && !refusedHeader[name]
		}
	})
	return err == nil && ok && hasAlgorithm
}

// text reads a JSON string; null is none.
func text(value json.RawMessage, into *string) bool {
	return len(value) > 0 && value[0] == '"' && json.Unmarshal(value, into) == nil
}
