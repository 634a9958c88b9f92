package jose

import "math/big"

// rocaPrimes are small primes modulo which 65537 generates a proper subgroup.
var rocaPrimes = []int64{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157}

// roca reports whether a modulus comes from the generator of CVE-2017-15361: its
// residues modulo small primes are then always powers of 65537. A sound modulus
// passes by chance about once in 2^27.
func roca(n *big.Int) bool {
	var r big.Int
	for _, p := range rocaPrimes {
		if !powerOf65537(r.Mod(n, big.NewInt(p)).Int64(), p) {
			return false
		}
	}
	return true
}

func powerOf65537(residue, p int64) bool {
	g := 65537 % p
	for x, i := int64(1), int64(0); i < p; i++ {
		if x == residue {
			return true
		}
		x = x * g % p
	}
	return false
}
