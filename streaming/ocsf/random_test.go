package ocsf

import (
	"encoding/hex"
	"math"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/riskgate/riskgate/models"
)

// randomEvent returns an event of kind with every field set to something that a
// gateway could have put there, byte strings being anything at all.
func randomEvent(r *rand.Rand, kind models.EventKind) *models.Event {
	ev := &models.Event{Kind: kind, Node: word(r), Boot: r.Uint64N(1 << 50), Seq: r.Uint64N(1 << 40)}
	fill(r, ev.ID[:])
	ev.Time = time.Unix(r.Int64N(4e9), r.Int64N(1e9)).UTC()
	fill(r, ev.ConfigHash[:])
	ev.Payload = payload(r)
	if kind == models.ConfigEvent {
		return ev
	}
	ev.Route, ev.Upstream = word(r), word(r)
	ev.Class = models.Class(r.IntN(int(models.NumClasses)))
	ev.Subject = models.SubjectKind(r.IntN(3))
	if ev.Subject != models.Anonymous {
		fill(r, ev.Pseudonym[:])
		ev.CredID = wild(r)
	}
	ev.Credential = models.CredentialKind(r.IntN(3))
	ev.Client, ev.Peer = addr(r), addr(r)
	if kind == models.RefusalEvent {
		ev.Client, ev.Peer = netip.Addr{}, netip.Addr{}
		ev.Prefix, _ = addr(r).Prefix(24)
	}
	ev.TLS = models.TLSFacts{Version: uint16(r.Uint32()), JA4: word(r), ServerName: word(r), ALPN: word(r)}
	methods := []string{"GET", "POST", "PURGE", "PATCH", "DELETE", "\xff"}
	ev.Method = []byte(methods[r.IntN(len(methods))])
	ev.Host, ev.Path, ev.Agent = wild(r), wild(r), wild(r)
	ev.RequestID = wild(r)
	if r.IntN(2) == 0 {
		var trace [16]byte
		fill(r, trace[:])
		ev.TraceID = []byte(hex.EncodeToString(trace[:]))
	}
	ev.Established, ev.Machine, ev.CanStepUp, ev.Passed = flip(r), flip(r), flip(r), flip(r)
	randomScore(r, ev)
	ev.Observed = observed(r)
	actions := int(models.NumActions)
	ev.Action, ev.ByRisk, ev.ByPolicy = models.Action(r.IntN(actions)), models.Action(r.IntN(actions)), models.Action(r.IntN(actions))
	ev.Mode, ev.PolicyMode = models.Mode(r.IntN(2)), models.Mode(r.IntN(2))
	ev.Policies, ev.Challenge = wild(r), wild(r)
	if denials := models.Denials(); flip(r) {
		ev.Denial = denials[r.IntN(len(denials))]
	}
	ev.MaxAge, ev.Credit = time.Duration(r.Int64N(1e12)), number64(r)
	ev.Status = []int{0, 200, 401, 503}[r.IntN(4)]
	ev.UpstreamTime, ev.Duration = time.Duration(r.Int64N(1e12)), time.Duration(r.Int64N(1e12))
	ev.BytesIn, ev.BytesOut = r.Int64(), r.Int64()
	ev.Login = models.Outcome(r.IntN(4))
	ev.Activity = models.Activity(r.IntN(int(models.NumActivities)))
	if flip(r) {
		ev.Count = r.Uint32()
		ev.FirstTime, ev.LastTime = ev.Time.Add(-time.Second), ev.Time.Add(time.Nanosecond)
	}
	ev.Finding, ev.Closed = word(r), flip(r)
	for i := range r.IntN(models.MaxRulings + 1) {
		kind := models.VerdictKind(1 + r.IntN(int(models.NumVerdictKinds)-1))
		ev.Rulings[i] = models.Ruling{Kind: kind, At: r.Uint32(), Since: r.Uint32() * uint32(r.IntN(2))}
	}
	return ev
}

