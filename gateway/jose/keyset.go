package jose

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
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

type fetchState struct {
	mu        sync.Mutex // guards the rest; never held across I/O
	flight    chan struct{}
	waiters   int
	attempted time.Time
	unknown   [64]absent // key names that the last fetches did not know
	next      int
	good, bad uint64
	err       error // of the last fetch
}

type absent struct {
	name  uint64
	until time.Time
}

// maxWaiters bounds the requests that wait for one fetch; the rest is refused
// at once.
const maxWaiters = 1024

// absentFor is how many MinIntervals a key name that a fetch did not bring is
// not asked for again.
const absentFor = 6

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
// the last one is younger than MinInterval.
func (s *KeySet) refresh(ctx context.Context, now time.Time) {
	done, mine := s.flights.join(now, s.cfg.MinInterval)
	switch {
	case mine:
		err := s.load(ctx, now)
		if s.flights.land(done, err) {
			s.report(err)
		}
	case done != nil:
		<-done // closed within Timeout
	}
}

// join returns the channel that closes when the fetch under way ends. Mine says
// that the caller must make that fetch. Nil says that there is nothing to wait
// for.
func (f *fetchState) join(now time.Time, interval time.Duration) (done chan struct{}, mine bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.flight != nil {
		if f.waiters++; f.waiters > maxWaiters {
			return nil, false
		}
		return f.flight, false
	}
	if !f.attempted.IsZero() && now.Sub(f.attempted) < interval {
		return nil, false
	}
	f.flight, f.waiters, f.attempted = make(chan struct{}), 0, now
	return f.flight, true
}

// land ends a fetch and reports whether it is news to an operator.
func (f *fetchState) land(done chan struct{}, err error) (news bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	news = (f.err == nil) != (err == nil) || f.good+f.bad == 0
	if f.err = err; err == nil {
		f.good++
	} else {
		f.bad++
	}
	f.flight = nil
	close(done)
	return news
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
