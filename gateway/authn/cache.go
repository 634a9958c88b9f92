package authn

import (
	"bytes"
	"hash/maphash"
	"sync"
	"time"

	"github.com/riskgate/riskgate/gateway/jose"
	"github.com/riskgate/riskgate/models"
)

// cache remembers verified tokens, whole, within a bound of bytes. It never
// holds a refusal.
type cache struct {
	seed   maphash.Seed
	shards [cacheShards]shard
}

const (
	cacheShards = 16
	// entryBytes is what an entry takes beside twice its token: map slot,
	// identity, slices.
	entryBytes = 768
	// victims is how many entries are looked at to make room for another.
	victims = 8
)

type shard struct {
	mu      sync.RWMutex // guards the rest
	entries map[uint64]*entry
	bytes   int64
	limit   int64
	_       [64]byte // keeps locks apart
}

// entry is one verified token, never changed.
type entry struct {
	token    []byte
	identity *models.Identity
	issuer   *issuer
	key      *jose.Key
	until    time.Time // exp with leeway
}

func (e *entry) cost() int64 { return int64(2*len(e.token)) + entryBytes }

func newCache(limit int64) *cache {
	c := &cache{seed: maphash.MakeSeed()}
	for i := range c.shards {
		c.shards[i].entries = map[uint64]*entry{}
		c.shards[i].limit = limit / cacheShards
	}
	return c
}

func (c *cache) shard(h uint64) *shard { return &c.shards[h%cacheShards] }

// get returns the entry of exactly that token, or nil.
func (c *cache) get(token []byte) *entry {
	h := maphash.Bytes(c.seed, token)
	s := c.shard(h)
	s.mu.RLock()
	e := s.entries[h]
	s.mu.RUnlock()
	if e == nil || !bytes.Equal(e.token, token) {
		return nil
	}
	return e
}

// put remembers e, at the expense of entries that end sooner than others.
func (c *cache) put(e *entry) {
	h := maphash.Bytes(c.seed, e.token)
	s := c.shard(h)
	if e.cost() > s.limit {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(h)
	for s.bytes+e.cost() > s.limit {
		s.drop(s.victim())
	}
	s.entries[h] = e
	s.bytes += e.cost()
}

// victim returns the entry that ends soonest among a few picked at random.
func (s *shard) victim() (hash uint64) {
	var soonest time.Time
	n := 0
	for h, e := range s.entries {
		if n == 0 || e.until.Before(soonest) {
			hash, soonest = h, e.until
		}
		if n++; n == victims {
			break
		}
	}
	return hash
}

func (s *shard) drop(h uint64) {
	if e := s.entries[h]; e != nil {
		s.bytes -= e.cost()
		delete(s.entries, h)
	}
}

// sweep drops entries that have ended, whose key was withdrawn or whose issuer
// is not known any more.
func (c *cache) sweep(now time.Time, known func(*issuer) bool) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		for h, e := range s.entries {
			if !e.valid(now) || !known(e.issuer) {
				s.drop(h)
			}
		}
		s.mu.Unlock()
	}
}

// valid reports whether the token would still be accepted.
func (e *entry) valid(now time.Time) bool { return now.Before(e.until) && e.key.Usable(now) }

func (c *cache) flush() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		clear(s.entries)
		s.bytes = 0
		s.mu.Unlock()
	}
}

func (c *cache) size() (entries int, bytes int64) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.RLock()
		entries += len(s.entries)
		bytes += s.bytes
		s.mu.RUnlock()
	}
	return entries, bytes
}
