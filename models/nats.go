package models

import "math"

// Scores are recomputed from recorded events on other machines, bit for bit.
// The math package does not promise that: it has assembly for some processors
// and lets the compiler fuse multiplications with additions. These functions
// use literal tables, additions, and products that are rounded one by one.

const (
	ln2       = 0x1.62e42fefa39efp-1
	ln2By128  = 0x1.62e42fe000000p-8  // upper 29 bits of ln(2)/128, so that products with integers are exact
	ln2Tail   = 0x1.f473de6af278fp-37 // the rest of ln(2)/128
	log2By128 = 0x1.71547652b82fep+7  // 128/ln(2)
	rounder   = 0x1.8p52              // adding and subtracting it rounds to a whole number
	subnormal = 0x1p-1022             // everything smaller has no implicit bit
	maxExp    = 0x1.62e42fefa39efp+9  // ln of the largest float64
	minExp    = -0x1.74910d52d3051p+9 // ln of half the smallest float64
	fraction  = uint64(1)<<52 - 1
	bias      = 1023
	tableBits = 7
)

// Ln returns the natural logarithm of x, the same bits on every machine. Its
// relative error is below 1e-13, also near 1. Ln(0) is -Inf, Ln(+Inf) is +Inf;
// of negative numbers and NaN it is NaN. Subnormal numbers are exact inputs
// like any other.
func Ln(x float64) float64 {
	b := math.Float64bits(x)
	exponent := int(b>>52) - bias
	if x < subnormal || exponent > bias {
		if !(x > 0) || math.IsInf(x, 1) {
			return lnSpecial(x)
		}
		b = math.Float64bits(float64(x * 0x1p54))
		exponent = int(b>>52) - bias - 54
	}
	m := math.Float64frombits(b&fraction | bias<<52) // 1 <= m < 2
	j := (b&fraction + 1<<(51-tableBits)) >> (52 - tableBits)
	c := &lnTable[j]
	r := float64((m - (1 + float64(float64(j)*0x1p-7))) * c.inverse) // exact difference; |r| <= 1/256
	return float64(float64(exponent)*ln2) + c.ln + ln1p(r)
}

// ln1p returns ln(1+r) for |r| <= 1/256, by its series.
func ln1p(r float64) float64 {
	r2 := float64(r * r)
	p := 0.2 - float64(r*(1.0/6)) + float64(r2*(1.0/7))
	p = 1.0/3 - float64(r*0.25) + float64(r2*p)
	p = float64(r*p) - 0.5
	return r + float64(r2*p)
}

func lnSpecial(x float64) float64 {
	switch {
	case x == 0:
		return math.Inf(-1)
	case x > 0:
		return x
	}
	return math.NaN()
}

// Exp returns e^x, the same bits on every machine. Its relative error is below
// 1e-13; results below 2^-1022 lose digits as subnormal numbers do. Exp(-Inf)
// is 0, Exp(+Inf) is +Inf, Exp(NaN) is NaN.
func Exp(x float64) float64 {
	if !(x <= maxExp && x >= minExp) {
		return expSpecial(x)
	}
	n := float64(x*log2By128) + rounder - rounder
	r := x - float64(n*ln2By128) - float64(n*ln2Tail)
	return scaled(n, r)
}

// Exp2 returns 2^x under the same promises as Exp. Whole x give exact results.
func Exp2(x float64) float64 {
	if !(x < 1024 && x >= -1075) {
		return expSpecial(x)
	}
	n := float64(x*128) + rounder - rounder
	return scaled(n, float64((x-float64(n*0x1p-7))*ln2))
}

// scaled returns 2^(n/128) * e^r for |r| <= ln(2)/256 and whole n.
func scaled(n, r float64) float64 {
	i := int(n)
	t := exp2Table[i&127]
	p := 1.0/6 + float64(r*(1.0/24+float64(r*(1.0/120))))
	p = r + float64(float64(r*r)*(0.5+float64(r*p)))
	y := t + float64(t*p)
	k := i >> tableBits
	if k >= -1022 && k < 1024 {
		return float64(y * math.Float64frombits(uint64(k+bias)<<52))
	}
	if k >= 1024 {
		return float64(float64(y*0x1p1023) * 2)
	}
	return float64(float64(y*math.Float64frombits(uint64(k+54+bias)<<52)) * 0x1p-54)
}

func expSpecial(x float64) float64 {
	switch {
	case x > 0:
		return math.Inf(1)
	case x < 0:
		return 0
	}
	return math.NaN()
}
