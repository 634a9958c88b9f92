package ocsf

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/riskgate/riskgate/models"
)

// ErrForeign says that bytes are no event of riskgate's that this build reads.
var ErrForeign = errors.New("ocsf: not an event of riskgate")

// Decode reads what AppendEvent wrote into ev, which it resets first. Under Clear
// every field comes back to the bit but Identity, the pseudonym of anonymous
// callers, and Lambda and Confidence of the evidence, which are computed from the
// features; under Truncate those it cuts come back cut, and an object number as -1.
func Decode(src []byte, ev *models.Event) error {
	var w wire
	ev.Reset()
	if err := json.Unmarshal(src, &w); err != nil {
		return fmt.Errorf("%w: %w", ErrForeign, err)
	}
	d := reader{w: &w, g: &w.Unmapped.Riskgate, ev: ev}
	if w.Type == "riskgate.config" {
		d.config()
		return d.err
	}
	if d.g.Version != unmappedVersion {
		return fmt.Errorf("%w: unmapped.riskgate.version %d, want %d", ErrForeign, d.g.Version, unmappedVersion)
	}
	d.identity()
	d.decision()
	d.assessment()
	d.contributions()
	d.caller()
	d.request()
	d.observed()
	d.raw()
	return d.err
}

// reader fills ev from w and keeps the first mistake.
type reader struct {
	w   *wire
	g   *wireRiskgate
	ev  *models.Event
	err error
}

func (d *reader) fail(path, value string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s %q", ErrForeign, path, value)
	}
}

// named returns the value whose String is name. What the models call "unknown" is
// beyond the last value, but for logins.
func named[T interface {
	~uint8
	String() string
}](d *reader, path, name string) T {
	if name != "unknown" || path == "login" {
		for i := range 256 {
			if T(i).String() == name {
				return T(i)
			}
		}
	}
	d.fail(path, name)
	return 0
}

func (d *reader) hex(path string, dst []byte, text string) {
	if n, err := hex.Decode(dst, []byte(text)); err != nil || n != len(dst) {
		d.fail(path, text)
	}
}

func (d *reader) uuid(dst *models.EventID, text string) {
	d.hexText("uid", dst[:], strings.ReplaceAll(text, "-", ""), text)
}

func (d *reader) hexText(path string, dst []byte, digits, shown string) {
	if len(digits) != 2*len(dst) {
		d.fail(path, shown)
		return
	}
	d.hex(path, dst, digits)
}

func moments(milli, nanos int64) time.Time {
	return time.UnixMilli(milli).Add(time.Duration(nanos)).UTC()
}

func (d *reader) config() {
	ev, w := d.ev, d.w
	ev.Kind = models.ConfigEvent
	d.uuid(&ev.ID, w.UID)
	d.hexText("config_hash", ev.ConfigHash[:], w.ConfigHash, w.ConfigHash)
	ev.Time = moments(w.Time, w.Nanos)
	ev.Node, ev.Boot, ev.Seq = w.Node, w.Boot, w.Seq
	ev.Payload = d.payload(w.Risk)
}

// payload gives JSON as it is and the content of a base64 string.
func (d *reader) payload(raw json.RawMessage) []byte {
	if len(raw) == 0 || raw[0] != '"' {
		return append(d.ev.Payload, raw...)
	}
	var b []byte
	if err := json.Unmarshal(raw, &b); err != nil {
		d.fail("payload", string(raw))
	}
	return append(d.ev.Payload, b...)
}

