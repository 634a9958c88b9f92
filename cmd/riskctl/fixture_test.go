package main

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/signals"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// begin is when the first event of a fixture was made.
var begin = time.Date(2026, 9, 21, 8, 0, 0, 123e6, time.UTC)

// fixedID returns the id of event n: a UUIDv7 whose end is n.
func fixedID(n int) (id models.EventID) {
	milli := begin.Add(time.Duration(n) * time.Second).UnixMilli()
	for i := range 6 {
		id[i] = byte(milli >> (40 - 8*i))
	}
	id[6], id[8] = 0x70, 0x80
	id[13], id[14], id[15] = byte(n>>16), byte(n>>8), byte(n)
	return id
}

func fixedTime(n int) time.Time { return begin.Add(time.Duration(n) * time.Second) }

func idText(n int) string { return string(ocsf.AppendUUID(nil, fixedID(n))) }

// known are the features of a person in usual circumstances.
func known() (f models.Features) {
	f.Flags = models.IsLook | models.HasAgent | models.IsEstablished | models.SecondModel | models.TimesAnswers | models.KnowsDistance
	for _, first := range []models.Feature{models.NetWeight1, models.DevWeight1} {
		for i := range models.Feature(3) {
			f.Set(first+i, 25+float64(i))
			f.Set(first+4+i, 0.001*float64(1+i))
			f.Set(first+7+i, 0.05)
			f.Set(first+10+i, 0.02)
		}
		f.Set(first+3, 30)
		f.Set(first+13, 1) // odds
		f.Set(first+14, 1) // trust
		f.Set(first+15, 1)
	}
	f.Set(models.TimeHour, 8)
	f.Set(models.TimeOwn, 3)
	f.Set(models.TimeTotal, 40)
	f.Set(models.TimeGlobal, 1.0/24)
	f.Set(models.SinceLook, 35)
	f.Set(models.RTTConnection, 12)
	f.Set(models.RTTHandshake, 19)
	f.Set(models.RTTDistance, 230)
	return f
}

// stolen are the features of a stolen session: another device, another country,
// and a source of bad repute.
func stolen() models.Features {
	f := known()
	for i := range models.Feature(3) {
		f.Set(models.NetWeight1+i, 0)
		f.Set(models.DevWeight1+i, 0)
	}
	f.Flags |= models.SourceTor | models.IsSessionChange
	f.Set(models.NetOdds, 12)
	f.Set(models.SessionKind, models.SessionFingerprint)
	f.Set(models.TravelDistance, 6000)
	f.Set(models.TravelElapsed, 1800)
	return f
}

// moved are the features of a person on a new device in a new network, behind a
// proxy.
func moved() models.Features {
	f := known()
	f.Set(models.DevWeight1, 0)
	f.Set(models.DevWeight1+1, 0)
	f.Set(models.NetWeight1, 0)
	f.Set(models.NetWeight1+1, 0)
	f.Set(models.FailedLogins, 2)
	f.Set(models.RTTHandshake, 260)
	return f
}

// random are features of any caller, each in its range.
func random(r *rand.Rand) models.Features {
	f := []func() models.Features{known, stolen, moved}[r.IntN(3)]()
	for i := range f.Values {
		if r.IntN(4) == 0 {
			f.Values[i] *= float32(r.Float64() * 2)
		}
	}
	if r.IntN(3) == 0 {
		f.Flags &^= models.IsLook
		for i := models.HeldNetwork; i <= models.HeldTravel; i++ {
			f.Set(i, r.NormFloat64())
		}
	}
	if r.IntN(5) == 0 {
		f.Flags |= models.IsAnonymous
	}
	if f.Set(models.ActorNats, max(0, r.NormFloat64())); r.IntN(8) == 0 {
		f.Set(models.VerdictNats, r.NormFloat64()*5)
		f.Flags |= models.IsConfirmed * models.Flag(r.IntN(2))
	}
	f.Set(models.RateMinute, r.ExpFloat64()*20)
	f.Set(models.RateHour, r.ExpFloat64()*200)
	return f
}

