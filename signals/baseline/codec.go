package baseline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ProfileVersion is the version of the layout written by this build.
const ProfileVersion = 4

const (
	// secondMissing is how many bytes version 2 had fewer, at the end.
	secondMissing = 4
	// formerTrials is how many versions 2 and 3 had more in a contribution: the trials of
	// the coarser levels of novelty, which follow from the finer.
	formerTrials = 2 * (Levels - 1) * 4
)

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

// UnmarshalBinary reads what AppendBinary wrote, of this build or of one that
// wrote version 1, 2 or 3. It refuses other versions, other lengths, and numbers that
// no profile can hold; p is then empty.
func (p *Profile) UnmarshalBinary(src []byte) error {
	p.Reset()
	if len(src) == firstBytes && src[0] == 1 {
		return p.readFirst(src[1:])
	}
	r, err := readerOf(src, profileSizes)
	if err != nil {
		return err
	}
	p.Own.walk(&r)
	p.Local.walk(&r)
	if r.bad {
		p.Reset()
		return fmt.Errorf("%w: a value out of range", ErrProfile)
	}
	if src[0] == 2 { // which kept shares as they are
		p.Local.setRefusedShare(p.Local.RefusedMean.Float(), p.Local.RefusedVar.Float())
	}
	return nil
}

// readerOf returns what follows the version of a layout, given how many bytes each
// version takes.
func readerOf(src []byte, sizes [ProfileVersion + 1]int) (r reader, err error) {
	if len(src) > 0 {
		r.version = src[0]
	}
	if r.version > ProfileVersion || sizes[r.version] == 0 {
		return r, fmt.Errorf("%w: version %d, want %d", ErrProfile, r.version, ProfileVersion)
	}
	if want := sizes[r.version]; len(src) != want {
		return r, fmt.Errorf("%w: %d bytes, want %d", ErrProfile, len(src), want)
	}
	r.b = src[1:]
	return r, nil
}

// AppendBinary appends the contribution alone, as other gateways read it.
func (c *Contribution) AppendBinary(dst []byte) []byte {
	w := writer{b: append(dst, ProfileVersion)}
	c.walk(&w)
	return w.b
}

// UnmarshalBinary reads what AppendBinary wrote, of this build or of one that wrote
// version 2 or 3, with the refusals of Profile.UnmarshalBinary.
func (c *Contribution) UnmarshalBinary(src []byte) error {
	*c = Contribution{}
	r, err := readerOf(src, contributionSizes)
	if err != nil {
		return err
	}
	c.walk(&r)
	if r.bad {
		*c = Contribution{}
		return fmt.Errorf("%w: a value out of range", ErrProfile)
	}
	return nil
}

// The bytes of what is stored, by version; 0: not read here.
var (
	profileSizes      = sizesOf(len((&Profile{}).AppendBinary(nil)), secondMissing)
	contributionSizes = sizesOf(len((&Contribution{}).AppendBinary(nil)), 0)
)

func sizesOf(now, missing int) [ProfileVersion + 1]int {
	return [...]int{2: now + formerTrials - missing, 3: now + formerTrials, ProfileVersion: now}
}

// walker visits the fields of a profile in the order of the layout, to write or
// to read them. One description serves both directions.
type walker interface {
	u8(*uint8)
	u16(*uint16)
	u32(*uint32)
	weight(*float32) // finite and not negative
	of() uint8       // version of the layout
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
	for _, v := range []*uint32{&c.At, &c.First, &c.Last, &c.Successes, &c.TokenAt} {
		w.u32(v)
	}
	w.u16(&c.Days)
	w.u8(&c.Passed)
	w.u8(&c.Failed)
	c.Novelty.walk(w)
	for i := range c.Hours {
		w.u8(&c.Hours[i])
	}
	c.Location.walk(w)
}

func (v *Novelty) walk(w walker) {
	for i := range v.Share {
		if i%Levels == 0 {
			w.weight(&v.N[i/Levels])
		} else if w.of() < 4 {
			var follows float32
			w.weight(&follows)
		}
		w.u16((*uint16)(&v.Share[i]))
	}
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

func (l *Location) walk(w walker) {
	walkSigned(w, &l.Latitude)
	walkSigned(w, &l.Longitude)
	w.u16(&l.Radius)
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
	for _, v := range []*float32{&l.Minute, &l.Hour, &l.Failures, &l.Actor, &l.Bytes, &l.Daily.Estimate} {
		w.weight(v)
	}
	w.u32(&l.At)
	for _, cells := range [][]uint8{l.Daily.Registers[:], l.Paths.Endpoints[:], l.Paths.Steps[:]} {
		for i := range cells {
			w.u8(&cells[i])
		}
	}
	for _, v := range []*Short{&l.MinutePeak, &l.HourPeak, &l.BytesPeak} {
		w.u16((*uint16)(v))
	}
	for _, v := range l.fixed() {
		w.u16((*uint16)(v))
	}
	for _, v := range []*uint16{&l.Daily.Day, &l.PeakHour, &l.RateSamples, &l.GlobalHour} {
		w.u16(v)
	}
	for _, v := range []*uint8{&l.ObjectSample, &l.PathSample, &l.DaySample, &l.Classes, &l.Paths.Last, &l.Paths.Taught,
		&l.Rhythm.Samples, &l.Rhythm.Hours} {
		w.u8(v)
	}
	if w.of() > 2 {
		w.u16(&l.Daily.Longest)
		w.u16((*uint16)(&l.RunTop))
	}
}

// fixed lists what is kept as Fixed, in the order of the layout.
func (l *Local) fixed() [21]*Fixed {
	return [21]*Fixed{&l.PathPeak, &l.MinuteMean, &l.MinuteVar, &l.HourMean, &l.HourVar, &l.MinuteAnchor, &l.HourAnchor,
		&l.BytesMean, &l.BytesVar, &l.PathMean, &l.PathVar, &l.ObjectsMean, &l.ObjectsVar, &l.RefusedMean, &l.RefusedVar,
		&l.DayMean, &l.DayVar, &l.Paths.Nats, &l.Rhythm.Mean, &l.Rhythm.Var, &l.Rhythm.Usual}
}

func (o *Objects) walk(w walker) {
	for i := range o.Bits {
		w.u32(&o.Bits[i])
	}
	last, step := uint32(o.Last), uint32(o.Step)
	w.u32(&last)
	w.u32(&step)
	o.Last, o.Step = int32(last), int32(step)
	w.u16(&o.Hour)
	w.u16(&o.Requests)
	w.u16(&o.Refused)
	w.u16(&o.Run)
}

type writer struct{ b []byte }

func (w *writer) u8(v *uint8)   { w.b = append(w.b, *v) }
func (w *writer) u16(v *uint16) { w.b = binary.LittleEndian.AppendUint16(w.b, *v) }
func (w *writer) u32(v *uint32) { w.b = binary.LittleEndian.AppendUint32(w.b, *v) }
func (w *writer) weight(v *float32) {
	w.b = binary.LittleEndian.AppendUint32(w.b, math.Float32bits(*v))
}

func (w *writer) of() uint8 { return ProfileVersion }

// maxWeight bounds every weight, so that sums of many stay finite; maxStored
// those that are read, bytes among them.
const (
	maxWeight = 1e9
	maxStored = maxBytes
)

// reader reads fields off b, which the caller has checked to be long enough.
type reader struct {
	b       []byte
	version uint8
	bad     bool
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
	if !(*v >= 0 && *v <= maxStored) || math.Signbit(float64(*v)) {
		r.bad = true
	}
}

func (r *reader) of() uint8 { return r.version }