func (d *reader) identity() {
	ev, w, g := d.ev, d.w, d.g
	ev.Kind = named[models.EventKind](d, "kind", g.Kind)
	d.uuid(&ev.ID, w.Metadata.UID)
	ev.Node, ev.Boot, ev.Seq = g.Node, g.Boot, g.Seq
	ev.Time = moments(w.Time, g.Nanos)
	if w.Start != nil {
		ev.FirstTime = moments(*w.Start, g.FirstNanos)
	}
	if w.End != nil {
		ev.LastTime = moments(*w.End, g.LastNanos)
	}
	ev.Count = w.Count
	ev.Finding = g.Finding
	ev.Payload = d.payload(g.Payload)
	ev.Route, ev.Upstream = g.Route, g.Upstream
	if w.Class == classAPI {
		ev.Upstream = w.Destination.Service
		if len(w.Resources) > 0 {
			ev.Route = w.Resources[0].Name
		}
	}
	if g.Prefix != nil {
		ev.Prefix = *g.Prefix
	}
}

func (d *reader) decision() {
	ev, g := d.ev, d.g
	ev.Action = named[models.Action](d, "action", g.Action)
	ev.ByRisk = named[models.Action](d, "by_risk", g.ByRisk)
	ev.ByPolicy = named[models.Action](d, "by_policy", g.ByPolicy)
	ev.Mode = named[models.Mode](d, "mode", g.Mode)
	ev.PolicyMode = named[models.Mode](d, "policy_mode", g.PolicyMode)
	ev.Class = named[models.Class](d, "class", g.Class)
	ev.Denial = models.Denial(d.w.Denial)
	ev.Policies = append(ev.Policies, d.w.Policy.UID...)
	ev.Challenge = append(ev.Challenge, g.Challenge...)
	ev.MaxAge = time.Duration(g.MaxAge)
	ev.Passed, ev.Credit, ev.Closed = g.Passed, g.Credit, g.Closed
	d.rulings()
	if g.Login != "" {
		ev.Login = named[models.Outcome](d, "login", g.Login)
	}
	if g.Activity != "" {
		ev.Activity = named[models.Activity](d, "activity", g.Activity)
	}
}

func (d *reader) rulings() {
	all := d.g.Verdicts
	if len(all) > models.MaxRulings {
		d.fail("verdicts", fmt.Sprint(len(all)))
		return
	}
	for i, r := range all {
		d.ev.Rulings[i] = models.Ruling{Kind: named[models.VerdictKind](d, "verdicts.kind", r.Kind), At: r.At, Since: r.Since}
	}
}

func (d *reader) assessment() {
	a, g := &d.ev.Assessment, d.g
	a.Score, a.ActorScore, a.Nats, a.Base = g.Score, g.ActorScore, g.Nats, g.Base
	a.Confidence, a.Refill, a.ActorNats = g.Confidence, g.Refill, g.ActorNats
	a.Level = named[models.Level](d, "level", g.Level)
	a.Wanted = named[models.Action](d, "wanted", g.Wanted)
	if len(g.Reasons) > len(a.Reasons) {
		d.fail("reasons", fmt.Sprint(len(g.Reasons)))
		return
	}
	a.NumReasons = len(g.Reasons)
	for i, name := range g.Reasons {
		a.Reasons[i] = named[models.Group](d, "reasons", name)
	}
}

func (d *reader) contributions() {
	ev, g := d.ev, d.g
	d.hexText("config_hash", ev.ConfigHash[:], g.ConfigHash, g.ConfigHash)
	if len(g.Features) > 0 {
		if err := ev.Features.UnmarshalBinary(g.Features); err != nil && d.err == nil {
			d.err = fmt.Errorf("%w: features: %w", ErrForeign, err)
		}
	}
	for i := range g.Contributions {
		c := &g.Contributions[i]
		group := named[models.Group](d, "contributions.group", c.Group)
		e := &ev.Evidence[group]
		ev.Assessment.Contributions[group] = models.Contribution{Nats: c.Nats, Points: c.Points}
		e.State = named[models.State](d, "contributions.state", c.State)
		if len(c.Facts) > models.MaxFacts {
			d.fail("contributions.facts", fmt.Sprint(len(c.Facts)))
			return
		}
		for j, f := range c.Facts {
			e.Facts[j] = models.Fact{Code: named[models.FactCode](d, "facts", f.Fact), Value: f.Value}
		}
	}
}

