package baseline

import (
	"sync"
	"sync/atomic"

	"github.com/riskgate/riskgate/models"
)

// World is what is normal for everybody: how common values are, how often
// novelty is normal, when people are active, and what the sources of requests
// have done. Each subject teaches it once an hour at most, and requests that
// prove no identity teach it nothing but failed logins. Its size is fixed. Its
// methods may be called at the same time.
type World struct {
	mu sync.RWMutex // guards t
	t  *tables

	// The attack mode, for readers that must not wait: bits of a float32 and the
	// minute it was computed in.
	mode atomic.Uint64
}

// tables is the state of a World. Everything with the half-life of 30 days is
// kept in units that grow with time, so that nothing has to be decayed: divided
// by scale it is in looks.
type tables struct {
	Origin   uint32 // unix seconds at which the scale is 1; 0: nothing learned
	Started  uint32 // first look
	Attempts uint64 // ever seen
	Total    float64
	Sketch   [sketchRows][sketchWidth]float32
	Habits   [numKinds]habits
	Hours    [24]float64
	World    Source
	Sources  sources // reputation, half-life 24 h
	Accounts sources // logins by user name: N passed, B failed
	Logins   [2]minutes
}

// habits are how often one kind of subjects shows something new. Machine clients are
// apart: they look in every hour and change nothing, so that beside many of them every
// person who does would be a rarity.
type habits struct {
	Hazard [2][Levels][GapBuckets]trials
	Leaps  [GapBuckets]trials // of looks from an ASN new to the subject, those that travel forbids
}

// The kinds.
const (
	people = iota // and who is not known
	machines
	numKinds
)

func kindOf(machine bool) int {
	if machine {
		return machines
	}
	return people
}

// trials are k of n, in scaled looks.
type trials struct{ K, N float64 }

// Which group a hazard belongs to.
const (
	NetworkGroup = iota
	DeviceGroup
)

// NewWorld returns a World that has learned nothing.
func NewWorld() *World { return &World{t: newTables()} }

func newTables() *tables {
	return &tables{Sources: newSources(sourceSets), Accounts: newSources(accountSets)}
}

const (
	worldHalfLife = 30 * day
	maxDoublings  = 32 // then the scale starts anew
)

func (t *tables) scale(now uint32) float64 {
	if now <= t.Origin || t.Origin == 0 {
		return 1
	}
	return models.Exp2(float64(now-t.Origin) / worldHalfLife)
}

// rescale makes now the origin of the scale.
func (t *tables) rescale(now uint32) {
	by := 1 / t.scale(now)
	t.Total *= by
	for r := range t.Sketch {
		for i := range t.Sketch[r] {
			t.Sketch[r][i] = float32(float64(t.Sketch[r][i]) * by)
		}
	}
	for k := range t.Habits {
		t.Habits[k].rescale(by)
	}
	for h := range t.Hours {
		t.Hours[h] *= by
	}
	t.Origin = now
}

func (h *habits) rescale(by float64) {
	for g := range h.Hazard {
		for l := range h.Hazard[g] {
			for b := range h.Hazard[g][l] {
				h.Hazard[g][l][b].rescale(by)
			}
		}
	}
	for b := range h.Leaps {
		h.Leaps[b].rescale(by)
	}
}

func (r *trials) rescale(by float64) {
	r.K *= by
	r.N *= by
}

// Query is what a look wants to know about the world.
type Query struct {
	Observed *models.Observed
	Source   SourceKeys
	Classes  models.Flag // Source* bits of the address
	Known    bool        // the subject uses this ASN
	Located  bool        // the databases know the address
	Machine  bool        // a machine client asks
	Gap      float64     // seconds since the last look; negative: none
	Now      uint32      // unix seconds
}

// Norms is the answer; rates are those of the same kind of subjects.
type Norms struct {
	NetShare, DevShare   [Levels]float64 // of the values among all looks
	NetHazard, DevHazard [Levels]float64 // rate of novelty after that gap
	HourShare            float64         // of looks in this hour of the day
	NetOdds, DevOdds     float64         // reputation, 1: unknown
	Leap                 float64         // rate of impossible journeys among new ASNs after that gap
}

// Norms tells what is normal for everybody.
func (w *World) Norms(q *Query) (n Norms) {
	o, b := q.Observed, GapBucket(q.Gap)
	w.mu.RLock()
	defer w.mu.RUnlock()
	t := w.t
	scale := t.scale(q.Now)
	n.NetShare = t.shares([Levels]uint32{o.Address, o.Network, o.Country}, scale)
	n.DevShare = t.shares([Levels]uint32{o.Fingerprint, o.Family, o.DeviceType}, scale)
	h := &t.Habits[kindOf(q.Machine)]
	for l := range Levels {
		n.NetHazard[l] = h.Hazard[NetworkGroup][l][b].rate(scale)
		n.DevHazard[l] = h.Hazard[DeviceGroup][l][b].rate(scale)
	}
	n.HourShare = t.hourShare(int(q.Now/3600%24), scale)
	n.NetOdds, n.DevOdds = t.odds(q)
	n.Leap = h.Leaps[b].leap(scale)
	return n
}

