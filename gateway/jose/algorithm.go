package jose

import (
	"crypto"
	"maps"
	"slices"
	"strings"
)

// algorithm is what a signature algorithm demands of its key.
type algorithm struct {
	kty  string
	crv  string // EC and OKP
	size int    // oct: least bytes of the secret
	pss  crypto.Hash
}

var algorithms = map[string]algorithm{
	"ES256": {kty: "EC", crv: "P-256"},
	"ES384": {kty: "EC", crv: "P-384"},
	"ES512": {kty: "EC", crv: "P-521"},
	"EdDSA": {kty: "OKP", crv: "Ed25519"},
	"RS256": {kty: "RSA"},
	"RS384": {kty: "RSA"},
	"RS512": {kty: "RSA"},
	"PS256": {kty: "RSA", pss: crypto.SHA256},
	"PS384": {kty: "RSA", pss: crypto.SHA384},
	"PS512": {kty: "RSA", pss: crypto.SHA512},
	"HS256": {kty: "oct", size: 32},
	"HS384": {kty: "oct", size: 48},
	"HS512": {kty: "oct", size: 64},
}

func algorithmNames() string {
	return strings.Join(slices.Sorted(maps.Keys(algorithms)), " ")
}
