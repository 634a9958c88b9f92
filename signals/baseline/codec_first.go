package baseline

import "fmt"

// firstBytes is the length of a profile of version 1.
const firstBytes = 1 + 12*16 + 8*16 + 10*8 + 6*4 + 4*2 + 7*8 + 24 + 2 + 13 + (32 + 8 + 4 + 4 + 3*2) + 14*4 + 2*4 + 3*2 + 1

// readFirst reads a profile of version 1, without its version. It had no bytes,
// days, order of endpoints or rhythm, and more precise numbers.
func (p *Profile) readFirst(src []byte) error {
	r := reader{b: src}
	p.Own.readFirst(&r)
	p.Local.readFirst(&r)
	if r.bad {
		p.Reset()
		return fmt.Errorf("%w: a value out of range", ErrProfile)
	}
	return nil
}

func (c *Contribution) readFirst(r *reader) {
	for i := range c.Network {
		c.Network[i].walk(r)
	}
	for i := range c.Device {
		c.Device[i].walk(r)
	}
	for i := range c.Probation {
		c.Probation[i].walk(r)
	}
	var look uint32
	for _, v := range []*uint32{&c.At, &c.First, &c.Last, &look, &c.Successes, &c.TokenAt} {
		r.u32(v)
	}
	var lastDay, passed, failed, month, network uint16
	for _, v := range []*uint16{&c.Days, &lastDay, &passed, &failed} {
		r.u16(v)
	}
	c.Passed, c.Failed = uint8(min(passed, 255)), uint8(min(failed, 255))
	for i := range Levels {
		c.Novelty.readFirst(r, netNovelty+i)
		c.Novelty.readFirst(r, devNovelty+i)
	}
	c.Novelty.readFirst(r, tokenNovelty)
	for i := range c.Hours {
		r.u8(&c.Hours[i])
	}
	r.u16(&month)
	l := &c.Location
	walkSigned(r, &l.Latitude)
	walkSigned(r, &l.Longitude)
	r.u16(&l.Radius)
	r.u16(&network)
	r.u32(&l.At)
	r.u8(&l.Softened)
}

func (v *Novelty) readFirst(r *reader, i int) {
	var q Ratio
	r.weight(&q.K)
	r.weight(&q.N)
	v.set(i, q)
}

func (l *Local) readFirst(r *reader) {
	hour := l.Objects.readFirst(r)
	var w [14]float32
	for i := range w {
		r.weight(&w[i])
	}
	l.Minute, l.Hour, l.Failures, l.Actor = w[0], w[1], w[2], w[3]
	l.MinutePeak, l.HourPeak = ShortOf(w[4]), ShortOf(w[5])
	for i, v := range []*Fixed{&l.MinuteMean, &l.MinuteVar, &l.HourMean, &l.HourVar, &l.MinuteAnchor, &l.HourAnchor,
		&l.ObjectsMean, &l.ObjectsVar} {
		*v = FixedOf(float64(w[6+i]))
	}
	var peakHour uint32
	var objectSample uint16
	r.u32(&l.At)
	r.u32(&peakHour)
	r.u16(&l.RateSamples)
	r.u16(&objectSample)
	r.u16(&l.GlobalHour)
	r.u8(&l.Classes)
	l.Objects.Hour, l.PeakHour = uint16(hour), uint16(peakHour)
	l.ObjectSample = uint8(min(objectSample, 255))
	if objectSample > 0 { // the share of refused objects was not kept: the usual one
		l.setRefusedShare(RefusedUsual, ShareVariance)
	}
}

// readFirst returns the hour.
func (o *Objects) readFirst(r *reader) (hour uint32) {
	for i := 0; i < len(o.Bits); i += 2 {
		var w uint64
		r.u64(&w)
		o.Bits[i], o.Bits[i+1] = uint32(w), uint32(w>>32)
	}
	var last uint64
	var step uint32
	r.u64(&last)
	r.u32(&step)
	o.Last, o.Step = int32(last), int32(step)
	r.u32(&hour)
	r.u16(&o.Requests)
	r.u16(&o.Refused)
	r.u16(&o.Run)
	return hour
}