func randomScore(r *rand.Rand, ev *models.Event) {
	ev.Features.Flags = models.Flag(r.Uint32())
	for i := range ev.Features.Values {
		ev.Features.Values[i] = float32(number64(r))
	}
	a := &ev.Assessment
	a.Score, a.ActorScore, a.Nats = 100*r.Float64(), 100*r.Float64(), number64(r)
	a.ActorNats = number64(r)
	a.Base, a.Confidence, a.Refill = number64(r), r.Float64(), r.Float64()
	a.Level, a.Wanted = models.Level(r.IntN(int(models.NumLevels))), models.Action(r.IntN(5))
	a.NumReasons = r.IntN(4)
	for i := range a.NumReasons {
		a.Reasons[i] = models.Group(r.IntN(int(models.NumGroups)))
	}
	for g := range ev.Evidence {
		if flip(r) {
			continue
		}
		ev.Features.States[g] = models.State(r.IntN(int(models.NumStates)))
		a.Contributions[g] = models.Contribution{Nats: number64(r), Points: number64(r)}
		e := &ev.Evidence[g]
		e.State = models.State(r.IntN(int(models.NumStates)))
		e.Facts[r.IntN(models.MaxFacts)] = models.Fact{Code: models.FactCode(r.IntN(int(models.FactProbation) + 1)), Value: float32(number64(r))}
	}
}

func observed(r *rand.Rand) models.Observed {
	o := models.Observed{
		Address: r.Uint32(), Network: r.Uint32(), Country: r.Uint32(), Fingerprint: r.Uint32(), Handshake: r.Uint32(), Endpoint: r.Uint32(), Role: r.Uint32(),
		Family: r.Uint32(), DeviceType: r.Uint32(), Credential: r.Uint32(), Object: r.Uint32(),
		ObjectSeq: r.Int64N(100) - 1, DeviceToken: r.Uint32(), LoginUser: r.Uint32(),
	}
	o.Place.ASN = r.Uint32()
	if flip(r) {
		o.Place.Country = [2]byte{'D', 'E'}
	}
	if flip(r) {
		o.Place.HasLocation = true
		o.Place.Latitude, o.Place.Longitude, o.Place.Radius = 180*r.Float32()-90, 360*r.Float32()-180, r.Float32()
	}
	return o
}

func fill(r *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
}

func flip(r *rand.Rand) bool { return r.IntN(2) == 0 }

func word(r *rand.Rand) string {
	words := []string{"orders.read", "login", "a\"b\\c", "ümlaut ✓", "tab\there", "<&>\u2028", "edge-1"}
	return words[r.IntN(len(words))]
}

func wild(r *rand.Rand) []byte {
	if flip(r) {
		return []byte("/v1/" + word(r) + "/1042")
	}
	b := make([]byte, r.IntN(20)+1)
	fill(r, b)
	return b
}

func payload(r *rand.Rand) []byte {
	return [][]byte{nil, []byte(`{"gap":{"from":1, "to":2}}`), []byte("not JSON\x00"), []byte("{\n}")}[r.IntN(4)]
}

func addr(r *rand.Rand) netip.Addr {
	var b [16]byte
	fill(r, b[:])
	switch r.IntN(4) {
	case 0:
		return netip.AddrFrom4([4]byte(b[:4]))
	case 1:
		return netip.AddrFrom16(b)
	case 2:
		return netip.MustParseAddr("198.51.100.7")
	}
	return netip.MustParseAddr("2001:db8::1")
}

func number64(r *rand.Rand) float64 {
	switch r.IntN(6) {
	case 0:
		return 0
	case 1:
		return math.Copysign(0, -1)
	case 2:
		return float64(r.IntN(2000) - 1000)
	case 3:
		return math.Ldexp(r.Float64(), r.IntN(240)-120)
	}
	return 20*r.Float64() - 10
}
