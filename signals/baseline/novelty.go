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

// Novelty holds how often each level was new: trials of the finest, and of each the
// share that was. A level is tried when the finer one was new, so that its trials are
// the finer one's news. Time takes as much from all, so that shares stay.
type Novelty struct {
	N     [numNovelties/Levels + 1]float32 // of network, device and token
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

func (v *Novelty) at(i int) Ratio {
	n := v.N[i/Levels]
	for finer := i - i%Levels; finer < i; finer++ {
		n = float32(n * v.Share[finer].float())
	}
	return Ratio{K: float32(n * v.Share[i].float()), N: n}
}

// set stores a ratio; k is between 0 and n. The trials of a coarser level are not
// stored.
func (v *Novelty) set(i int, r Ratio) {
	if i%Levels == 0 {
		v.N[i/Levels] = r.N
	}
	v.Share[i] = 0
	if r.N > 0 {
		v.Share[i] = shareOf(min(max(r.K, 0), r.N) / r.N)
	}
}

// count adds a trial of that weight, in which so many levels were new.
func (v *Novelty) count(first, news int, weight float64) {
	var r [Levels]Ratio
	levels := min(Levels, numNovelties-first)
	for i := range levels {
		r[i] = v.at(first + i)
		if i <= news {
			r[i].N += float32(weight)
		}
		if i < news {
			r[i].K += float32(weight)
		}
	}
	for i := range levels {
		v.set(first+i, r[i])
	}
}

func (v *Novelty) add(other *Novelty) {
	var sum [numNovelties]Ratio
	for i := range sum {
		a, b := v.at(i), other.at(i)
		sum[i] = Ratio{a.K + b.K, a.N + b.N}
	}
	for i, r := range sum {
		v.set(i, r)
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
