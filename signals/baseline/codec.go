package baseline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ProfileVersion is the version of the layout written by this build.
const ProfileVersion = 1

// ErrProfile says that bytes are no profile that this build reads.
var ErrProfile = errors.New("baseline: malformed profile")

// AppendBinary appends the little-endian layout: version, the contribution, and
// what is kept of the local part. Sessions are left out: who is forgotten for a
// while starts a new one.
func (p *Profile) AppendBinary(dst []byte) []byte {
	w := writer{b: append(dst, ProfileVersion)}
	p.Own.walk(&w)
	p.Local.walk(&w)
	return w.b
}

// UnmarshalBinary reads what AppendBinary wrote. It refuses other versions,
// other lengths, and numbers that no profile can hold; p is then empty.
func (p *Profile) UnmarshalBinary(src []byte) error {
	p.Reset()
	if len(src) != profileBytes {
		return fmt.Errorf("%w: %d bytes, want %d", ErrProfile, len(src), profileBytes)
	}
	if src[0] != ProfileVersion {
		return fmt.Errorf("%w: version %d, want %d", ErrProfile, src[0], ProfileVersion)
	}
	r := reader{b: src[1:]}
	p.Own.walk(&r)
	p.Local.walk(&r)
	if r.bad {
		p.Reset()
		return fmt.Errorf("%w: a value out of range", ErrProfile)
	}
	return nil
}

// AppendBinary appends the contribution alone, as other gateways read it.
func (c *Contribution) AppendBinary(dst []byte) []byte {
	w := writer{b: append(dst, ProfileVersion)}
	c.walk(&w)
	return w.b
}

// UnmarshalBinary reads what AppendBinary wrote, with the refusals of
// Profile.UnmarshalBinary.
func (c *Contribution) UnmarshalBinary(src []byte) error {
	*c = Contribution{}
	if len(src) != contributionBytes || src[0] != ProfileVersion {
		return fmt.Errorf("%w: no contribution of version %d", ErrProfile, ProfileVersion)
	}
	r := reader{b: src[1:]}
	c.walk(&r)
	if r.bad {
		*c = Contribution{}
		return fmt.Errorf("%w: a value out of range", ErrProfile)
	}
	return nil
}

var (
	profileBytes      = len((&Profile{}).AppendBinary(nil))
	contributionBytes = len((&Contribution{}).AppendBinary(nil))
)

// walker visits the fields of a profile in the order of the layout, to write or
// to read them. One description serves both directions.
type walker interface {
	u8(*uint8)
	u16(*uint16)
	u32(*uint32)
	u64(*uint64)
	weight(*float32) // finite and not negative
}

func (c *Contribution) walk(w walker) {
	for i := range c.Network {
		c.Network[i].walk(w)
	}
	for i := range c.Device {
		c.Device[i].walk(w)
	}
	for i := range c.Probation {
		c.Probation[i].walk(w)
	}
	for _, v := range []*uint32{&c.At, &c.First, &c.Last, &c.Look, &c.Successes, &c.TokenAt} {
		w.u32(v)
	}
	for _, v := range []*uint16{&c.Days, &c.LastDay, &c.Passed, &c.Failed} {
		w.u16(v)
	}
	for i := range c.NetNovelty {
		c.NetNovelty[i].walk(w)
		c.DevNovelty[i].walk(w)
	}
	c.TokenNovelty.walk(w)
	for i := range c.Hours {
		w.u8(&c.Hours[i])
	}
	w.u16(&c.Month)
	c.Location.walk(w)
}

func (s *Slot) walk(w walker) {
	w.u32(&s.Fine)
	w.u32(&s.Mid)
	w.weight(&s.Weight)
	w.u16(&s.Coarse)
	w.u8(&s.Hour)
	w.u8(&s.Born)
}

func (p *Probation) walk(w walker) {
	w.u32(&p.Value)
	w.u16(&p.Counted)
	w.u8(&p.Days)
	w.u8((*uint8)(&p.Kind))
}

func (r *Ratio) walk(w walker) {
	w.weight(&r.K)
	w.weight(&r.N)
}

func (l *Location) walk(w walker) {
	walkSigned(w, &l.Latitude)
	walkSigned(w, &l.Longitude)
	w.u16(&l.Radius)
	w.u16(&l.Network)
	w.u32(&l.At)
	w.u8(&l.Softened)
}

func walkSigned(w walker, v *int16) {
	u := uint16(*v)
	w.u16(&u)
	*v = int16(u)
}

func (l *Local) walk(w walker) {
	l.Objects.walk(w)
	for _, v := range []*float32{&l.Minute, &l.Hour, &l.Failures, &l.Actor, &l.MinutePeak, &l.HourPeak,
		&l.MinuteMean, &l.MinuteVar, &l.HourMean, &l.HourVar, &l.MinuteAnchor, &l.HourAnchor,
		&l.ObjectsMean, &l.ObjectsVar} {
		w.weight(v)
	}
	w.u32(&l.At)
	w.u32(&l.PeakHour)
	w.u16(&l.RateSamples)
	w.u16(&l.ObjectSample)
	w.u16(&l.GlobalHour)
	w.u8(&l.Classes)
}

func (o *Objects) walk(w walker) {
	for i := range o.Bits {
		w.u64(&o.Bits[i])
	}
	last, step := uint64(o.Last), uint32(o.Step)
	w.u64(&last)
	w.u32(&step)
	o.Last, o.Step = int64(last), int32(step)
	w.u32(&o.Hour)
	w.u16(&o.Requests)
	w.u16(&o.Refused)
	w.u16(&o.Run)
}

type writer struct{ b []byte }

func (w *writer) u8(v *uint8)   { w.b = append(w.b, *v) }
func (w *writer) u16(v *uint16) { w.b = binary.LittleEndian.AppendUint16(w.b, *v) }
func (w *writer) u32(v *uint32) { w.b = binary.LittleEndian.AppendUint32(w.b, *v) }
func (w *writer) u64(v *uint64) { w.b = binary.LittleEndian.AppendUint64(w.b, *v) }
func (w *writer) weight(v *float32) {
	w.b = binary.LittleEndian.AppendUint32(w.b, math.Float32bits(*v))
}

// maxWeight bounds every weight, so that sums of many stay finite.
const maxWeight = 1e9

// reader reads fields off b, which the caller has checked to be long enough.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) u8(v *uint8)   { *v = r.take(1)[0] }
func (r *reader) u16(v *uint16) { *v = binary.LittleEndian.Uint16(r.take(2)) }
func (r *reader) u32(v *uint32) { *v = binary.LittleEndian.Uint32(r.take(4)) }
func (r *reader) u64(v *uint64) { *v = binary.LittleEndian.Uint64(r.take(8)) }

func (r *reader) weight(v *float32) {
	*v = math.Float32frombits(binary.LittleEndian.Uint32(r.take(4)))
	if !(*v >= 0 && *v <= maxWeight) || math.Signbit(float64(*v)) {
		r.bad = true
	}
}
