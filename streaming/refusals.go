package streaming

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"

	"github.com/riskgate/riskgate/models"
)

const (
	refusalSlots  = 4096
	refusalProbes = 8
	otherSlots    = 64
)

// Refusals counts refusals before authentication, so that a flood of them becomes
// one event for each prefix (/24 or /48), denial and second. Memory is fixed:
// where it is full, counts go on by denial alone, without a prefix.
type Refusals struct {
	seed maphash.Seed

	mu    sync.Mutex // guards what follows
	slots [refusalSlots]refusal
	other [otherSlots]refusal
}

// refusal is one count. Count 0 is a free slot.
type refusal struct {
	second      int64
	prefix      netip.Prefix
	denial      models.Denial
	count       uint32
	first, last time.Time
}

// NewRefusals returns an empty table.
func NewRefusals() *Refusals { return &Refusals{seed: maphash.MakeSeed()} }

// Add counts one refusal of a caller at addr. It does not allocate.
func (r *Refusals) Add(now time.Time, addr netip.Addr, denial models.Denial) {
	prefix := prefixOf(addr)
	bytes := prefix.Addr().As16()
	hash := maphash.Bytes(r.seed, bytes[:]) ^ maphash.String(r.seed, string(denial))
	second := now.Unix()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range uint64(refusalProbes) {
		if r.slots[(hash+i)%refusalSlots].take(second, prefix, denial, now) {
			return
		}
	}
	for i := range r.other {
		if r.other[i].take(second, netip.Prefix{}, denial, now) {
			return
		}
	}
	r.other[0].count++ // more than 64 denials in a second: none have so many names
	r.other[0].last = now
}

func prefixOf(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap()
	bits := 24
	if addr.Is6() {
		bits = 48
	}
	prefix, err := addr.WithZone("").Prefix(bits)
	if err != nil {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return prefix
}

// take counts in s if it is free or has the same key. After a flush one key may
// come to have two slots; both are reported, and the sum is right.
func (s *refusal) take(second int64, prefix netip.Prefix, denial models.Denial, now time.Time) bool {
	if s.count == 0 {
		*s = refusal{second: second, prefix: prefix, denial: denial, first: now}
	} else if s.second != second || s.denial != denial || s.prefix != prefix {
		return false
	}
	s.count++
	s.last = now
	return true
}

// flush hands every count of a second before to publish, one by one and without
// the lock.
func (r *Refusals) flush(before int64, publish func(*refusal)) {
	for _, table := range [][]refusal{r.slots[:], r.other[:]} {
		for from := 0; from < len(table); from += otherSlots {
			r.flushPart(table[from:min(from+otherSlots, len(table))], before, publish)
		}
	}
}

func (r *Refusals) flushPart(part []refusal, before int64, publish func(*refusal)) {
	var due [otherSlots]refusal
	n := 0
	r.mu.Lock()
	for i := range part {
		if part[i].count != 0 && part[i].second < before {
			due[n] = part[i]
			part[i] = refusal{}
			n++
		}
	}
	r.mu.Unlock()
	for i := range n {
		publish(&due[i])
	}
}

// event writes the count as an event into ev.
func (s *refusal) event(ev *models.Event, id models.EventID) {
	ev.Reset()
	ev.Kind, ev.ID = models.RefusalEvent, id
	ev.Time, ev.FirstTime, ev.LastTime = s.last, s.first, s.last
	ev.Prefix, ev.Denial, ev.Count = s.prefix, s.denial, s.count
	ev.Status = s.denial.Status()
	ev.Action = models.Deny
}
