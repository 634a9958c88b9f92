package baseline

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/rs/zerolog"
)

// Admission says which part of the memory a subject may enter.
type Admission uint8

// The admissions. The zero value is the most cautious.
const (
	Transient Admission = iota // anonymous: probation only, never stored
	Ordinary                   // on probation until established
	Declared                   // registered by the operator: known from the start
)

// Memory remembers profiles by pseudonym. Established subjects are known: held
// by a cache and written to the store; all others are on probation, in a fixed
// array that is never stored. Its methods may be called from any goroutine.
//
// Invariants. A live profile is found through its stripe and nowhere else, and
// only under the stripe's lock, so that a subject never has two. What leaves the
// cache stays in its stripe until it is written. A stored subject is in the
// filter of its stripe, and is never put on probation unless the store has no
// sound record of it. Locks are taken in the order stripe, then arena, queue or
// cache shard; no lock is held across I/O.
type Memory struct {
	hash    hasher
	stripes [numStripes]stripe
	arena   *arena
	known   *known
	leaving *leaving
	archive archive // nil: nothing is stored
	globals globals

	opened      time.Time // ticks count from here
	readTimeout time.Duration
	readers     chan struct{}  // one token per read of the store under way
	loads       sync.WaitGroup // of the goroutines that read
	closed      atomic.Bool
	flusher     flusher
	counts      counts
	log         zerolog.Logger
}

// stripe is one part of the memory, by hash.
type stripe struct {
	mu        sync.Mutex // guards all below; never held across I/O
	known     index
	loading   map[models.Pseudonym]*load // reads of the store under way
	stored    filter                     // of subjects in the store, or about to be
	probation candidates
	dirty     entryID // first of the entries to be written
}

// Open reads which subjects are stored and starts the write-behind. The caller
// closes the Memory. Now is the earliest time later calls may bring.
func Open(cfg Config, keys Keys, now time.Time, log zerolog.Logger) (*Memory, error) {
	log = log.With().Str("component", "baseline").Logger()
	if cfg.Store.Path == "" {
		return open(cfg, keys, nil, now, log)
	}
	s, err := openStore(cfg.Store, keys, log)
	if err != nil {
		return nil, err
	}
	m, err := open(cfg, keys, s, now, log)
	if err != nil {
		_ = s.close()
	}
	return m, err
}

// open builds the memory on an archive, or on none.
func open(cfg Config, keys Keys, a archive, now time.Time, log zerolog.Logger) (*Memory, error) {
	entries := min(maxEntries, max(32, int(int64(cfg.Known)/knownCost)))
	spare := entries / 8 // for those coming and leaving
	m := &Memory{
		hash:        newHasher(keys),
		arena:       newArena(entries),
		leaving:     newLeaving(max(1, spare/4)),
		archive:     a,
		opened:      now,
		readTimeout: cfg.Store.ReadTimeout,
		readers:     make(chan struct{}, maxReads),
		log:         log,
	}
	m.makeStripes(int64(cfg.Probation))
	if err := m.fillFilters(); err != nil {
		return nil, err
	}
	k, err := newKnown(entries-spare, m.leaving)
	if err != nil {
		return nil, fmt.Errorf("make cache of known subjects: %w", err)
	}
	m.known = k
	m.flusher.start(m, cfg.Flush)
	return m, nil
}

func (m *Memory) makeStripes(probation int64) {
	buckets := max(1, int(probation/candidateBytes)/(numStripes*ways))
	for i := range m.stripes {
		s := &m.stripes[i]
		s.known = index{hash: m.hash, arena: m.arena}
		s.loading = make(map[models.Pseudonym]*load)
		s.probation = newCandidates(buckets)
	}
}

// fillFilters sizes and fills the filters with the subjects of the archive.
func (m *Memory) fillFilters() error {
	if m.archive == nil {
		return nil
	}
	var hashes [numStripes][]uint64
	err := m.archive.each(func(p models.Pseudonym) {
		h := m.hash.sum(p)
		hashes[stripeOf(h)] = append(hashes[stripeOf(h)], h)
	})
	if err != nil {
		return fmt.Errorf("list stored subjects: %w", err)
	}
	total := 0
	for i, list := range hashes {
		m.stripes[i].stored = newFilter(len(list))
		for _, h := range list {
			m.stripes[i].stored.add(h)
		}
		total += len(list)
	}
	m.counts.stored.Store(int64(total))
	m.log.Info().Int("subjects", total).Msg("store opened")
	return nil
}

// tick is the number of whole seconds since the memory was opened, from 1.
func (m *Memory) tick(now time.Time) uint32 {
	return 1 + uint32(max(0, now.Sub(m.opened))/time.Second)
}

// Close writes every changed profile and releases the store. Acquire returns
// Unavailable from now on; Refs still held are waited for. When ctx ends first,
// what was not written is lost and the error says how much.
func (m *Memory) Close(ctx context.Context) error {
	if m.closed.Swap(true) {
		return nil
	}
	m.flusher.stop()
	for i := range m.stripes { // whoever saw the memory open has left its stripe
		m.stripes[i].mu.Lock()
		m.stripes[i].mu.Unlock() //nolint:staticcheck // a barrier guards nothing
	}
	m.loads.Wait()
	err := m.flusher.last(ctx)
	m.known.cache.Close()
	if m.archive != nil {
		if cerr := m.archive.close(); err == nil && cerr != nil {
			err = fmt.Errorf("close store: %w", cerr)
		}
	}
	return err
}
