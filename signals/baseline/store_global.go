package baseline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/dgraph-io/badger/v4"
)

// globals holds the global tables of a memory without a store.
type globals struct {
	mu     sync.Mutex // guards byName
	byName map[string][]byte
}

const (
	maxGlobalName = 64
	chunkBytes    = 128 << 10 // more would not fit into badger's transaction
)

// PutGlobal stores a table of the whole gateway, of any size, under a name of 1
// to 64 bytes. After a crash in between, the earlier table is still there. Do
// not call it for the same name at once, nor after Close.
func (m *Memory) PutGlobal(name string, value []byte) error {
	if len(name) == 0 || len(name) > maxGlobalName {
		return fmt.Errorf("store global table %q: want a name of 1 to %d bytes", name, maxGlobalName)
	}
	if m.closed.Load() {
		return errClosed
	}
	if m.archive != nil {
		return m.archive.putGlobal(name, value)
	}
	m.globals.mu.Lock()
	defer m.globals.mu.Unlock()
	if m.globals.byName == nil {
		m.globals.byName = make(map[string][]byte)
	}
	m.globals.byName[name] = slices.Clone(value)
	return nil
}

// Global returns a stored table, or nil when there is none. A table that fails
// its check is an error and counts as corrupt.
func (m *Memory) Global(name string) ([]byte, error) {
	if m.closed.Load() {
		return nil, errClosed
	}
	if m.archive == nil {
		m.globals.mu.Lock()
		defer m.globals.mu.Unlock()
		return slices.Clone(m.globals.byName[name]), nil
	}
	value, err := m.archive.global(name)
	if errors.Is(err, errCorrupt) {
		m.counts.corrupt.Add(1)
	}
	return value, err
}

// globalHead says which chunks make up a table: those of its generation. Two
// sets of chunks alternate, and the head is written last.
type globalHead struct {
	generation uint64
	bytes      uint64
}

func globalKey(name string) []byte { return append([]byte{kindGlobal}, name...) }

func chunkKey(name string, generation uint64, chunk int) []byte {
	key := append([]byte{kindChunk, byte(len(name))}, name...)
	key = append(key, byte(generation%2))
	return binary.BigEndian.AppendUint32(key, uint32(chunk))
}

// bound is what a chunk is sealed to: its key and its generation.
func bound(key []byte, generation uint64) []byte {
	return binary.LittleEndian.AppendUint64(slices.Clone(key), generation)
}

func (s *store) putGlobal(name string, value []byte) error {
	head, err := s.globalHead(name)
	if err != nil && !errors.Is(err, errAbsent) && !errors.Is(err, errCorrupt) {
		return fmt.Errorf("store global table %s: %w", name, err)
	}
	head = globalHead{generation: head.generation + 1, bytes: uint64(len(value))}
	chunk := 0
	for part := range slices.Chunk(value, chunkBytes) {
		key := chunkKey(name, head.generation, chunk)
		if err := s.put(key, s.seal.seal(nil, kindGlobal, bound(key, head.generation), part)); err != nil {
			return fmt.Errorf("store global table %s: %w", name, err)
		}
		chunk++
	}
	key := globalKey(name)
	plain := binary.LittleEndian.AppendUint64(nil, head.generation)
	plain = binary.LittleEndian.AppendUint64(plain, head.bytes)
	if err := s.put(key, s.seal.seal(nil, kindGlobal, key, plain)); err != nil {
		return fmt.Errorf("store global table %s: %w", name, err)
	}
	return nil
}

func (s *store) global(name string) ([]byte, error) {
	head, err := s.globalHead(name)
	if errors.Is(err, errAbsent) {
		return nil, nil
	}
	value := []byte{}
	for chunk := 0; err == nil && uint64(len(value)) < head.bytes; chunk++ {
		key := chunkKey(name, head.generation, chunk)
		var part []byte
		if part, err = s.get(key, bound(key, head.generation)); err == nil && len(part) == 0 {
			err = errCorrupt
		}
		value = append(value, part...)
	}
	if err == nil && uint64(len(value)) != head.bytes || errors.Is(err, errAbsent) {
		err = errCorrupt
	}
	if err != nil {
		return nil, fmt.Errorf("read global table %s: %w", name, err)
	}
	return value, nil
}

func (s *store) globalHead(name string) (globalHead, error) {
	key := globalKey(name)
	plain, err := s.get(key, key)
	if err != nil {
		return globalHead{}, err
	}
	if len(plain) != 16 {
		return globalHead{}, errCorrupt
	}
	return globalHead{
		generation: binary.LittleEndian.Uint64(plain),
		bytes:      binary.LittleEndian.Uint64(plain[8:]),
	}, nil
}

func (s *store) put(key, value []byte) error {
	return s.db.Update(func(txn *badger.Txn) error { return txn.Set(key, value) })
}

// get reads and opens one value sealed to binding.
func (s *store) get(key, binding []byte) (plain []byte, err error) {
	err = s.db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(key)
		if err != nil {
			return err
		}
		return item.Value(func(sealed []byte) error {
			plain, err = s.seal.open(nil, kindGlobal, binding, sealed)
			return err
		})
	})
	if errors.Is(err, badger.ErrKeyNotFound) {
		err = errAbsent
	}
	return plain, err
}
