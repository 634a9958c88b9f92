package ratelimit

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

var epoch = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func subject(n uint64) (p models.Pseudonym) {
	binary.BigEndian.PutUint64(p[:], n)
	return p
}

func address(n uint32) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	return netip.AddrFrom4(b)
}

func TestSpendAllowsTheBurstAndThenTheRate(t *testing.T) {
	l := New(DefaultConfig(), epoch)
	for i := range 40 {
		if r := l.Spend(subject(1), 1, epoch); !r.Allowed || r.Remaining != 39-i || r.Limit != 40 {
			t.Fatalf("request %d: %+v", i, r)
		}
	}
	r := l.Spend(subject(1), 1, epoch)
	if r.Allowed || r.Reset != 50*time.Millisecond || r.RetryAfter < r.Reset || r.RetryAfter > r.Reset*5/4 {
		t.Fatalf("request 41: %+v, want a refusal for 50 ms", r)
	}
	if r := l.Spend(subject(1), 1, epoch.Add(r.Reset-time.Microsecond)); r.Allowed {
		t.Error("allowed before Reset")
	}
	if r := l.Spend(subject(1), 1, epoch.Add(r.Reset)); !r.Allowed || r.Remaining != 0 || r.Reset != 2*time.Second {
		t.Errorf("at Reset: %+v", r)
	}
	if r := l.Spend(subject(2), 1, epoch); !r.Allowed || r.Remaining != 39 {
		t.Errorf("another subject: %+v", r)
	}
}

// TestSpendSlowsWithRisk counts what an eager caller gets in ten minutes.
func TestSpendSlowsWithRisk(t *testing.T) {
	before := math.MaxInt
	for _, c := range []struct {
		refill float64
		want   int
	}{
		{2, 12040}, {1, 12040}, {0.5, 6020}, {0.25, 3010}, {1.0 / 16, 752}, {1.0 / 64, 188}, {0, 188}, {math.NaN(), 188},
	} {
		l, n := New(DefaultConfig(), epoch), 0
		for at := time.Duration(0); at <= 10*time.Minute; at += 25 * time.Millisecond {
			for l.Spend(subject(1), c.refill, epoch.Add(at)).Allowed {
				n++
			}
		}
		if math.Abs(float64(n-c.want)) > 1 || n > before {
			t.Errorf("refill %v: %d requests, want %d", c.refill, n, c.want)
		}
		before = n
	}
}

// TestRiskGivesNothing: raising and lowering the share never admits more than
// the largest share alone.
func TestRiskGivesNothing(t *testing.T) {
	plain, moved := New(DefaultConfig(), epoch), New(DefaultConfig(), epoch)
	r := rand.New(rand.NewPCG(1, 2))
	n, m := 0, 0
	for i := range 20_000 {
		now := epoch.Add(time.Duration(i) * 5 * time.Millisecond)
		if plain.Spend(subject(1), 1, now).Allowed {
			n++
		}
		if moved.Spend(subject(1), math.Exp2(-6*r.Float64()), now).Allowed {
			m++
		}
		if m > n {
			t.Fatalf("step %d: %d with changing shares, %d at the full rate", i, m, n)
		}
	}
}

func TestAdmitJoinsPrefixes(t *testing.T) {
	l := New(DefaultConfig(), epoch)
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.2", "::ffff:192.0.2.2", true},
		{"192.0.2.3", "192.0.2.4", false},
		{"2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true},
		{"2001:db8:0:2::1", "2001:db8:0:3::1", false},
		{"fe80::1%eth0", "fe80::1%eth1", true},
	} {
		l.Admit(netip.MustParseAddr(c.a), epoch)
		r := l.Admit(netip.MustParseAddr(c.b), epoch)
		if (r.Remaining == 38) != c.same || r.Scope != ByAddress {
			t.Errorf("%s and %s: %+v, want the same bucket %v", c.a, c.b, r, c.same)
		}
	}
}

func TestDelay(t *testing.T) {
	c := DefaultConfig()
	c.Burst, c.Delay = 1, 120*time.Millisecond
	l := New(c, epoch)
	for i, want := range []Result{
		{Allowed: true, Limit: 1, Reset: 50 * time.Millisecond},
		{Allowed: true, Limit: 1, Reset: 100 * time.Millisecond, Delay: 50 * time.Millisecond},
		{Allowed: true, Limit: 1, Reset: 150 * time.Millisecond, Delay: 100 * time.Millisecond},
		{Limit: 1, Reset: 30 * time.Millisecond},
	} {
		want.Scope = BySubject
		got := l.Spend(subject(1), 1, epoch)
		got.RetryAfter = 0
		if got != want {
			t.Errorf("request %d: %+v, want %+v", i, got, want)
		}
	}
}

