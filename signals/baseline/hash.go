package baseline

import (
	"encoding/binary"
	"math/bits"

	"github.com/riskgate/riskgate/models"
)

// hasher is a keyed hash of pseudonyms. Its bits choose, from the top: the
// stripe (8), the fingerprint of the filter (16), and places inside a stripe.
// Two subjects with one hash are told apart by their whole pseudonyms.
type hasher struct{ a, b, c uint64 }

func newHasher(keys Keys) hasher {
	k := keys.Derive(labelHash)
	return hasher{
		a: binary.LittleEndian.Uint64(k[0:]),
		b: binary.LittleEndian.Uint64(k[8:]),
		c: binary.LittleEndian.Uint64(k[16:]) | 1,
	}
}

func (h hasher) sum(p models.Pseudonym) uint64 {
	x := binary.LittleEndian.Uint64(p[:8]) ^ h.a
	y := binary.LittleEndian.Uint64(p[8:]) ^ h.b
	hi, lo := bits.Mul64(x, y)
	hi, lo = bits.Mul64(hi^lo^x^bits.RotateLeft64(y, 32), h.c)
	return hi ^ lo
}

const numStripes = 256

func stripeOf(hash uint64) int { return int(hash >> 56) }
