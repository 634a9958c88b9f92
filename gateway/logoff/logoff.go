// Package logoff remembers the sessions that were ended, as long as a token of
// theirs may still be valid that was issued by then.
package logoff

import (
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/keyed"
)

const (
	sets       = 4096
	ways       = 16
	perSubject = 8 // of the ways

	// Entries is how many sessions are remembered, 32 bytes each.
	Entries = sets * ways
	// Longest is how long one is remembered after a token of it was last shown.
	Longest = 7 * 24 * time.Hour
	// grace is the most that an issuer's clock may differ, see authn.Issuer.
	grace = 5 * time.Minute
)

// Table holds the sessions that were ended. Its memory is fixed, and it outlives a
// reload. Its methods may be called at the same time and allocate nothing, but for
// those that save and load.
//
// What ends first makes room where there is none, and of one subject there are at
// most 8: who logs off from many sessions forgets his own, and makes the gateway
// forget those of another only with several accounts that fall by chance into the
// set of that one, among thousands.
type Table struct {
	hash keyed.Hash
	seed maphash.Seed
	sets [sets]set
	some [sets]atomic.Uint64 // a bit for each subject in a set: most callers are in none

	displaced atomic.Uint64
	changes   atomic.Uint64
}

type set struct {
	mu      sync.Mutex // guards entries
	entries [ways]entry
}

// entry is free when it is over. Times are unix seconds.
type entry struct {
	subject models.Pseudonym
	session uint64 // keyed hash
	anew    uint32 // who authenticated from then on has begun another session
	until   uint32
}

// New returns an empty Table. With the same key it reads what another has saved.
func New(key [32]byte) *Table { return &Table{hash: keyed.New(key), seed: maphash.MakeSeed()} }

// place is where a subject is looked for.
type place struct {
	*set
	some    *atomic.Uint64
	bit     uint64
	subject models.Pseudonym
}

func (t *Table) place(p models.Pseudonym) place {
	h := maphash.Bytes(t.seed, p[:])
	i := h % sets
	return place{set: &t.sets[i], some: &t.some[i], bit: bitOf(h), subject: p}
}

// bitOf tells the subjects of a set apart, roughly.
func bitOf(hash uint64) uint64 { return 1 << (hash >> 58) }

// End ends the session of a person's token at time now. Tokens of it that come from
// an authentication after that do not belong to it; leeway is for the clock of the
// issuer. Other callers have none that could end.
func (t *Table) End(id *models.Identity, leeway time.Duration, now time.Time) {
	if !endable(id) {
		return
	}
	e := entry{
		subject: id.Pseudonym, session: t.hash.Text(keyed.Session, id.Session),
		anew: max(stamp(now.Add(-leeway)), after(id.AuthTime)), until: over(id, now),
	}
	p := t.place(id.Pseudonym)
	p.mu.Lock()
	defer p.mu.Unlock()
	t.changes.Add(1)
	if was, _ := p.find(e.session, stamp(now)); was != nil {
		was.anew, was.until = max(was.anew, e.anew), max(was.until, e.until)
		return
	}
	t.add(p, e, stamp(now))
}

// Ended reports whether a credential belongs to a session that has ended. That is
// then remembered until the credential, and what it was renewed to, are no longer valid.
func (t *Table) Ended(id *models.Identity, now time.Time) bool {
	if t == nil || !endable(id) {
		return false
	}
	p := t.place(id.Pseudonym)
	if p.some.Load()&p.bit == 0 {
		return false
	}
	session := t.hash.Text(keyed.Session, id.Session)
	p.mu.Lock()
	defer p.mu.Unlock()
	e, others := p.find(session, stamp(now))
	if e == nil {
		if !others {
			t.sweep(p, stamp(now))
		}
		return false
	}
	if !id.AuthTime.IsZero() && stamp(id.AuthTime) >= e.anew {
		return false
	}
	if until := over(id, now); until > e.until {
		e.until = until
		t.changes.Add(1)
	}
	return true
}

func endable(id *models.Identity) bool { return id.CanStepUp() && id.Session != "" }

// over is when a credential is certainly no longer valid, or no longer remembered. Nor
// are then others of its session that were issued while it was valid, if they live as
// long: that no more of a session was shown does not say that there is no more.
func over(id *models.Identity, now time.Time) uint32 {
	end := id.Expires.Add(grace)
	if !id.Issued.IsZero() {
		end = end.Add(max(0, id.Expires.Sub(id.Issued)))
	}
	if last := now.Add(Longest); end.After(last) {
		end = last
	}
	return stamp(end)
}

// after returns the second after a time, 0 if there is none.
func after(t time.Time) uint32 {
	if t.IsZero() {
		return 0
	}
	return stamp(t.Add(time.Second))
}

func stamp(t time.Time) uint32 { return uint32(min(max(t.Unix(), 0), math.MaxUint32)) }

// find returns the entry of a session, nil if there is none, and whether the subject
// has others. The set is locked.
func (p *place) find(session uint64, now uint32) (found *entry, others bool) {
	for i := range p.entries {
		e := &p.entries[i]
		switch {
		case e.subject != p.subject || e.until <= now:
		case e.session == session:
			found = e
		default:
			others = true
		}
	}
	return found, others
}

// add gives e a place of its own. The set is locked.
func (t *Table) add(p place, e entry, now uint32) {
	first, mine, own := 0, -1, 0
	for i := range p.entries {
		x := &p.entries[i]
		if x.until < p.entries[first].until {
			first = i
		}
		if x.subject == p.subject && x.until > now {
			if own++; mine < 0 || x.until < p.entries[mine].until {
				mine = i
			}
		}
	}
	if own >= perSubject {
		first = mine
	}
	if p.entries[first].until > now {
		t.displaced.Add(1)
	}
	p.entries[first] = e
	t.sweep(p, now)
}

// sweep frees what is over. The set is locked.
func (t *Table) sweep(p place, now uint32) {
	some := uint64(0)
	for i := range p.entries {
		e := &p.entries[i]
		if e.until <= now {
			*e = entry{}
			continue
		}
		some |= bitOf(maphash.Bytes(t.seed, e.subject[:]))
	}
	p.some.Store(some)
}

// Stats are the statistics of a Table.
type Stats struct {
	Sessions  int    // remembered
	Displaced uint64 // forgotten before their time, since the start
}

// Stats returns the statistics at a time. It walks the table.
func (t *Table) Stats(now time.Time) Stats {
	s := Stats{Displaced: t.displaced.Load()}
	t.each(now, func(*entry) { s.Sessions++ })
	return s
}

// each shows every entry that is not over.
func (t *Table) each(now time.Time, show func(*entry)) {
	for i := range t.sets {
		if t.some[i].Load() == 0 {
			continue
		}
		s := &t.sets[i]
		s.mu.Lock()
		for j := range s.entries {
			if e := &s.entries[j]; e.until > stamp(now) {
				show(e)
			}
		}
		s.mu.Unlock()
	}
}
