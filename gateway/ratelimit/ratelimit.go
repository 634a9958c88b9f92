// Package ratelimit admits, delays or refuses requests by rate and by risk.
package ratelimit

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/riskgate/riskgate/models"
)

// Scope says whose bucket a result is about. The zero value is ByAddress.
type Scope uint8

// The scopes.
const (
	ByAddress Scope = iota
	BySubject
)

// String returns the name of the policy in RateLimit fields.
func (s Scope) String() string {
	if s == BySubject {
		return "subject"
	}
	return "address"
}

// Denial returns the reason that a refusal in this scope is given.
func (s Scope) Denial() models.Denial {
	if s == BySubject {
		return models.SubjectRate
	}
	return models.AddressRate
}

// MinRefill is the smallest share of the base rate at which a bucket fills.
const MinRefill = 1.0 / 64

// ErrRestart says that a change of the configuration needs a restart.
var ErrRestart = errors.New("ratelimit: max_keys needs a restart")

// Limiter holds the buckets of all addresses and subjects. It is safe for
// concurrent use, and its memory does not grow.
type Limiter struct {
	start     time.Time
	seed      maphash.Seed
	keys      int
	addresses *table
	subjects  *table
	limits    atomic.Pointer[limits]
}

// limits are the running configuration, in microseconds.
type limits struct {
	config  Config
	address limit
	subject limit
	delay   int64
}

// limit is a rate and what may come at once.
type limit struct {
	interval int64 // between requests at the base rate, rounded up
	burst    int64 // time in which an empty bucket is full again
	quota    int64 // requests per window, as published
	window   int64 // seconds
}

// New returns a limiter with full buckets. Now is the first moment it can be
// asked about.
func New(c Config, now time.Time) *Limiter {
	l := &Limiter{
		start: now, seed: maphash.MakeSeed(), keys: c.MaxKeys,
		addresses: newTable(c.MaxKeys), subjects: newTable(c.MaxKeys),
	}
	l.limits.Store(newLimits(c))
	return l
}

// Reload makes c the running configuration; buckets keep what is in them. It
// returns ErrRestart, and changes nothing, if c wants another number of keys.
func (l *Limiter) Reload(c Config) error {
	if c.MaxKeys != l.keys {
		return fmt.Errorf("%w: %d, running with %d", ErrRestart, c.MaxKeys, l.keys)
	}
	l.limits.Store(newLimits(c))
	return nil
}

func newLimits(c Config) *limits {
	return &limits{
		config: c, delay: c.Delay.Microseconds(),
		address: newLimit(float64(c.Address), c.Burst),
		subject: newLimit(float64(c.Subject), c.Burst),
	}
}

func newLimit(rate float64, burst int) limit {
	interval := int64(math.Ceil(1e6/rate - 1e-6))
	window := math.Max(1, math.Ceil(float64(burst)/rate-1e-9))
	return limit{
		interval: interval, burst: int64(burst) * interval,
		quota: max(int64(burst), int64(rate*window+1e-9)), window: int64(window),
	}
}

// worst is how far from full a bucket can be, in microseconds, beyond the delay.
func (l limit) worst(s Scope) int64 {
	if s == ByAddress {
		return l.burst + (1+forgery)*l.interval
	}
	return max(l.burst, int64(float64(l.interval)/MinRefill))
}

// Result is the answer to one request. The zero value is a refusal.
type Result struct {
	Allowed bool
	// Delay is how long an allowed request is to be held back.
	Delay time.Duration
	// RetryAfter is when a refused request may come again: never before Reset, and
	// up to a quarter later by chance, so that callers do not return in step.
	RetryAfter time.Duration
	// Limit is how many requests fit into a full bucket, Remaining how many are
	// left at the present refill.
	Limit, Remaining int
	// Reset is when the bucket of an allowed request is full again, and when that
	// of a refused one has room for it.
	Reset time.Duration
	Scope Scope
}

