package adapt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/riskgate/riskgate/models"
)

// ErrState says that bytes are no state of a Learner that this build reads.
var ErrState = errors.New("adapt: malformed state of a learner")

// stateVersion is the version of the layout that AppendBinary writes.
const stateVersion = 1

// The parts of the layout, in bytes, for so many groups.
const (
	stateHead = 4 + 4 // version, groups, flags, a byte kept free; number of labels
	stateTail = 4*8 + 6*8
)

// mostSeen bounds how many labels a Learner can have seen.
const mostSeen uint64 = 1 << 48

func stateGroups(n int) int { return 4 * 8 * n }
func stateLabel(n int) int  { return 1 + 4*4 + 4*n }

// AppendBinary appends what a restart should not forget, little-endian: version,
// groups, flags, 0, labels u32; of each group the configured weight, the learned
// one, the sum of squares and the weight in force; then u64, how many labels were
// seen, when to fit again, and what is in force rests on; the slopes configured and
// in force, the line that foretells, both levels; the labels, oldest first.
func (l *Learner) AppendBinary(dst []byte) []byte {
	flags := byte(0)
	if l.home.Learn {
		flags |= 1
	}
	if l.home.Calibrate {
		flags |= 2
	}
	dst = append(dst, stateVersion, byte(models.NumGroups), flags, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(l.kept)))
	for g := range l.home.Weights {
		dst = appendFloats(dst, l.home.Weights[g], l.weights.weights[g], l.weights.squares[g], l.taken.Weights[g])
	}
	for _, n := range [...]int{l.Seen(), l.refitAt, l.taken.Labels, l.taken.Attacks} {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(n))
	}
	dst = appendFloats(dst, l.home.Slope, l.taken.Slope, l.foretells.slope, l.foretells.intercept, l.weights.intercept, l.homeLevel)
	for i := range l.kept {
		dst = l.kept[(l.next+i)%len(l.kept)].append(dst)
	}
	return dst
}

func appendFloats(dst []byte, all ...float64) []byte {
	for _, v := range all {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	return dst
}

func (l *label) append(dst []byte) []byte {
	attack := byte(0)
	if l.attack {
		attack = 1
	}
	dst = append(dst, attack)
	for _, v := range [...]float32{l.weight, l.chance, l.home, l.learned} {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
	}
	for _, v := range l.nats {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
	}
	return dst
}

// RestoreLearner returns the Learner that wrote a state, of this or an earlier
// build: groups that the writer did not know are as configured in home, and carry
// no evidence in its labels. It refuses, with ErrState, other versions, other
// lengths and values that no Learner can hold.
func RestoreLearner(src []byte, home Section) (*Learner, error) {
	if len(src) < stateHead || src[0] != stateVersion {
		return nil, fmt.Errorf("%w: %d bytes, want version %d", ErrState, len(src), stateVersion)
	}
	groups, labels := int(src[1]), int(binary.LittleEndian.Uint32(src[4:]))
	if groups > int(models.NumGroups) || labels > LabelsKept || src[2] > 3 || src[3] != 0 {
		return nil, fmt.Errorf("%w: %d groups and %d labels, want at most %d and %d", ErrState, groups, labels, models.NumGroups, LabelsKept)
	}
	if want := stateHead + stateGroups(groups) + stateTail + labels*stateLabel(groups); len(src) != want {
		return nil, fmt.Errorf("%w: %d bytes, want %d", ErrState, len(src), want)
	}
	r := stateReader{src: src[stateHead:]}
	l := r.learner(Section{Weights: home.Weights, Learn: src[2]&1 != 0, Calibrate: src[2]&2 != 0}, groups)
	for range labels {
		l.keep(r.label(groups))
	}
	if r.bad {
		return nil, fmt.Errorf("%w: a value is out of range", ErrState)
	}
	return l, nil
}

// stateReader reads a state whose length is right, and notes whether every value
// is one that a Learner can hold.
type stateReader struct {
	src []byte
	bad bool
}

func (r *stateReader) float(low, high float64) float64 {
	v := math.Float64frombits(binary.LittleEndian.Uint64(r.src))
	r.src = r.src[8:]
	r.bad = r.bad || !(v >= low && v <= high)
	return v
}

func (r *stateReader) short(low, high float32) float32 {
	v := math.Float32frombits(binary.LittleEndian.Uint32(r.src))
	r.src = r.src[4:]
	r.bad = r.bad || !(v >= low && v <= high)
	return v
}

func (r *stateReader) count(most uint64) int {
	v := binary.LittleEndian.Uint64(r.src)
	r.src = r.src[8:]
	r.bad = r.bad || v > min(most, math.MaxInt)
	return int(v)
}

// learner reads all but the labels.
func (r *stateReader) learner(home Section, groups int) *Learner {
	learned, squares, taken := home.Weights, [models.NumGroups]float64{}, Found{}
	for g := range groups {
		home.Weights[g], learned[g] = r.float(0, mostWeight), r.float(0, mostWeight)
		squares[g], taken.Weights[g] = r.float(0, math.MaxFloat64), r.float(0, mostWeight)
	}
	seen, refitAt := r.count(mostSeen), r.count(mostSeen)
	taken.Labels = r.count(LabelsKept)
	taken.Attacks = r.count(uint64(taken.Labels))
	home.Slope = r.float(leastSlope, mostSlope)
	taken.Slope = r.float(0, mostSlope)
	l := NewLearner(home)
	l.foretells = line{r.float(leastSlope, mostSlope), r.float(-math.MaxFloat64, math.MaxFloat64)}
	l.weights.weights, l.weights.squares, l.weights.seen = learned, squares, seen
	l.weights.Expect(r.float(-math.MaxFloat64, math.MaxFloat64))
	l.homeLevel, l.refitAt = r.float(-math.MaxFloat64, math.MaxFloat64), refitAt
	r.bad = r.bad || taken.Labels == 0 && taken != Found{} || taken.Labels > 0 && taken.Slope < leastSlope
	for g := groups; g < int(models.NumGroups) && taken.Labels > 0; g++ {
		taken.Weights[g] = home.Weights[g]
	}
	l.taken = taken
	return l
}

func (r *stateReader) label(groups int) (l label) {
	l.attack = r.src[0] == 1
	r.bad = r.bad || r.src[0] > 1
	r.src = r.src[1:]
	l.weight, l.chance = r.short(0, 1), r.short(0, 1)
	l.home, l.learned = r.short(0, math.MaxFloat32), r.short(0, math.MaxFloat32)
	for g := range groups {
		l.nats[g] = r.short(-math.MaxFloat32, math.MaxFloat32)
	}
	x := l.example()
	r.bad = r.bad || !x.sound()
	return l
}
