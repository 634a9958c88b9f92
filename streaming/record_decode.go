package streaming

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"net/netip"
	"time"

	"github.com/riskgate/riskgate/models"
)

// errRecord says that a record was not written by this version.
var errRecord = errors.New("streaming: malformed record")

// decoder turns records into events. It keeps the texts that repeat, so that
// decoding does not allocate. One goroutine uses it.
type decoder struct {
	src   []byte
	bad   bool
	texts map[string]string
}

// maxInterned bounds the texts kept; with more, keeping starts anew.
const maxInterned = 4096

// decode reads src into ev, which it resets first.
func (d *decoder) decode(src []byte, ev *models.Event) error {
	d.src, d.bad = src, false
	ev.Reset()
	if d.u16() != recordVersion {
		return errRecord
	}
	d.readTexts(ev)
	d.readScalars(ev)
	d.readFeatures(&ev.Features)
	d.readGroups(ev)
	if d.bad || len(d.src) != 0 {
		return errRecord
	}
	return nil
}

// take returns the next n bytes; zeros, and bad is set, where there are fewer.
func (d *decoder) take(n int) []byte {
	if n > len(d.src) {
		d.bad, d.src = true, nil
		return make([]byte, n)
	}
	b := d.src[:n]
	d.src = d.src[n:]
	return b
}

func (d *decoder) u8() byte    { return d.take(1)[0] }
func (d *decoder) u16() uint16 { return binary.LittleEndian.Uint16(d.take(2)) }
func (d *decoder) u32() uint32 { return binary.LittleEndian.Uint32(d.take(4)) }
func (d *decoder) u64() uint64 { return binary.LittleEndian.Uint64(d.take(8)) }
func (d *decoder) f32() float32 {
	return math.Float32frombits(d.u32())
}
func (d *decoder) f64() float64 {
	return math.Float64frombits(d.u64())
}

func (d *decoder) intern(b []byte) string {
	if s, ok := d.texts[string(b)]; ok {
		return s
	}
	if d.texts == nil || len(d.texts) >= maxInterned {
		d.texts = make(map[string]string)
	}
	s := string(b)
	d.texts[s] = s
	return s
}

func (d *decoder) readTexts(ev *models.Event) {
	lens := d.take(2 * numTexts)
	payload := int(d.u32())
	var denial string
	for i, s := range [...]*string{&ev.Node, &ev.Route, &ev.Upstream, &denial, &ev.Finding,
		&ev.TLS.JA4, &ev.TLS.ServerName, &ev.TLS.ALPN} {
		*s = d.intern(d.take(int(binary.LittleEndian.Uint16(lens[2*i:]))))
	}
	ev.Denial = models.Denial(denial)
	for i, s := range [...]*[]byte{&ev.CredID, &ev.Method, &ev.Host, &ev.Path, &ev.Agent,
		&ev.RequestID, &ev.TraceID, &ev.Policies, &ev.Challenge} {
		*s = append(*s, d.take(int(binary.LittleEndian.Uint16(lens[2*(firstBytes+i):])))...)
	}
	if payload > maxPayload {
		d.bad = true
		return
	}
	ev.Payload = append(ev.Payload, d.take(payload)...)
}

func (d *decoder) readScalars(ev *models.Event) {
	copy(ev.ID[:], d.take(16))
	copy(ev.Pseudonym[:], d.take(16))
	copy(ev.ConfigHash[:], d.take(8))
	ev.Time, ev.FirstTime, ev.LastTime = d.time(), d.time(), d.time()
	ev.Boot, ev.Seq = d.u64(), d.u64()
	ev.Kind, ev.Class = models.EventKind(d.u8()), models.Class(d.u8())
	ev.Subject, ev.Credential = models.SubjectKind(d.u8()), models.CredentialKind(d.u8())
	ev.Action, ev.ByRisk, ev.ByPolicy = models.Action(d.u8()), models.Action(d.u8()), models.Action(d.u8())
	ev.Mode, ev.PolicyMode = models.Mode(d.u8()), models.Mode(d.u8())
	ev.Login = models.Outcome(d.u8())
	flags := d.u8()
	for i, set := range [...]*bool{&ev.Established, &ev.Machine, &ev.CanStepUp, &ev.Passed, &ev.Closed} {
		*set = flags>>i&1 == 1
	}
	ev.Assessment.Level, ev.Activity = models.Level(d.u8()), models.Activity(d.u8())
	ev.Count = d.u32()
	ev.Client, ev.Peer = d.addr(), d.addr()
	prefix, length := d.addr(), int(int16(d.u16()))
	if prefix.IsValid() {
		ev.Prefix = netip.PrefixFrom(prefix, length)
	}
	ev.TLS.Version = d.u16()
	ev.Status = int(int16(d.u16()))
	d.readObserved(&ev.Observed)
	d.readAssessment(&ev.Assessment)
	ev.MaxAge, ev.UpstreamTime = time.Duration(d.u64()), time.Duration(d.u64())
	ev.Duration = time.Duration(d.u64())
	ev.BytesIn, ev.BytesOut = int64(d.u64()), int64(d.u64())
	ev.Credit = d.f64()
	d.readRulings(ev)
}

