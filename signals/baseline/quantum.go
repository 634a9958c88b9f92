package baseline

import "math"

// The numbers of a profile take two bytes each where two bytes say enough.

// Fixed is a number from 0 to just below 32, in steps of 1/2048: a mean or a
// variance of logarithms. An average that moves by a twentieth of each sample's
// distance rests within 0.005 of it.
type Fixed uint16

const fixedOne = 2048

// FixedOf returns the nearest Fixed; what is no number is 0.
func FixedOf(x float64) Fixed {
	if !(x > 0) {
		return 0
	}
	return Fixed(math.RoundToEven(min(x*fixedOne, math.MaxUint16)))
}

// Float returns the number, which a float32 holds exactly.
func (x Fixed) Float() float64 { return float64(x) / fixedOne }

// Short is a number from 0 on, cut to the upper half of its float32: within one
// part in 128 below it, and in the same order.
type Short uint16

// ShortOf returns x, not negative, cut.
func ShortOf(x float32) Short { return Short(math.Float32bits(x) >> 16) }

// Float returns the number.
func (x Short) Float() float64 { return float64(math.Float32frombits(uint32(x) << 16)) }

// heldOne is one nat in Session.Held. Lambdas of looks are multiples of twice the
// step, see SayLook, so that half of one is kept exactly too.
const heldOne = 1024

// holdNats returns nats as a session keeps them, within 32 either way.
func holdNats(nats float64) int16 {
	return int16(math.RoundToEven(min(max(nats*heldOne, math.MinInt16), math.MaxInt16)))
}

// later reports whether an hour, modulo 65536, comes after another one. What is
// up to 256 hours behind is an answer that took long, not a leap of years.
func later(hour, than uint16) bool {
	d := hour - than
	return d != 0 && d < 1<<16-256
}
