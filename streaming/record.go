package streaming

import (
	"encoding/binary"
	"math"
	"math/bits"
	"net/netip"
	"time"

	"github.com/riskgate/riskgate/models"
)

// A record is an event in the ring. Its layout is private to one machine and one
// version: little-endian, fixed part, texts, features, then 32 bytes for each
// group that says more than its state. Lambdas and confidences are left out: they
// are computed from the features. recordVersion changes with the layout.
const recordVersion = 5

const (
	groupBytes  = 32
	numTexts    = 17
	featBytes   = 4 + int(models.NumGroups) + 8*len(models.FeatureMask{}) // without values
	fixedBytes  = 2 + 2*numTexts + 4 + scalarBytes + 1 + int(models.NumGroups) + featBytes + 4
	scalarBytes = 16 + 16 + 8 + // ids, config hash
		3*8 + 2*8 + // times, boot, seq
		13 + 4 + // enumerations, finding count
		3*17 + 2 + // addresses, prefix
		2 + 2 + // TLS version, status
		13*4 + 8 + 4*4 + 2 + 1 + // observed
		7*8 + 2 + // assessment
		6*8 + // durations, bytes, credit
		1 // rulings; each has rulingBytes more
	rulingBytes = 1 + 2*4
)

// Bounds of the texts of a record; longer ones are cut. The listener bounds what
// a client can send, so that only paths and agents ever come near.
const (
	maxText    = 1 << 10
	maxPath    = 2 << 10
	maxPayload = 128 << 10
)

// textLimit bounds text i of texts.
func textLimit(i int) int {
	if i == textPath {
		return maxPath
	}
	return maxText
}

const (
	textPath   = 11
	firstBytes = 8 // texts from here on are byte slices
)

// shape is what must be known of an event before its record is written.
type shape struct {
	size     int                // of the record, bytes
	groups   uint32             // a bit for each group that says more than its state
	features models.FeatureMask // values that are not zero
}

func shapeOf(ev *models.Event) shape {
	s := shape{groups: groupMask(ev), features: ev.Features.Mask()}
	n := fixedBytes + 4*s.features.Count() + min(len(ev.Payload), maxPayload) + groupBytes*bits.OnesCount32(s.groups)
	n += rulingBytes * bits.OnesCount8(rulingMask(ev))
	n += min(len(ev.Node), maxText) + min(len(ev.Route), maxText) + min(len(ev.Upstream), maxText) +
		min(len(ev.Denial), maxText) + min(len(ev.Finding), maxText) + min(len(ev.TLS.JA4), maxText) +
		min(len(ev.TLS.ServerName), maxText) + min(len(ev.TLS.ALPN), maxText)
	n += min(len(ev.CredID), maxText) + min(len(ev.Method), maxText) + min(len(ev.Host), maxText) +
		min(len(ev.Path), maxPath) + min(len(ev.Agent), maxText) + min(len(ev.RequestID), maxText) +
		min(len(ev.TraceID), maxText) + min(len(ev.Policies), maxText) + min(len(ev.Challenge), maxText)
	s.size = n
	return s
}

// groupMask has a bit for each group that says more than its state in the
// features.
func groupMask(ev *models.Event) uint32 {
	var mask uint32
	for g := range ev.Evidence {
		e, c := &ev.Evidence[g], &ev.Assessment.Contributions[g]
		f := &e.Facts
		any := math.Float64bits(c.Nats) | math.Float64bits(c.Points) | uint64(e.State^ev.Features.States[g]) |
			uint64(f[0].Code|f[1].Code|f[2].Code) |
			uint64(math.Float32bits(f[0].Value)|math.Float32bits(f[1].Value)|math.Float32bits(f[2].Value))
		if any != 0 {
			mask |= 1 << g
		}
	}
	return mask
}

// appendRecord appends ev's record, s.size bytes, to dst; s is shapeOf(ev).
func appendRecord(dst []byte, ev *models.Event, s *shape) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, recordVersion)
	dst = appendTexts(dst, ev)
	dst = appendScalars(dst, ev)
	dst = appendFeatures(dst, &ev.Features, s.features)
	return appendGroups(dst, ev, s.groups)
}

func appendTexts(dst []byte, ev *models.Event) []byte {
	strings := [...]string{ev.Node, ev.Route, ev.Upstream, string(ev.Denial), ev.Finding,
		ev.TLS.JA4, ev.TLS.ServerName, ev.TLS.ALPN}
	slices := [...][]byte{ev.CredID, ev.Method, ev.Host, ev.Path, ev.Agent, ev.RequestID,
		ev.TraceID, ev.Policies, ev.Challenge}
	for _, s := range strings {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(min(len(s), maxText)))
	}
	for i, s := range slices {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(min(len(s), textLimit(firstBytes+i))))
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(min(len(ev.Payload), maxPayload)))
	for _, s := range strings {
		dst = append(dst, s[:min(len(s), maxText)]...)
	}
	for i, s := range slices {
		dst = append(dst, s[:min(len(s), textLimit(firstBytes+i))]...)
	}
	return append(dst, ev.Payload[:min(len(ev.Payload), maxPayload)]...)
}