func (d *decoder) readRulings(ev *models.Event) {
	mask := d.u8()
	if mask>>models.MaxRulings != 0 {
		d.bad = true
		return
	}
	for ; mask != 0; mask &= mask - 1 {
		r := &ev.Rulings[bits.TrailingZeros8(mask)]
		r.Kind, r.At, r.Since = models.VerdictKind(d.u8()), d.u32(), d.u32()
	}
}

func (d *decoder) time() time.Time {
	n := int64(d.u64())
	if n == noTime {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

func (d *decoder) addr() netip.Addr {
	kind := d.u8()
	a := netip.AddrFrom16([16]byte(d.take(16)))
	switch kind {
	case 4:
		return a.Unmap()
	case 6:
		return a
	}
	return netip.Addr{}
}

func (d *decoder) readObserved(o *models.Observed) {
	for _, v := range [...]*uint32{&o.Address, &o.Network, &o.Country, &o.Fingerprint, &o.Family,
		&o.DeviceType, &o.Credential, &o.Object, &o.DeviceToken, &o.LoginUser, &o.Handshake, &o.Endpoint,
		&o.Role} {
		*v = d.u32()
	}
	o.ObjectSeq = int64(d.u64())
	o.Place.Latitude, o.Place.Longitude, o.Place.Radius = d.f32(), d.f32(), d.f32()
	o.Place.ASN = d.u32()
	copy(o.Place.Country[:], d.take(2))
	o.Place.HasLocation = d.u8() == 1
}

func (d *decoder) readAssessment(a *models.Assessment) {
	a.Score, a.ActorScore, a.Nats, a.Base = d.f64(), d.f64(), d.f64(), d.f64()
	a.Confidence, a.Refill, a.ActorNats = d.f64(), d.f64(), d.f64()
	a.Wanted = models.Action(d.u8())
	d.u8()
	a.NumReasons = min(int(d.u8()), len(a.Reasons))
	for i := range a.Reasons {
		a.Reasons[i] = models.Group(d.u8())
	}
}

func (d *decoder) readFeatures(f *models.Features) {
	f.Flags = models.Flag(d.u32())
	for i, s := range d.take(len(f.States)) {
		f.States[i] = models.State(s)
	}
	var mask models.FeatureMask
	for w := range mask {
		mask[w] = d.u64()
	}
	for w, left := range mask {
		for ; left != 0; left &= left - 1 {
			i := 64*w + bits.TrailingZeros64(left)
			if i >= len(f.Values) {
				d.bad = true
				return
			}
			f.Values[i] = d.f32()
		}
	}
}

func (d *decoder) readGroups(ev *models.Event) {
	for g := range ev.Evidence {
		ev.Evidence[g].State = ev.Features.States[g]
	}
	mask := d.u32()
	if mask>>models.NumGroups != 0 {
		d.bad = true
		return
	}
	for ; mask != 0; mask &= mask - 1 {
		g := bits.TrailingZeros32(mask)
		e, c := &ev.Evidence[g], &ev.Assessment.Contributions[g]
		c.Nats, c.Points = d.f64(), d.f64()
		e.State = models.State(d.u8())
		for i := range e.Facts {
			e.Facts[i].Code = models.FactCode(d.u8())
		}
		for i := range e.Facts {
			e.Facts[i].Value = d.f32()
		}
	}
}