// decided is the event of a decision about f, as the gateway makes it.
func decided(n int, f models.Features, engine *risk.Engine) *models.Event {
	e := &models.Event{
		ID: fixedID(n), Time: fixedTime(n), Node: "edge-1", Boot: 1790000000000, Seq: uint64(n),
		Route: "orders.read", Class: models.Normal, Subject: models.User, Credential: models.JWT, CanStepUp: true,
		Pseudonym: models.PseudonymOf([]byte("fixture"), models.Subject{ID: fmt.Sprint(n % 7)}, 0),
		Client:    netip.MustParseAddr("198.51.100.7"), Peer: netip.MustParseAddr("198.51.100.7"),
		Method: []byte("GET"), Host: []byte("api.example.com"), Path: []byte("/v1/orders/1042"), Agent: []byte("Mozilla/5.0"),
		ConfigHash: engine.Hash(), Features: f, Mode: engine.Mode(), Status: 200, Upstream: "orders-1",
	}
	if f.Has(models.IsAnonymous) {
		e.Subject, e.Credential, e.CanStepUp = models.Anonymous, models.NoCredential, false
	}
	e.Observed.Place = models.Place{ASN: 3320, Country: [2]byte{'D', 'E'}}
	signals.Evaluate(&e.Features, &e.Evidence)
	for g := range e.Evidence {
		e.Features.States[g] = e.Evidence[g].State
	}
	engine.Assess(&e.Features, &e.Evidence, e.Class, &e.Assessment)
	e.ByRisk = engine.Resolve(&e.Assessment, &e.Features, e.Class, e.CanStepUp).Action
	if e.Mode == models.Enforce {
		enforceOn(e)
	}
	return e
}

func enforceOn(e *models.Event) {
	e.Action = e.ByRisk
	switch e.Action {
	case models.StepUp:
		e.Denial, e.Challenge = models.StepUpRequired, []byte("urn:mfa")
	case models.Deny:
		e.Denial = models.RiskDenied
	default:
		return
	}
	e.Status, e.Upstream = e.Denial.Status(), ""
}

// configured is the record of a risk section.
func configured(engine *risk.Engine) *models.Event {
	return &models.Event{
		Kind: models.ConfigEvent, ID: fixedID(0), Time: begin, Node: "edge-1", Boot: 1790000000000,
		ConfigHash: engine.Hash(), Payload: engine.JSON(),
	}
}

// story is a short history: usual, moved, stolen, a refusal, and what is told
// beside decisions.
func story(engine *risk.Engine) []*models.Event {
	usual, move, theft := decided(1, known(), engine), decided(2, moved(), engine), decided(3, stolen(), engine)
	passed := decided(5, moved(), engine)
	passed.Kind, passed.Passed = models.AuthenticationEvent, true
	finding := decided(6, stolen(), engine)
	finding.Kind, finding.Finding = models.FindingEvent, string(risk.ActorHigh)
	refusal := &models.Event{
		Kind: models.RefusalEvent, ID: fixedID(4), Time: fixedTime(4), Node: "edge-1", Boot: 1790000000000, Seq: 4,
		FirstTime: fixedTime(4), LastTime: fixedTime(4), Prefix: netip.MustParsePrefix("203.0.113.0/24"),
		Denial: models.UnknownKey, Count: 17, Status: 401, Action: models.Deny,
	}
	return []*models.Event{configured(engine), usual, move, theft, refusal, passed, finding}
}

func encode(events ...*models.Event) (lines []byte) {
	for _, e := range events {
		lines = append(ocsf.AppendEvent(lines, e, ocsf.Options{Privacy: ocsf.Truncate, Version: "0.1.0"}), '\n')
	}
	return lines
}

func inShadow() risk.Config {
	c := risk.DefaultConfig()
	c.Mode = models.Shadow
	return c
}

// writeEvents writes a risk section and n decisions about random features.
func writeEvents(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events.jsonl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	engine, r := risk.New(risk.DefaultConfig()), rand.New(rand.NewPCG(1, 2))
	lines := encode(configured(engine))
	for i := range n {
		lines = append(lines, encode(decided(i+1, random(r), engine))...)
		if len(lines) > 1<<20 || i == n-1 {
			if _, err := f.Write(lines); err != nil {
				t.Fatal(err)
			}
			lines = lines[:0]
		}
	}
	return path
}

// hashOf is the hash of a risk section as docs and record define it.
func hashOf(record []byte) (hash [8]byte) {
	sum := sha256.Sum256(record)
	copy(hash[:], sum[:])
	return hash
}
