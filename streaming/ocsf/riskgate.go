package ocsf

import (
	"encoding/base64"
	"math"
	"unicode/utf8"

	"github.com/riskgate/riskgate/models"
)

// unmappedVersion is the version of unmapped.riskgate. Members are only ever
// added to it.
const unmappedVersion = 1

// appendEnd writes unmapped.riskgate, which holds all that OCSF has no name for,
// and everything that a decision was computed from.
func appendEnd(dst []byte, ev *models.Event, opt Options) []byte {
	dst = recall(dst, opt.memo.start, startKey{ev.Kind, ev.Node, ev.Boot}, appendStart)
	dst = unsigned(dst, `"seq":`, ev.Seq)
	dst = appendDecision(dst, ev, opt)
	dst = appendAssessment(dst, &ev.Assessment, opt.memo)
	dst = appendContributions(dst, ev, opt.memo)
	dst = appendInputs(dst, ev)
	dst = recall(dst, opt.memo.caller, callerKey{
		ev.Subject, ev.Credential, ev.Established, ev.Machine, ev.CanStepUp, ev.TLS}, appendCaller)
	dst = appendObserved(dst, &ev.Observed, opt)
	dst = appendExact(dst, ev)
	dst = appendPayload(dst, `"payload":`, ev.Payload)
	dst = appendRaw(dst, ev, opt)
	return closeWith(closeWith(closeWith(dst, '}'), '}'), '}')
}

func appendStart(dst []byte, k *startKey) []byte {
	dst = append(dst, `"unmapped":{"riskgate":{`...)
	dst = number(dst, `"version":`, unmappedVersion)
	dst = name(dst, `"kind":`, k.kind.String())
	dst = text(dst, `"node":`, k.node)
	return unsigned(dst, `"boot":`, k.boot)
}

func appendDecision(dst []byte, ev *models.Event, opt Options) []byte {
	dst = recall(dst, opt.memo.decision, decisionKey{
		ev.Action, ev.ByRisk, ev.ByPolicy, ev.Mode, ev.PolicyMode, ev.Class, opt.clear()}, appendActions)
	dst = textIf(dst, `"challenge":`, view(ev.Challenge))
	dst = numberIf(dst, `"max_age_ns":`, int64(ev.MaxAge))
	dst = trueIf(dst, `"passed":`, ev.Passed)
	dst = floatIf(dst, `"credit":`, ev.Credit, opt.memo)
	dst = textIf(dst, `"finding":`, ev.Finding)
	dst = trueIf(dst, `"closed":`, ev.Closed)
	dst = appendRulings(dst, &ev.Rulings)
	if ev.Login != models.NoLogin {
		dst = name(dst, `"login":`, ev.Login.String())
	}
	if ev.Activity != models.NoActivity {
		dst = name(dst, `"activity":`, ev.Activity.String())
	}
	if models.Remarkable(ev) {
		dst = number(dst, `"words":`, models.WordsVersion)
	}
	return dst
}

// appendRulings writes the verdicts that took effect, oldest first.
func appendRulings(dst []byte, all *models.Rulings) []byte {
	if *all == (models.Rulings{}) {
		return dst
	}
	dst = append(dst, `"verdicts":[`...)
	for i := range all {
		if r := &all[i]; r.Kind != models.NoVerdict {
			dst = append(dst, '{')
			dst = name(dst, `"kind":`, r.Kind.String())
			dst = numberIf(dst, `"at":`, int64(r.At))
			dst = numberIf(dst, `"since":`, int64(r.Since))
			dst = closeWith(dst, '}')
		}
	}
	return closeWith(dst, ']')
}

func appendActions(dst []byte, k *decisionKey) []byte {
	if !k.clear {
		dst = append(dst, `"privacy":"truncate",`...)
	}
	dst = name(dst, `"action":`, k.action.String())
	dst = name(dst, `"by_risk":`, k.byRisk.String())
	dst = name(dst, `"by_policy":`, k.byPolicy.String())
	dst = name(dst, `"mode":`, k.mode.String())
	dst = name(dst, `"policy_mode":`, k.policyMode.String())
	return name(dst, `"class":`, k.class.String())
}

