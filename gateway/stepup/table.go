package stepup

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riskgate/riskgate/models"
)

// Key is who was asked, on which device and from which network: a challenge
// answered elsewhere earns no credit here.
type Key struct {
	Subject     models.Pseudonym
	Fingerprint uint32 // hash, see models.Observed
	ASN         uint32 // hash of the network, see models.Observed
}

// Table holds pending challenges and credits. Its memory is fixed, and it
// outlives a reload.
//
// The entries of one subject lie in one set of 16, chosen by a keyed hash, and a
// subject holds at most 4 of them. So a caller who varies device and network
// pushes out only what is its own; pushing out the counter of another subject
// takes several accounts that fall by chance into its set, among thousands, and
// gains that subject fresh challenges, never an answer.
type Table struct {
	seed maphash.Seed
	sets []set
	used used
}

const (
	ways       = 16
	perSubject = 4
)

type set struct {
	mu      sync.Mutex // guards entries
	entries [ways]entry
}

// used has a bit for each set that holds, or held, an entry. Nearly no set does:
// so most callers are answered without their set being read.
type used []atomic.Uint32

func (u used) has(i uint64) bool { return u[i/32].Load()>>(i%32)&1 != 0 }
func (u used) add(i uint64)      { u[i/32].Or(1 << (i % 32)) }

// entry is free while its times are zero. Times are Unix nanoseconds.
type entry struct {
	key        Key
	nats       float32 // credit when granted, >= 0
	maxAge     int32   // asked for, seconds
	acr        uint64  // hash of the class asked for
	granted    int64   // 0: no credit
	asked      int64   // last counted challenge; 0: none pending
	unanswered uint8
}

func (e *entry) touched() int64 { return max(e.granted, e.asked) }
func (e *entry) free() bool     { return e.granted == 0 && e.asked == 0 }

// NewTable returns a table of at least that many entries.
func NewTable(entries int) *Table {
	sets := 1
	for sets*ways < entries {
		sets *= 2
	}
	return &Table{seed: maphash.MakeSeed(), sets: make([]set, sets), used: make(used, (sets+31)/32)}
}

func (t *Table) place(p models.Pseudonym) uint64 {
	return maphash.Bytes(t.seed, p[:]) & uint64(len(t.sets)-1)
}

// each shows every entry of a subject, which may be changed.
func (t *Table) each(p models.Pseudonym, show func(*entry)) {
	set := t.look(p)
	if set == nil {
		return
	}
	set.mu.Lock()
	defer set.mu.Unlock()
	for i := range set.entries {
		if e := &set.entries[i]; e.key.Subject == p {
			show(e)
		}
	}
}

// set returns the set of a subject to write to.
func (t *Table) set(p models.Pseudonym) *set {
	i := t.place(p)
	t.used.add(i)
	return &t.sets[i]
}

// look returns the set of a subject, or nil if nothing was ever written to it.
func (t *Table) look(p models.Pseudonym) *set {
	i := t.place(p)
	if !t.used.has(i) {
		return nil
	}
	return &t.sets[i]
}

// hash of an authentication context class, never 0.
func (t *Table) hash(acr string) uint64 { return maphash.String(t.seed, acr) | 1 }

// find returns the entry of k, or nil. The set is locked.
func (s *set) find(k Key) *entry {
	for i := range s.entries {
		if e := &s.entries[i]; e.key == k && !e.free() {
			return e
		}
	}
	return nil
}

// take returns the entry of k, or an empty one for it. The set is locked.
func (s *set) take(k Key) *entry {
	if e := s.find(k); e != nil {
		return e
	}
	own, oldest := 0, -1
	mine := -1
	for i := range s.entries {
		e := &s.entries[i]
		if older(s, i, oldest) {
			oldest = i
		}
		if e.key.Subject == k.Subject && !e.free() {
			if own++; older(s, i, mine) {
				mine = i
			}
		}
	}
	if own >= perSubject {
		oldest = mine
	}
	s.entries[oldest] = entry{key: k}
	return &s.entries[oldest]
}

// older reports whether entry i should make room rather than entry j; j may be
// -1. A free entry is the oldest.
func older(s *set, i, j int) bool {
	return j < 0 || s.entries[i].touched() < s.entries[j].touched()
}

// expire frees what no longer matters. The set is locked.
func (e *entry) expire(now time.Time, forget time.Duration) {
	if e.asked != 0 && now.UnixNano()-e.asked > int64(forget) {
		e.asked, e.unanswered = 0, 0
	}
}
