package baseline

import "math"

// Ratio counts k events in n trials, decayed.
type Ratio struct{ K, N float32 }

// The places of Novelty: levels of network and of device, then the token.
const (
	netNovelty   = 0
	devNovelty   = Levels
	tokenNovelty = 2 * Levels
	numNovelties = 2*Levels + 1
)

// Novelty holds how often each level was new: trials, and the share of them that
// were. Time takes as much from both, so that the share stays.
type Novelty struct {
	N     [numNovelties]float32
	Share [numNovelties]share
}

// share is a part of a whole, at least 2^-15 or else none: a float32 without sign,
// with four bits of exponent and twelve of mantissa. So fine because a share moves
// by one in n trials.
type share uint16

const (
	shareCut  = 11 // bits of the mantissa of a float32 that are dropped
	shareZero = (127 - 15) << (23 - shareCut)
)

func shareOf(x float32) share {
	b := (math.Float32bits(x) + 1<<(shareCut-1)) >> shareCut
	if x < 0x1p-15 || b < shareZero {
		return 0
	}
	return share(b - shareZero)
}

func (s share) float() float32 {
	if s == 0 {
		return 0
	}
	return math.Float32frombits((uint32(s) + shareZero) << shareCut)
}

func (v *Novelty) at(i int) Ratio { return Ratio{K: float32(v.N[i] * v.Share[i].float()), N: v.N[i]} }

// set stores a ratio; k is between 0 and n.
func (v *Novelty) set(i int, r Ratio) {
	v.N[i], v.Share[i] = r.N, 0
	if r.N > 0 {
		v.Share[i] = shareOf(min(max(r.K, 0), r.N) / r.N)
	}
}

// count adds a trial of that weight.
func (v *Novelty) count(i int, novel bool, weight float64) {
	r := v.at(i)
	r.N += float32(weight)
	if novel {
		r.K += float32(weight)
	}
	v.set(i, r)
}

func (v *Novelty) add(other *Novelty) {
	for i := range v.N {
		a, b := v.at(i), other.at(i)
		v.set(i, Ratio{a.K + b.K, a.N + b.N})
	}
}

func (v *Novelty) decay(by float64) {
	for i := range v.N {
		v.N[i] = float32(float64(v.N[i]) * by)
	}
}

// NetNovelty returns how often the network's level was new to the subject, at
// time now.
func (c *Contribution) NetNovelty(level int, now uint32) Ratio {
	return c.novelty(netNovelty+level, now)
}

// DevNovelty is the same for the device.
func (c *Contribution) DevNovelty(level int, now uint32) Ratio {
	return c.novelty(devNovelty+level, now)
}

// TokenNovelty returns how often looks came without the device token, at time
// now.
func (c *Contribution) TokenNovelty(now uint32) Ratio { return c.novelty(tokenNovelty, now) }

func (c *Contribution) novelty(i int, now uint32) Ratio {
	by := halved(c.At, now, newHalfLife)
	r := c.Novelty.at(i)
	return Ratio{K: float32(float64(r.K) * by), N: float32(float64(r.N) * by)}
}

// noveltyStrength is how many looks the world's rate of novelty counts.
const noveltyStrength = 4

// Rate returns (k + 4h)/(n + 4): the own rate, blended with the world's.
func (r Ratio) Rate(world float64) float64 {
	return (float64(r.K) + noveltyStrength*world) / (float64(r.N) + noveltyStrength)
}