func appendScalars(dst []byte, ev *models.Event) []byte {
	dst = append(dst, ev.ID[:]...)
	dst = append(dst, ev.Pseudonym[:]...)
	dst = append(dst, ev.ConfigHash[:]...)
	dst = appendTime(dst, ev.Time)
	dst = appendTime(dst, ev.FirstTime)
	dst = appendTime(dst, ev.LastTime)
	dst = binary.LittleEndian.AppendUint64(dst, ev.Boot)
	dst = binary.LittleEndian.AppendUint64(dst, ev.Seq)
	dst = append(dst, byte(ev.Kind), byte(ev.Class), byte(ev.Subject), byte(ev.Credential),
		byte(ev.Action), byte(ev.ByRisk), byte(ev.ByPolicy), byte(ev.Mode), byte(ev.PolicyMode),
		byte(ev.Login), packFlags(ev), byte(ev.Assessment.Level), byte(ev.Activity))
	dst = binary.LittleEndian.AppendUint32(dst, ev.Count)
	dst = appendAddr(dst, ev.Client)
	dst = appendAddr(dst, ev.Peer)
	dst = appendAddr(dst, ev.Prefix.Addr())
	dst = binary.LittleEndian.AppendUint16(dst, uint16(int16(ev.Prefix.Bits())))
	dst = binary.LittleEndian.AppendUint16(dst, ev.TLS.Version)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(int16(ev.Status)))
	dst = appendObserved(dst, &ev.Observed)
	dst = appendAssessment(dst, &ev.Assessment)
	for _, v := range [...]int64{int64(ev.MaxAge), int64(ev.UpstreamTime), int64(ev.Duration), ev.BytesIn, ev.BytesOut} {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(v))
	}
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(ev.Credit))
	return appendRulings(dst, ev)
}

// rulingMask has a bit for each ruling that is not empty.
func rulingMask(ev *models.Event) (mask uint8) {
	for i := range ev.Rulings {
		if ev.Rulings[i] != (models.Ruling{}) {
			mask |= 1 << i
		}
	}
	return mask
}

func appendRulings(dst []byte, ev *models.Event) []byte {
	mask := rulingMask(ev)
	dst = append(dst, mask)
	for ; mask != 0; mask &= mask - 1 {
		r := &ev.Rulings[bits.TrailingZeros8(mask)]
		dst = append(dst, byte(r.Kind))
		dst = binary.LittleEndian.AppendUint32(dst, r.At)
		dst = binary.LittleEndian.AppendUint32(dst, r.Since)
	}
	return dst
}

func packFlags(ev *models.Event) byte {
	var b byte
	for i, set := range [...]bool{ev.Established, ev.Machine, ev.CanStepUp, ev.Passed, ev.Closed} {
		if set {
			b |= 1 << i
		}
	}
	return b
}

// noTime stands for the zero time, which UnixNano cannot express.
const noTime = math.MinInt64

func appendTime(dst []byte, t time.Time) []byte {
	n := int64(noTime)
	if !t.IsZero() {
		n = t.UnixNano()
	}
	return binary.LittleEndian.AppendUint64(dst, uint64(n))
}

// appendAddr writes 4, 6 or 0 for no address, and 16 bytes. Zones are dropped.
func appendAddr(dst []byte, a netip.Addr) []byte {
	kind := byte(0)
	switch {
	case a.Is4():
		kind = 4
	case a.IsValid():
		kind = 6
	}
	b := [16]byte{}
	if kind != 0 {
		b = a.As16()
	}
	return append(append(dst, kind), b[:]...)
}

func appendObserved(dst []byte, o *models.Observed) []byte {
	for _, v := range [...]uint32{o.Address, o.Network, o.Country, o.Fingerprint, o.Family,
		o.DeviceType, o.Credential, o.Object, o.DeviceToken, o.LoginUser, o.Handshake, o.Endpoint,
		o.Role} {
		dst = binary.LittleEndian.AppendUint32(dst, v)
	}
	dst = binary.LittleEndian.AppendUint64(dst, uint64(o.ObjectSeq))
	dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(o.Place.Latitude))
	dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(o.Place.Longitude))
	dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(o.Place.Radius))
	dst = binary.LittleEndian.AppendUint32(dst, o.Place.ASN)
	dst = append(dst, o.Place.Country[:]...)
	located := byte(0)
	if o.Place.HasLocation {
		located = 1
	}
	return append(dst, located)
}

func appendAssessment(dst []byte, a *models.Assessment) []byte {
	for _, v := range [...]float64{a.Score, a.ActorScore, a.Nats, a.Base, a.Confidence, a.Refill,
		a.ActorNats} {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	dst = append(dst, byte(a.Wanted), 0)
	dst = append(dst, byte(min(max(a.NumReasons, 0), int(models.NumGroups))))
	for _, g := range a.Reasons {
		dst = append(dst, byte(g))
	}
	return dst
}

func appendFeatures(dst []byte, f *models.Features, mask models.FeatureMask) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(f.Flags))
	for _, s := range f.States {
		dst = append(dst, byte(s))
	}
	for _, w := range mask {
		dst = binary.LittleEndian.AppendUint64(dst, w)
	}
	for w, left := range mask {
		for ; left != 0; left &= left - 1 {
			v := f.Values[64*w+bits.TrailingZeros64(left)]
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
		}
	}
	return dst
}

func appendGroups(dst []byte, ev *models.Event, mask uint32) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, mask)
	for ; mask != 0; mask &= mask - 1 {
		g := bits.TrailingZeros32(mask)
		e, c := &ev.Evidence[g], &ev.Assessment.Contributions[g]
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(c.Nats))
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(c.Points))
		dst = append(dst, byte(e.State), byte(e.Facts[0].Code), byte(e.Facts[1].Code), byte(e.Facts[2].Code))
		for i := range e.Facts {
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(e.Facts[i].Value))
		}
	}
	return dst
}