func TestReloadKeepsBuckets(t *testing.T) {
	c := DefaultConfig()
	l := New(c, epoch)
	for l.Spend(subject(1), 1, epoch).Allowed {
	}
	c.Subject = 40
	if err := l.Reload(c); err != nil {
		t.Fatal(err)
	}
	if r := l.Spend(subject(1), 1, epoch); r.Allowed {
		t.Errorf("a reload filled a bucket: %+v", r)
	}
	if r := l.Spend(subject(2), 1, epoch); r.Reset != 25*time.Millisecond {
		t.Errorf("a reload left the old rate: %+v", r)
	}
	c.MaxKeys *= 2
	if err := l.Reload(c); !errors.Is(err, ErrRestart) {
		t.Errorf("Reload with other max_keys: %v", err)
	}
}

// TestOneKeyUnderContention: exactly the burst, whoever asks.
func TestOneKeyUnderContention(t *testing.T) {
	c := DefaultConfig()
	c.Burst = 100_000
	l := New(c, epoch)
	var allowed atomic.Int64
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 25_000 {
				if l.Spend(subject(7), 1, epoch).Allowed {
					allowed.Add(1)
				}
			}
		})
	}
	wait.Wait()
	if n := allowed.Load(); n != 100_000 {
		t.Fatalf("%d of 200000 allowed at once, want 100000", n)
	}
}

// TestTableLosesNoSpend: after n charges of 1 at one moment, a bucket is n from
// full. A lost update would admit a request for nothing.
func TestTableLosesNoSpend(t *testing.T) {
	table := newTable(leastKeys)
	const workers, each = 8, 150_000
	start := make(chan struct{})
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			<-start
			for range each {
				table.spend(1<<timeBits, charge{cost: 1, limit: 1 << 40, worst: 1 << 40})
			}
		})
	}
	close(start)
	wait.Wait()
	if debt, _ := table.spend(1<<timeBits, charge{limit: 1 << 40, worst: 1 << 40}); debt != workers*each {
		t.Errorf("the bucket owes %d after %d spends", debt, workers*each)
	}
}

// TestManyKeysUnderContention: keys that are inserted and displaced at the same
// time get no more than their burst.
func TestManyKeysUnderContention(t *testing.T) {
	c := DefaultConfig()
	c.MaxKeys = leastKeys
	l := New(c, epoch)
	const keys = 4 * leastKeys
	var allowed [keys]atomic.Int64
	var wait sync.WaitGroup
	for g := range 8 {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(g)))
			for range 40_000 {
				k := r.IntN(keys)
				if l.Spend(subject(uint64(k)), 1, epoch).Allowed {
					allowed[k].Add(1)
				}
			}
		})
	}
	wait.Wait()
	for k := range allowed {
		if n := allowed[k].Load(); n > 40 {
			t.Fatalf("key %d: %d allowed at once, want at most 40", k, n)
		}
	}
}

// exact is the algorithm with a map and as many buckets as there are keys.
type exact map[uint64]int64

func (e exact) spend(key uint64, c charge) bool {
	debt := max(e[key]-c.now, 0) + c.cost
	if debt > c.limit {
		return false
	}
	e[key] = c.now + debt
	return true
}

// tokens is a token bucket in floating point: it knows nothing of arrival times.
type tokens struct {
	level float64
	at    time.Duration
}

func (b *tokens) spend(now time.Duration, rate, size float64) bool {
	b.level = math.Min(size, b.level+(now-b.at).Seconds()*rate)
	b.at = now
	if b.level < 1-1e-6 {
		return false
	}
	b.level--
	return true
}

func TestSpendIsATokenBucket(t *testing.T) {
	l, r := New(DefaultConfig(), epoch), rand.New(rand.NewPCG(3, 4))
	b, now := tokens{level: 40}, time.Duration(0)
	for i := range 100_000 {
		now += time.Duration(r.ExpFloat64()*45_000) * time.Microsecond
		if got, want := l.Spend(subject(1), 1, epoch.Add(now)).Allowed, b.spend(now, 20, 40); got != want {
			t.Fatalf("request %d at %v: %v, token bucket %v", i, now, got, want)
		}
	}
}

