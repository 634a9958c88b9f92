package baseline

import (
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/models/prefetch"
)

// Ref is the exclusive hold of one profile, from Acquire to Release. It holds a
// lock: keep it short, do no I/O, and hold at most one at a time. The zero value
// holds nothing.
type Ref struct {
	m       *Memory
	s       *stripe
	profile *Profile
	id      entryID // among the known; zero: on probation, in slot
	slot    int
}

// Profile returns the profile to read and to change in place, until Release. It
// is nil when Acquire said Unavailable.
func (r Ref) Profile() *Profile { return r.profile }

// Known reports whether the subject is among the known, so that what is learned
// will be stored.
func (r Ref) Known() bool { return r.id != 0 }

// Release ends the hold. Changed says that the profile is to be written to the
// store, if the subject is known; other changes last only while it is in memory. A subject on probation that is now
// established becomes known. Releasing a Ref that holds nothing does nothing.
func (r Ref) Release(changed bool) {
	if r.s == nil {
		return
	}
	if changed {
		r.m.changed(r)
	}
	r.s.mu.Unlock()
}

// Expect says that a subject is acquired soon, so that the memory to begin with is
// at hand then.
func (m *Memory) Expect(p models.Pseudonym) {
	prefetch.Line(&m.stripes[stripeOf(m.hash.sum(p))])
}

// Acquire finds or makes the profile of a subject and holds it. The state is
// Clean for an established subject, Learning for a new one, Unavailable when a
// stored profile could not be had in time: then the Ref holds nothing, and
// nothing can be learned in its place. A hit allocates nothing and does no I/O.
func (m *Memory) Acquire(p models.Pseudonym, admit Admission, now time.Time) (Ref, models.State) {
	h := m.hash.sum(p)
	q := lookup{s: &m.stripes[stripeOf(h)], hash: h, subject: p, admit: admit, tick: m.tick(now)}
	q.s.mu.Lock()
	r := m.find(q)
	if r.s == nil {
		r = m.miss(q)
	}
	if r.s == nil {
		m.counts.unavailable.Add(1)
		return r, models.Unavailable
	}
	return r, r.state()
}

// lookup is one search for a subject. Whoever takes one holds its stripe.
type lookup struct {
	s       *stripe
	hash    uint64
	subject models.Pseudonym
	admit   Admission
	tick    uint32
}

func (r Ref) state() models.State {
	if r.id != 0 && r.profile.Established() {
		return models.Clean
	}
	return models.Learning
}

// find looks a subject up in memory. If the Ref holds something, the stripe is
// now held by it.
func (m *Memory) find(q lookup) Ref {
	if m.closed.Load() {
		return Ref{}
	}
	if id := q.s.known.find(q.hash, q.subject); id != 0 {
		return m.holdKnown(q, id)
	}
	slot := q.s.probation.find(q.hash, q.subject)
	if slot < 0 {
		return Ref{}
	}
	if q.admit == Declared {
		if id := m.promote(q, slot); id != 0 {
			return m.holdKnown(q, id)
		}
	}
	return m.holdCandidate(q, slot)
}

// touchEvery is how many seconds pass before the cache is told of a subject
// again: enough to tell hot from cold, and most hits do without.
const touchEvery = 8

func (m *Memory) holdKnown(q lookup, id entryID) Ref {
	e := m.arena.at(id)
	if q.tick-e.seen >= touchEvery {
		e.seen = q.tick
		m.known.touch(q.hash)
	}
	return Ref{m: m, s: q.s, profile: &e.profile, id: id}
}

func (m *Memory) holdCandidate(q lookup, slot int) Ref {
	c := &q.s.probation.slots[slot]
	c.seen = q.tick
	return Ref{m: m, s: q.s, profile: &c.profile, slot: slot}
}

// miss makes a profile for a newcomer, or fetches a stored one. The stripe is
// released if the Ref returned holds nothing.
func (m *Memory) miss(q lookup) Ref {
	var r Ref
	switch {
	case m.closed.Load():
	case q.admit != Transient && q.s.stored.has(q.hash):
		return m.recall(q)
	default:
		r = m.create(q)
	}
	if r.s == nil {
		q.s.mu.Unlock()
	}
	return r
}

// create makes an empty profile. The Ref holds nothing when memory is full of
// subjects that wait to be written.
func (m *Memory) create(q lookup) Ref {
	if q.admit == Declared {
		id := m.settle(q)
		if id == 0 {
			return Ref{}
		}
		return m.holdKnown(q, id)
	}
	r := passing
	if q.admit == Ordinary {
		r = aspiring
	}
	slot, replaced := q.s.probation.seat(q.hash, q.subject, r, q.tick)
	if replaced {
		m.counts.replaced.Add(1)
	} else {
		m.counts.candidates.Add(1)
	}
	return m.holdCandidate(q, slot)
}

// settle gives a subject an empty entry among the known, or returns zero when
// all are in use.
func (m *Memory) settle(q lookup) entryID {
	id := m.arena.take()
	if id == 0 {
		m.leaving.hurry()
		return 0
	}
	e := m.arena.at(id)
	e.key, e.seen = q.subject, q.tick
	q.s.known.put(q.hash, id)
	if m.archive != nil && !q.s.stored.has(q.hash) {
		q.s.stored.add(q.hash)
		m.counts.stored.Add(1)
	}
	m.known.touch(q.hash)
	m.known.offer(q.hash, id)
	return id
}

// promote moves a candidate to the known, to be written. It returns zero, and
// leaves the candidate, when memory is full.
func (m *Memory) promote(q lookup, slot int) entryID {
	id := m.settle(q)
	if id == 0 {
		return 0
	}
	m.arena.at(id).profile = q.s.probation.slots[slot].profile
	q.s.probation.vacate(slot)
	m.counts.candidates.Add(-1)
	m.counts.promoted.Add(1)
	m.soil(q.s, id)
	return id
}

// changed notes a change of the profile held. The caller holds the stripe.
func (m *Memory) changed(r Ref) {
	if r.id != 0 {
		m.soil(r.s, r.id)
		return
	}
	c := &r.s.probation.slots[r.slot]
	c.changes += min(1, ^c.changes)
	if c.rank == aspiring && c.profile.Established() {
		m.promote(lookup{s: r.s, hash: m.hash.sum(c.key), subject: c.key, tick: c.seen}, r.slot)
	}
}

// soil puts an entry among those to be written. The caller holds the stripe.
func (m *Memory) soil(s *stripe, id entryID) {
	e := m.arena.at(id)
	if m.archive == nil || e.dirty() {
		return
	}
	e.push(id, &s.dirty)
}