// rate is (k+1)/(n+4).
func (r trials) rate(scale float64) float64 { return (r.K/scale + 1) / (r.N/scale + 4) }

// What is expected of leaps before any were seen: one in 61, which says 4 nats.
const (
	leapPrior = 1.0
	leapLooks = 61.0
)

// leap is (k+1)/(n+61).
func (r trials) leap(scale float64) float64 {
	return (r.K/scale + leapPrior) / (r.N/scale + leapLooks)
}

// hourPrior is how many looks the uniform distribution over the day counts.
const hourPrior = 24

func (t *tables) hourShare(hour int, scale float64) float64 {
	total := 0.0
	for _, n := range t.Hours {
		total += n
	}
	return (t.Hours[hour]/scale + hourPrior/24) / (total/scale + hourPrior)
}

// GapBuckets is how many classes of time since the last look are told apart.
const GapBuckets = 8

// GapBucket returns the class of a gap in seconds; negative is the longest.
func GapBucket(seconds float64) int {
	limits := [GapBuckets - 1]float64{60, 600, 3600, 6 * 3600, day, 7 * day, 30 * day}
	if seconds < 0 {
		return GapBuckets - 1
	}
	for i, limit := range limits {
		if seconds < limit {
			return i
		}
	}
	return GapBuckets - 1
}

// Learn takes a verified look, for which Learn of the profile said share, and the
// outcomes of logins and step-ups into account.
func (w *World) Learn(ev *models.Event, keys SourceKeys, share bool) {
	login := ev.Login == models.LoginFailed || ev.Login == models.LoginPassed
	failed := ev.Denial == models.StepUpExhausted && ev.Subject != models.Anonymous
	if !share && !login && !failed {
		return
	}
	now := Stamp(ev.Time)
	w.mu.Lock()
	defer w.mu.Unlock()
	if share {
		w.t.learnLook(ev, now)
	}
	if login {
		w.t.learnLogin(ev, now)
		w.setMode(w.t.modeNats(now), now)
	}
	if !ev.Features.Has(models.IsMachine) { // who never fails makes everybody else look bad
		w.t.learnSource(keys, badness(ev), now)
	}
}

// badness is how much an attempt speaks against its source.
func badness(ev *models.Event) float64 {
	switch {
	case ev.Login == models.LoginFailed:
		return 1
	case ev.Denial == models.StepUpExhausted:
		return 0.7
	}
	return 0
}

func (t *tables) learnLook(ev *models.Event, now uint32) {
	if t.Origin == 0 {
		t.Origin, t.Started = now, now
	}
	if now > t.Origin && now-t.Origin > maxDoublings*worldHalfLife {
		t.rescale(now)
	}
	one, o, f := t.scale(now), &ev.Observed, &ev.Features
	t.Total += one
	for _, h := range [2 * Levels]uint32{o.Address, o.Network, o.Country, o.Fingerprint, o.Family, o.DeviceType} {
		t.add(h, one)
	}
	t.Hours[now/3600%24] += one
	h, b := &t.Habits[kindOf(f.Has(models.IsMachine))], GapBucket(60*f.Get(models.SinceLook))
	h.learnLeap(b, f, one)
	h.learnHazard(NetworkGroup, b, f, models.NetWeight1, models.NetTotal, one)
	if o.Fingerprint != 0 {
		h.learnHazard(DeviceGroup, b, f, models.DevWeight1, models.DevTotal, one)
	}
}

// learnLeap counts, among looks from an ASN new to the subject, how many journeys
// were impossible.
func (h *habits) learnLeap(bucket int, f *models.Features, one float64) {
	if f.Get(models.NetTotal) == 0 || f.Get(models.NetWeight2) > 0 || f.Has(models.MissingLocation) {
		return
	}
	r := &h.Leaps[bucket]
	r.N += one
	if speed, _ := Speed(f); speed >= leapSpeed {
		r.K += one
	}
}

// learnHazard counts, level by level, whether the value was new given that the
// finer one was.
func (h *habits) learnHazard(group, bucket int, f *models.Features, first, total models.Feature, one float64) {
	if f.Get(total) == 0 {
		return
	}
	for l := range Levels {
		r := &h.Hazard[group][l][bucket]
		r.N += one
		if f.Get(first+models.Feature(l)) > 0 {
			return
		}
		r.K += one
	}
}

const (
	sketchRows  = 4
	sketchWidth = 1 << 16
)

var sketchMix = [sketchRows]uint32{0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f}

func sketchCell(row int, h uint32) uint32 {
	x := (h ^ h>>15) * sketchMix[row]
	return x >> 16
}

// add counts a value. Zero is no value.
func (t *tables) add(h uint32, one float64) {
	if h == 0 {
		return
	}
	for r := range t.Sketch {
		t.Sketch[r][sketchCell(r, h)] += float32(one)
	}
}

// shares returns the values' shares of all looks, never less than half a look.
func (t *tables) shares(values [Levels]uint32, scale float64) (q [Levels]float64) {
	least := 0.5 / (t.Total/scale + 1)
	for i, h := range values {
		if t.Total > 0 {
			q[i] = t.count(h) / t.Total
		}
		q[i] = min(1, max(q[i], least))
	}
	return q
}