// TestTableNeverAdmitsMore compares with exact buckets: the same with few keys,
// and never more with many more keys than there is room for.
func TestTableNeverAdmitsMore(t *testing.T) {
	for _, c := range []struct {
		keys uint64
		same bool
	}{{16, true}, {3000, false}} {
		table, model := newTable(leastKeys), exact{}
		r := rand.New(rand.NewPCG(5, c.keys))
		seen := map[uint64]uint64{} // hashes whose set and tag are alike are one key
		var now, less int64
		for i := range 300_000 {
			now += r.Int64N(40)
			key := r.Uint64N(c.keys)
			if r.IntN(2) == 0 {
				key %= 8 // a few are greedy
			}
			hash := mix(key)
			bucket := hash&table.mask | hash>>timeBits<<32
			if k, ok := seen[bucket]; ok && k != key {
				continue
			}
			seen[bucket] = key
			ask := charge{now: now, cost: 50_000 << r.IntN(3), limit: 400_000, worst: 400_000}
			_, got := table.spend(hash, ask)
			want := model.spend(key, ask)
			if c.same && got != want {
				t.Fatalf("request %d: %v, exact %v", i, got, want)
			}
			if got && !want {
				t.Fatalf("request %d of key %d: allowed, exact bucket refuses", i, key)
			}
			if want && !got {
				less++
				model[key] -= ask.cost // the model follows what was really admitted
			}
		}
		t.Logf("%d keys, room for %d: %d of 300000 requests refused for want of room", c.keys, leastKeys, less)
	}
}

// mix spreads a number over 64 bits, one to one.
func mix(x uint64) uint64 {
	x = (x + 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// TestFlood: a flood of addresses in ten seconds neither reset a drained bucket
// nor get each other refused.
func TestFlood(t *testing.T) {
	l := New(DefaultConfig(), epoch)
	victim := netip.MustParseAddr("2001:db8::1")
	for l.Admit(victim, epoch).Allowed {
	}
	refused, extra := 0, 0
	for i := range uint32(flood) {
		now := epoch.Add(10 * time.Second / flood * time.Duration(i))
		if !l.Admit(address(i), now).Allowed {
			refused++
		}
		if i%1000 == 0 && l.Admit(victim, now).Allowed {
			extra++
		}
	}
	if refused > 0 {
		t.Errorf("%d of %d first requests refused", refused, flood)
	}
	if extra > 500 { // ten seconds at 50/s
		t.Errorf("the drained bucket admitted %d requests in ten seconds, want at most 500", extra)
	}
}

// TestDrainedBucketSurvivesFloodAtOnce: no time passes, so nothing is admitted.
func TestDrainedBucketSurvivesFloodAtOnce(t *testing.T) {
	c := DefaultConfig()
	c.MaxKeys = leastKeys
	l := New(c, epoch)
	for l.Spend(subject(0), 1, epoch).Allowed {
	}
	for i := range uint64(100_000) {
		l.Spend(subject(i+1), 1, epoch)
		if i%100 == 0 && l.Spend(subject(0), 1, epoch).Allowed {
			t.Fatalf("allowed after %d other subjects", i)
		}
	}
}

// TestClockSetBack: a bucket is then drained at most, not closed for the hour.
func TestClockSetBack(t *testing.T) {
	start := epoch.Add(-2 * time.Hour)
	l := New(DefaultConfig(), start)
	for range 40 {
		l.Spend(subject(1), 1, epoch)
	}
	back := epoch.Add(-time.Hour)
	if r := l.Spend(subject(1), 1, back); r.Allowed || r.Reset > 2*time.Second {
		t.Errorf("just after: %+v, want a refusal for at most 2 s", r)
	}
	if r := l.Spend(subject(1), 1, back.Add(4*time.Second)); !r.Allowed {
		t.Errorf("4 s later: %+v", r)
	}
	if r := l.Spend(subject(2), 1, start.Add(-time.Hour)); !r.Allowed {
		t.Errorf("before the start: %+v", r)
	}
}

// TestPenalize: a forged signature costs its address more than a request, however
// empty the bucket is, and nobody else.
func TestPenalize(t *testing.T) {
	for _, burst := range []int{1, 40, 10000} {
		c := DefaultConfig()
		c.Burst = burst
		l := New(c, epoch)
		now, sent, other := epoch, 0, 0
		for range 60 * 50 { // asks at the base rate for a minute once the burst is gone
			for now.Equal(epoch) && l.Admit(address(1), now).Allowed {
			}
			now = now.Add(20 * time.Millisecond)
			if l.Admit(address(1), now).Allowed {
				sent++
				l.Penalize(address(1), now)
			}
			if l.Admit(address(2), now).Allowed {
				other++
			}
		}
		if want := 60 * 50 / (1 + forgery); sent < want || sent > want+1 || other != 60*50 {
			t.Errorf("burst %d: %d forgeries and %d requests of a neighbor in a minute, want %d and %d", burst, sent, other, want, 60*50)
		}
	}
}