func (d *reader) caller() {
	ev, g := d.ev, d.g
	ev.Subject = named[models.SubjectKind](d, "subject", g.Subject)
	ev.Credential = named[models.CredentialKind](d, "credential", g.Credential)
	ev.Established, ev.Machine, ev.CanStepUp = g.Established, g.Machine, g.CanStepUp
	ev.TLS = models.TLSFacts(g.TLS)
}

func (d *reader) request() {
	ev, g, r := d.ev, d.g, &d.w.wireRequest
	if ev.Kind == models.FindingEvent && len(d.w.Evidences) > 0 {
		r = &d.w.Evidences[0]
	}
	if r.Source.IP != nil && !g.NoClient {
		ev.Client = *r.Source.IP
	}
	switch {
	case len(r.Source.Intermediate) > 0:
		ev.Peer = r.Source.Intermediate[0]
	case !g.NoPeer:
		ev.Peer = ev.Client
	}
	user := &d.w.User
	if ev.Kind != models.AuthenticationEvent {
		user = &r.Actor.User
	}
	ev.CredID = append(ev.CredID, user.Credential...)
	if ev.Subject != models.Anonymous {
		d.hexText("user.uid", ev.Pseudonym[:], user.UID, user.UID)
	}
	ev.Method = append(append(ev.Method, r.Request.Method...), g.Method...)
	ev.Host = append(ev.Host, r.Request.URL.Host...)
	ev.Path = append(ev.Path, r.Request.URL.Path...)
	ev.Agent = append(ev.Agent, r.Request.Agent...)
	ev.RequestID = append(ev.RequestID, r.Request.UID...)
	ev.TraceID = append(append(ev.TraceID, d.w.Trace.UID...), g.Trace...)
	ev.Status = r.Response.Code
	ev.Duration, ev.UpstreamTime = time.Duration(g.Duration), time.Duration(g.UpstreamNs)
	ev.BytesIn, ev.BytesOut = g.BytesIn, g.BytesOut
	p := &ev.Observed.Place
	copy(p.Country[:], r.Source.Location.Country)
	p.ASN = r.Source.AS.Number
	if r.Source.Location.Lat != nil && r.Source.Location.Long != nil {
		p.Latitude, p.Longitude = *r.Source.Location.Lat, *r.Source.Location.Long
	}
}

func (d *reader) observed() {
	o, g := &d.ev.Observed, d.g.Observed
	if g == nil {
		return
	}
	o.Address, o.Network, o.Country = g.Address, g.Network, g.Country
	o.Fingerprint, o.Family, o.DeviceType = g.Fingerprint, g.Family, g.DeviceType
	o.Credential, o.Object = g.Credential, g.Object
	o.DeviceToken, o.LoginUser, o.Handshake = g.DeviceToken, g.LoginUser, g.Handshake
	o.Endpoint, o.Role = g.Endpoint, g.Role
	o.ObjectSeq = -1
	if g.ObjectSeq != nil {
		o.ObjectSeq = *g.ObjectSeq
	}
	o.Place.Radius, o.Place.HasLocation = g.Radius, g.Located
	if !hasCountry(&o.Place) || !g.Located {
		o.Place.Latitude, o.Place.Longitude = g.Lat, g.Long
	}
}

// raw puts back the texts that are not UTF-8.
func (d *reader) raw() {
	ev := d.ev
	for name, dst := range map[string]*[]byte{
		"method": &ev.Method, "host": &ev.Host, "request_id": &ev.RequestID, "trace": &ev.TraceID,
		"policies": &ev.Policies, "challenge": &ev.Challenge, "credential": &ev.CredID,
		"path": &ev.Path, "agent": &ev.Agent,
	} {
		if b, ok := d.g.Raw[name]; ok {
			*dst = append((*dst)[:0], b...)
		}
	}
}