// ExpectAddress and ExpectSubject say that a bucket is asked about soon, so that
// its memory is at hand then.
func (l *Limiter) ExpectAddress(addr netip.Addr) {
	key := addressKey(addr)
	l.addresses.expect(maphash.Bytes(l.seed, key[:]))
}

// ExpectSubject: see ExpectAddress.
func (l *Limiter) ExpectSubject(p models.Pseudonym) {
	l.subjects.expect(maphash.Bytes(l.seed, p[:]))
}

// Admit counts a request from an address, an IPv6 one by its /64.
func (l *Limiter) Admit(addr netip.Addr, now time.Time) Result {
	lim := l.limits.Load()
	key := addressKey(addr)
	return l.ask(l.addresses, maphash.Bytes(l.seed, key[:]), lim.address, charge{
		now: l.micros(now), cost: lim.address.interval, limit: lim.address.burst,
	}, 0, ByAddress)
}

// forgery is how many requests more one with a forged signature costs its address:
// about as many as the verification takes the time of.
const forgery = 16

// Penalize makes the last request of an address cost more, because its signature
// was verified in vain. The address may then owe more than it could by asking.
func (l *Limiter) Penalize(addr netip.Addr, now time.Time) {
	lim := l.limits.Load().address
	key := addressKey(addr)
	cost := forgery * lim.interval
	l.addresses.spend(maphash.Bytes(l.seed, key[:]), charge{
		now: l.micros(now), cost: cost, limit: lim.burst + cost, worst: lim.worst(ByAddress),
	})
}

// addressKey returns the /32 or /64 of addr, told apart by the first byte.
func addressKey(addr netip.Addr) (key [9]byte) {
	addr = addr.Unmap()
	if addr.Is4() {
		b := addr.As4()
		key[0] = 4
		copy(key[1:], b[:])
		return key
	}
	b := addr.As16()
	key[0] = 6
	copy(key[1:], b[:8])
	return key
}

// Spend counts a request of a subject whose bucket fills at the share refill of
// the base rate, from MinRefill to 1; beyond, the nearer of the two is meant. At
// a smaller share the bucket also holds less: a request costs the time it takes
// to refill, and the time to full stays bounded by that of an empty bucket at the
// base rate (or by one request, if that is longer). So no change of the share
// gives a subject requests that it had not saved.
func (l *Limiter) Spend(p models.Pseudonym, refill float64, now time.Time) Result {
	lim := l.limits.Load()
	if !(refill >= MinRefill) {
		refill = MinRefill
	}
	cost := int64(math.Ceil(float64(lim.subject.interval) / math.Min(refill, 1)))
	return l.ask(l.subjects, maphash.Bytes(l.seed, p[:]), lim.subject, charge{
		now: l.micros(now), cost: cost, limit: max(lim.subject.burst, cost),
	}, lim.delay, BySubject)
}

// micros returns the time since the start, never negative.
func (l *Limiter) micros(now time.Time) int64 { return max(now.Sub(l.start).Microseconds(), 0) }

// ask spends and puts the outcome into words. Delay is how much longer than the
// charge says an allowed request may have to wait.
func (l *Limiter) ask(t *table, hash uint64, lim limit, c charge, delay int64, s Scope) Result {
	room := c.limit
	c.limit += delay
	c.worst = lim.worst(s) + delay
	debt, ok := t.spend(hash, c)
	r := Result{Allowed: ok, Limit: int(lim.burst / lim.interval), Scope: s}
	if !ok {
		r.Reset = micro(debt - c.limit)
		r.RetryAfter = r.Reset + time.Duration(rand.Int64N(int64(r.Reset)/4+1))
		return r
	}
	r.Delay = micro(max(debt-room, 0))
	r.Remaining = int(max(room-debt, 0) / c.cost)
	r.Reset = micro(debt)
	return r
}

func micro(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
