// Package keyed hashes what is observed of requests under a key of the cluster,
// so that profiles and events hold no value itself and nobody outside can aim
// for a collision: SipHash-2-4.
package keyed

import (
	"encoding/binary"
	"math/bits"
)

// Domain keeps values of different kinds apart: one value has unrelated hashes
// in two domains.
type Domain uint64

// The domains.
const (
	Address Domain = iota + 1
	Block
	Network
	Country
	Prefix
	Handshake
	Agent
	Family
	DeviceType
	Fingerprint
	Credential
	Object
	User
	Route
	Token
	Owner
	Reputation
	Stranger
	StrangerToo
	Role
	Session
)

// Hash is a hash under one key. The zero value is one under a known key.
type Hash struct{ k0, k1 uint64 }

// New returns the hash under a key; only its first 16 bytes count.
func New(key [32]byte) Hash {
	return Hash{binary.LittleEndian.Uint64(key[:]), binary.LittleEndian.Uint64(key[8:])}
}

// Sum returns the hash of b in its domain.
func (h Hash) Sum(d Domain, b []byte) uint64 {
	s := start(h.k0^uint64(d)<<32, h.k1)
	n := len(b)
	for ; len(b) >= 8; b = b[8:] {
		s.take(binary.LittleEndian.Uint64(b))
	}
	last := uint64(n) << 56
	for i, c := range b {
		last |= uint64(c) << (8 * i)
	}
	return s.finish(last)
}

// Text is Sum of a string.
func (h Hash) Text(d Domain, t string) uint64 {
	s := start(h.k0^uint64(d)<<32, h.k1)
	n := len(t)
	for ; len(t) >= 8; t = t[8:] {
		s.take(word(t))
	}
	last := uint64(n) << 56
	for i := range len(t) {
		last |= uint64(t[i]) << (8 * i)
	}
	return s.finish(last)
}

// Pair is Sum of two numbers.
func (h Hash) Pair(d Domain, a, b uint64) uint64 {
	s := start(h.k0^uint64(d)<<32, h.k1)
	s.take(a)
	s.take(b)
	return s.finish(16 << 56)
}

// Short returns 32 bits of a hash, never 0, which stands for no value.
func Short(h uint64) uint32 { return max(1, uint32(h)) }

func word(t string) uint64 {
	return uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
		uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
}

// state is the four words of SipHash.
type state struct{ a, b, c, d uint64 }

func start(k0, k1 uint64) state {
	return state{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573}
}

func (s *state) take(m uint64) {
	s.d ^= m
	s.round()
	s.round()
	s.a ^= m
}

func (s *state) finish(last uint64) uint64 {
	s.take(last)
	s.c ^= 0xff
	for range 4 {
		s.round()
	}
	return s.a ^ s.b ^ s.c ^ s.d
}

func (s *state) round() {
	s.a += s.b
	s.c += s.d
	s.b = bits.RotateLeft64(s.b, 13) ^ s.a
	s.d = bits.RotateLeft64(s.d, 16) ^ s.c
	s.a = bits.RotateLeft64(s.a, 32) + s.d
	s.c += s.b
	s.d = bits.RotateLeft64(s.d, 21) ^ s.a
	s.b = bits.RotateLeft64(s.b, 17) ^ s.c
	s.c = bits.RotateLeft64(s.c, 32)
}
