package baseline

import "sync/atomic"

// Stats is what the memory tells about itself. Counters start at Open.
type Stats struct {
	Known      int   // profiles of established subjects in memory, Leaving included
	Candidates int   // profiles on probation
	Leaving    int   // profiles that wait to be written before they leave memory
	Stored     int   // subjects in the store or about to be, by the filter
	Bytes      int64 // memory of the known, of probation and of the filter; not of the store

	Evictions   uint64 // profiles that the cache let go, or never took
	Promotions  uint64 // subjects that became established
	Replaced    uint64 // candidates that gave way to newcomers
	Reads       uint64 // profiles asked of the store
	ReadErrors  uint64 // reads that failed
	Unavailable uint64 // requests that had to do without a stored profile
	Corrupt     uint64 // stored profiles that failed their check
	Written     uint64 // profiles written
	WriteErrors uint64 // batches that could not be written, and were kept
	Lost        uint64 // profiles dropped because there is no store
}

// counts are the parts of Stats that nothing else knows.
type counts struct {
	candidates, stored, staying     atomic.Int64
	promoted, replaced, unavailable atomic.Uint64
	reads, readErrors, corrupt      atomic.Uint64
	written, writeErrors, lost      atomic.Uint64
}

// Stats returns the present figures. It takes the locks of the stripes one by
// one: call it when metrics are collected, not per request.
func (m *Memory) Stats() Stats {
	c := &m.counts
	known, candidates := m.arena.count(), int(c.candidates.Load())
	return Stats{
		Known:      known,
		Candidates: candidates,
		Leaving:    m.leaving.len() + int(c.staying.Load()),
		Stored:     int(c.stored.Load()),
		Bytes:      int64(known)*knownCost + m.fixedBytes(),

		Evictions:   m.known.evicted.Load(),
		Promotions:  c.promoted.Load(),
		Replaced:    c.replaced.Load(),
		Reads:       c.reads.Load(),
		ReadErrors:  c.readErrors.Load(),
		Unavailable: c.unavailable.Load(),
		Corrupt:     c.corrupt.Load(),
		Written:     c.written.Load(),
		WriteErrors: c.writeErrors.Load(),
		Lost:        c.lost.Load(),
	}
}

// fixedBytes is the memory of probation and of the filters.
func (m *Memory) fixedBytes() int64 {
	n := int64(0)
	for i := range m.stripes {
		s := &m.stripes[i]
		s.mu.Lock()
		n += int64(len(s.probation.slots))*candidateBytes + int64(s.stored.bytes())
		s.mu.Unlock()
	}
	return n
}
