package authz

import "sync"

// memory remembers decisions. They depend on nothing but their key, so one is
// never wrong; when a shard is full, any other makes room.
type memory struct{ shards [memoryShards]memoryShard }

const memoryShards = 16

type memoryShard struct {
	mu    sync.RWMutex // guards known
	known map[memoryKey]*Decision
	limit int
	_     [64]byte // keeps locks apart
}

// memoryKey is everything a decision depends on. The identity in it is compared
// by address, which is sound because an identity never changes and the key keeps
// it alive.
type memoryKey struct {
	slice *slice
	facts facts
}

func (m *memory) init(limit int) {
	for i := range m.shards {
		m.shards[i].known = map[memoryKey]*Decision{}
		m.shards[i].limit = limit / memoryShards
	}
}

// shard picks by what varies most.
func (m *memory) shard(k *memoryKey) *memoryShard {
	h := uint(k.facts.score) + uint(k.facts.asn) + uint(k.facts.hour)
	if id := k.facts.identity; id != nil {
		h += uint(id.Pseudonym[0])
	}
	return &m.shards[h%memoryShards]
}

func (m *memory) get(k *memoryKey) *Decision {
	s := m.shard(k)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.known[*k]
}

func (m *memory) put(k memoryKey, d *Decision) {
	s := m.shard(&k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= s.limit {
		for other := range s.known {
			delete(s.known, other)
			break
		}
	}
	s.known[k] = d
}

func (m *memory) size() (n int) {
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.RLock()
		n += len(s.known)
		s.mu.RUnlock()
	}
	return n
}