func appendAssessment(dst []byte, a *models.Assessment, m *memo) []byte {
	dst = floatIf(dst, `"score":`, a.Score, m)
	dst = floatIf(dst, `"actor_score":`, a.ActorScore, m)
	dst = floatIf(dst, `"nats":`, a.Nats, m)
	dst = floatIf(dst, `"actor_nats":`, a.ActorNats, m)
	dst = floatIf(dst, `"base":`, a.Base, m)
	dst = floatIf(dst, `"confidence":`, a.Confidence, m)
	dst = floatIf(dst, `"refill":`, a.Refill, m)
	dst = name(dst, `"level":`, a.Level.String())
	dst = name(dst, `"wanted":`, a.Wanted.String())
	if a.NumReasons > 0 {
		dst = append(dst, `"reasons":[`...)
		for _, g := range a.Top() {
			dst = name(dst, "", g.String())
		}
		dst = closeWith(dst, ']')
	}
	return dst
}

// appendContributions writes one object for each group that is not clean, counts
// for something or has facts.
func appendContributions(dst []byte, ev *models.Event, m *memo) []byte {
	dst = append(dst, `"contributions":[`...)
	for g := range ev.Evidence {
		e, c := &ev.Evidence[g], &ev.Assessment.Contributions[g]
		if silent(e, c) {
			continue
		}
		dst = append(dst, '{')
		dst = name(dst, `"group":`, models.Group(g).String())
		dst = name(dst, `"state":`, e.State.String())
		dst = floatIf(dst, `"nats":`, c.Nats, m)
		dst = floatIf(dst, `"points":`, c.Points, m)
		dst = appendFacts(dst, &e.Facts, m)
		dst = closeWith(dst, '}')
	}
	return closeWith(dst, ']')
}

// silent reports whether a group is clean and adds nothing.
func silent(e *models.Evidence, c *models.Contribution) bool {
	f := &e.Facts
	return math.Float64bits(c.Nats)|math.Float64bits(c.Points)|uint64(e.State)|uint64(f[0].Code|f[1].Code|f[2].Code)|
		uint64(math.Float32bits(f[0].Value)|math.Float32bits(f[1].Value)|math.Float32bits(f[2].Value)) == 0
}

func appendFacts(dst []byte, facts *[models.MaxFacts]models.Fact, m *memo) []byte {
	last := len(facts)
	for last > 0 && facts[last-1].Code == 0 && math.Float32bits(facts[last-1].Value) == 0 {
		last--
	}
	if last == 0 {
		return dst
	}
	dst = append(dst, `"facts":[`...)
	for _, f := range facts[:last] {
		dst = append(dst, '{')
		dst = name(dst, `"fact":`, f.Code.String())
		dst = float32If(dst, `"value":`, f.Value, m)
		dst = closeWith(dst, '}')
	}
	return closeWith(dst, ']')
}

