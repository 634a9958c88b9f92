package jose

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/models"
)

// KeySet holds the keys of one issuer. Keys are fetched in the background while
// Run runs, and at once when a token names an unknown key: by one request for
// all that wait, and never more often than MinInterval. When a fetch fails the
// old keys stay, up to MaxStale.
type KeySet struct {
	cfg     Config
	fetcher Fetcher
	log     zerolog.Logger
	clock   func() time.Time
	seed    maphash.Seed

	keys    atomic.Pointer[keys]
	flights fetchState
}

// keys is one loaded set, never changed.
type keys struct {
	byID map[string]*Key
	all  []*Key
	at   time.Time
}

// State is what an operator sees of a key set.
type State struct {
	Keys     int
	Fetched  time.Time // last good fetch, zero: none yet
	Stale    bool      // the last fetch failed, or none succeeded for two Refresh
	Expired  bool      // older than MaxStale: tokens are refused
	Fetches  uint64    // good ones
	Failures uint64
	Err      error // of the last fetch
}

// NewKeySet returns an empty set; the first token or Run fills it. The
// configuration must be valid.
func NewKeySet(c Config, f Fetcher, log zerolog.Logger, clock func() time.Time) *KeySet {
	return &KeySet{cfg: c.WithDefaults(), fetcher: f, log: log, clock: clock, seed: maphash.MakeSeed()}
}

// State returns the state at time now.
func (s *KeySet) State(now time.Time) State {
	f := &s.flights
	f.mu.Lock()
	st := State{Fetches: f.good, Failures: f.bad, Err: f.err}
	f.mu.Unlock()
	if k := s.keys.Load(); k != nil {
		st.Keys, st.Fetched = len(k.all), k.at
	}
	st.Stale = st.Err != nil || now.Sub(st.Fetched) > 2*s.cfg.Refresh
	st.Expired = !s.fresh(now)
	return st
}

// fresh reports whether the set was fetched within MaxStale.
func (s *KeySet) fresh(now time.Time) bool {
	k := s.keys.Load()
	return k != nil && now.Sub(k.at) <= s.cfg.MaxStale
}

// Run fetches now and then in the background until the context ends. Several
// may run for one set; they share its fetches.
func (s *KeySet) Run(ctx context.Context) {
	for {
		s.refresh(ctx, s.clock())
		wait := s.cfg.Refresh
		if s.State(s.clock()).Err != nil {
			wait = min(4*s.cfg.MinInterval, wait)
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// find returns the key that t names. A token without a key name is checked with
// the only key of its algorithm.
func (s *KeySet) find(t *Token, now time.Time) (*Key, models.Denial) {
	if k := s.lookup(t); k != nil && s.fresh(now) {
		return k, ""
	}
	name := maphash.String(s.seed, t.KeyID)
	if s.askable(name, now) {
		s.refresh(context.Background(), now)
	}
	if !s.fresh(now) {
		return nil, models.KeysUnavailable
	}
	if k := s.lookup(t); k != nil {
		return k, ""
	}
	s.remember(name, now)
	return nil, models.TokenUnknownKey
}

func (s *KeySet) lookup(t *Token) *Key {
	set := s.keys.Load()
	if set == nil {
		return nil
	}
	if t.KeyID != "" {
		return set.byID[t.KeyID]
	}
	var only *Key
	for _, k := range set.all {
		if k.Algorithm != t.Algorithm {
			continue
		}
		if only != nil {
			return nil
		}
		only = k
	}
	return only
}

// askable reports whether a fetch may be made for a key name: not if one has
// just failed to bring it.
func (s *KeySet) askable(name uint64, now time.Time) bool {
	f := &s.flights
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.unknown {
		if f.unknown[i].name == name && now.Before(f.unknown[i].until) && s.fresh(now) {
			return false
		}
	}
	return true
}

func (s *KeySet) remember(name uint64, now time.Time) {
	f := &s.flights
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return
	}
	for i := range f.unknown {
		if f.unknown[i].name == name && now.Before(f.unknown[i].until) {
			return
		}
	}
	f.unknown[f.next] = absent{name, f.attempted.Add(absentFor * s.cfg.MinInterval)}
	f.next = (f.next + 1) % len(f.unknown)
}

// refresh fetches the set, or waits for the fetch under way, or does nothing if
// the last one is younger than MinInterval. A fetch that is given up because its
// context ended is no failure: who waited for it makes another.
func (s *KeySet) refresh(ctx context.Context, now time.Time) {
	for {
		flight, mine := s.flights.join(now, s.cfg.MinInterval)
		switch {
		case mine:
			s.fly(ctx, flight, now)
			return
		case flight == nil:
			return
		}
		select {
		case <-flight.ended: // within Timeout
		case <-ctx.Done():
			return
		}
		if !flight.givenUp {
			return
		}
	}
}

// fly makes a fetch.
func (s *KeySet) fly(ctx context.Context, flight *flight, now time.Time) {
	err := s.load(ctx, now)
	if err != nil && ctx.Err() != nil {
		s.flights.giveUp(flight)
		return
	}
	if s.flights.land(flight, err) {
		s.report(err)
	}
}

func (s *KeySet) report(err error) {
	if err != nil {
		s.log.Warn().Err(err).Msg("key set cannot be refreshed; the old keys stay")
		return
	}
	s.log.Info().Str("source", s.source()).Int("keys", len(s.keys.Load().all)).Msg("key set loaded")
}

func (s *KeySet) source() string { return s.cfg.URL + s.cfg.File }

func (s *KeySet) load(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	data, err := s.read(ctx)
	if err != nil {
		return fmt.Errorf("fetch keys from %s: %w", s.source(), err)
	}
	all, skipped, err := parseKeys(data, s.cfg.Algorithms)
	if err != nil {
		return fmt.Errorf("read keys from %s: %w", s.source(), err)
	}
	if len(skipped) > 0 && s.keys.Load() == nil {
		s.log.Info().Errs("skipped", skipped).Str("source", s.source()).Msg("some keys of the set are not used")
	}
	s.swap(all, now)
	return nil
}

func (s *KeySet) read(ctx context.Context) ([]byte, error) {
	if s.cfg.File != "" {
		return readFile(s.cfg.File, int64(s.cfg.MaxBytes))
	}
	return s.fetcher.Fetch(ctx, s.cfg.URL, int64(s.cfg.MaxBytes))
}

// swap makes all the current keys. Keys that stay keep their identity; those
// that disappeared are marked.
func (s *KeySet) swap(all []*Key, now time.Time) {
	old := map[string]*Key{}
	if set := s.keys.Load(); set != nil {
		for _, k := range set.all {
			old[k.print] = k
		}
	}
	next := &keys{byID: make(map[string]*Key, len(all)), at: now}
	for _, k := range all {
		if same, ok := old[k.print]; ok {
			k = same
			delete(old, k.print)
		}
		k.set = s
		next.all = append(next.all, k)
		if k.ID != "" {
			next.byID[k.ID] = k
		}
	}
	s.keys.Store(next)
	for _, k := range old {
		k.gone.Store(true)
	}
}
