package geo

import (
	"encoding/binary"
	"net/netip"
	"sync"
)

// key is an address in two words and, as its tag, a prefix length or the number
// of a connection.
type key struct{ hi, lo, tag uint64 }

// words returns addr as an IPv6 address in two words, IPv4 as v4-mapped.
func words(addr netip.Addr) (hi, lo uint64) {
	b := addr.As16()
	return binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
}

// blockKey returns the key of the block of that length around an address.
func blockKey(hi, lo uint64, bits int) key {
	if bits <= 64 {
		return key{hi &^ (1<<(64-bits) - 1), 0, uint64(bits)}
	}
	return key{hi, lo &^ (1<<(128-bits) - 1), uint64(bits)}
}

// mix spreads the key over 64 bits (the finalizer of SplitMix64, per word).
func (k key) mix() uint64 {
	h := k.hi
	for _, w := range [3]uint64{k.lo, k.tag, 0} {
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h = (h ^ h>>31) + w
	}
	return h
}

const (
	cacheShards = 64
	cacheWays   = 4
)

// cache remembers answers in a fixed number of sets of four; the oldest of a set
// makes room. It never grows and a hit allocates nothing.
type cache struct {
	shards [cacheShards]shard
	mask   uint64 // sets per shard, less one
}

type shard struct {
	mu   sync.Mutex // guards sets
	sets []set
}

// set holds the newest answers whose keys fall together. A key with tag 0 is an
// empty slot.
type set struct {
	keys    [cacheWays]key
	answers [cacheWays]answer
	next    uint8 // slot that is replaced next
}

// newCache returns a cache for at least size answers.
func newCache(size int) *cache {
	sets := 1
	for sets*cacheShards*cacheWays < size {
		sets *= 2
	}
	c := &cache{mask: uint64(sets - 1)}
	for i := range c.shards {
		c.shards[i].sets = make([]set, sets)
	}
	return c
}

// at returns the shard and the set of k.
func (c *cache) at(k key) (*shard, uint64) {
	h := k.mix()
	return &c.shards[h%cacheShards], h >> 8 & c.mask
}

func (c *cache) get(k key) (a answer, ok bool) {
	sh, i := c.at(k)
	sh.mu.Lock()
	s := &sh.sets[i]
	for w := range s.keys {
		if s.keys[w] == k {
			a, ok = s.answers[w], true
			break
		}
	}
	sh.mu.Unlock()
	return a, ok
}

func (c *cache) put(k key, a answer) {
	sh, i := c.at(k)
	sh.mu.Lock()
	s := &sh.sets[i]
	w, found := s.slot(k)
	if !found {
		s.next = (s.next + 1) % cacheWays
	}
	s.keys[w], s.answers[w] = k, a
	sh.mu.Unlock()
}

// slot returns where k is, or else where it may go.
func (s *set) slot(k key) (w uint8, found bool) {
	for i := range s.keys {
		if s.keys[i] == k {
			return uint8(i), true
		}
	}
	return s.next, false
}