// appendInputs writes what the score was computed from.
func appendInputs(dst []byte, ev *models.Event) []byte {
	dst = hexadecimal(dst, `"config_hash":`, ev.ConfigHash[:])
	dst = trueIf(dst, `"learned":`, ev.Features.Has(models.LearnedWeights))
	dst = trueIf(dst, `"explored":`, ev.Features.Has(models.Explored))
	dst = trueIf(dst, `"look":`, ev.Features.Has(models.IsLook))
	if ev.Kind != models.DecisionEvent && ev.Features == (models.Features{}) {
		return dst
	}
	var room [8 + int(models.NumGroups) + 4*models.MaxFeatures]byte
	dst = append(dst, `"features":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, ev.Features.AppendBinary(room[:0]))
	return append(dst, '"', ',')
}

func appendCaller(dst []byte, k *callerKey) []byte {
	dst = name(dst, `"subject":`, k.subject.String())
	dst = name(dst, `"credential":`, k.credential.String())
	dst = trueIf(dst, `"established":`, k.established)
	dst = trueIf(dst, `"machine":`, k.machine)
	dst = trueIf(dst, `"can_step_up":`, k.canStepUp)
	if k.tls != (models.TLSFacts{}) {
		dst = openObject(dst, `"tls":`)
		dst = numberIf(dst, `"version":`, int64(k.tls.Version))
		dst = textIf(dst, `"ja4":`, k.tls.JA4)
		dst = textIf(dst, `"server_name":`, k.tls.ServerName)
		dst = textIf(dst, `"alpn":`, k.tls.ALPN)
		dst = closeWith(dst, '}')
	}
	return dst
}

// appendObserved writes the keyed hashes that learning reads. The object number
// is an id of the path and left out with it.
func appendObserved(dst []byte, o *models.Observed, opt Options) []byte {
	if *o == (models.Observed{}) {
		return dst
	}
	dst = openObject(dst, `"observed":`)
	dst = numberIf(dst, `"address":`, int64(o.Address))
	dst = numberIf(dst, `"network":`, int64(o.Network))
	dst = numberIf(dst, `"country":`, int64(o.Country))
	dst = numberIf(dst, `"fingerprint":`, int64(o.Fingerprint))
	dst = numberIf(dst, `"handshake":`, int64(o.Handshake))
	dst = numberIf(dst, `"family":`, int64(o.Family))
	dst = numberIf(dst, `"device_type":`, int64(o.DeviceType))
	dst = numberIf(dst, `"credential":`, int64(o.Credential))
	dst = numberIf(dst, `"object":`, int64(o.Object))
	dst = numberIf(dst, `"device_token":`, int64(o.DeviceToken))
	dst = numberIf(dst, `"login_user":`, int64(o.LoginUser))
	dst = numberIf(dst, `"endpoint":`, int64(o.Endpoint))
	dst = numberIf(dst, `"role":`, int64(o.Role))
	if opt.clear() && o.ObjectSeq != -1 {
		dst = number(dst, `"object_seq":`, o.ObjectSeq)
	}
	dst = float32If(dst, `"radius_km":`, o.Place.Radius, opt.memo)
	dst = trueIf(dst, `"located":`, o.Place.HasLocation)
	if !hasCountry(&o.Place) || !o.Place.HasLocation {
		dst = float32If(dst, `"lat":`, o.Place.Latitude, opt.memo)
		dst = float32If(dst, `"long":`, o.Place.Longitude, opt.memo)
	}
	return closeWith(dst, '}')
}

// appendExact writes what OCSF's own members round.
func appendExact(dst []byte, ev *models.Event) []byte {
	dst = numberIf(dst, `"ns":`, remainder(ev.Time))
	dst = numberIf(dst, `"first_ns":`, remainder(ev.FirstTime))
	dst = numberIf(dst, `"last_ns":`, remainder(ev.LastTime))
	dst = numberIf(dst, `"duration_ns":`, int64(ev.Duration))
	dst = numberIf(dst, `"upstream_ns":`, int64(ev.UpstreamTime))
	dst = numberIf(dst, `"bytes_in":`, ev.BytesIn)
	dst = numberIf(dst, `"bytes_out":`, ev.BytesOut)
	if ev.Upstream != "" && ev.Kind != models.DecisionEvent && ev.Kind != models.RefusalEvent {
		dst = text(dst, `"upstream":`, ev.Upstream)
	}
	if ev.Route != "" && ev.Kind != models.DecisionEvent && ev.Kind != models.RefusalEvent {
		dst = text(dst, `"route":`, ev.Route)
	}
	if ev.Kind == models.AuthenticationEvent || ev.Kind == models.FindingEvent {
		dst = textIf(dst, `"trace":`, view(ev.TraceID))
	}
	if len(ev.Method) > 0 && !knownMethod(view(ev.Method)) {
		dst = text(dst, `"method":`, view(ev.Method))
	}
	if ev.Prefix.IsValid() {
		dst = append(dst, `"prefix":"`...)
		dst = append(ev.Prefix.AppendTo(dst), '"', ',')
	}
	dst = trueIf(dst, `"no_client":`, ev.Prefix.IsValid() && !ev.Client.IsValid())
	return trueIf(dst, `"no_peer":`, ev.Client.IsValid() && !ev.Peer.IsValid())
}

// appendRaw writes, as base64, the texts of the request that are not UTF-8 and
// had to be changed for JSON.
func appendRaw(dst []byte, ev *models.Event, opt Options) []byte {
	from := len(dst)
	dst = openObject(dst, `"raw":`)
	start := len(dst)
	dst = rawIf(dst, `"method":`, ev.Method)
	dst = rawIf(dst, `"host":`, ev.Host)
	dst = rawIf(dst, `"request_id":`, ev.RequestID)
	dst = rawIf(dst, `"trace":`, ev.TraceID)
	dst = rawIf(dst, `"policies":`, ev.Policies)
	dst = rawIf(dst, `"challenge":`, ev.Challenge)
	if opt.clear() || ev.Credential == models.APIKey {
		dst = rawIf(dst, `"credential":`, ev.CredID)
	}
	if opt.clear() {
		dst = rawIf(dst, `"path":`, ev.Path)
		dst = rawIf(dst, `"agent":`, ev.Agent)
	}
	if len(dst) == start {
		return dst[:from]
	}
	return closeWith(dst, '}')
}

func rawIf(dst []byte, key string, value []byte) []byte {
	if utf8.Valid(value) {
		return dst
	}
	return base64If(dst, key, value)
}
