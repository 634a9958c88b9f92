package baseline

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

func benchmarkHits(b *testing.B, subjects int, admit Admission, changed bool) {
	c := storedConfig(b, subjects*8/7+16)
	c.Probation = models.Size(int64(subjects) * candidateBytes * 2)
	c.Flush = time.Second
	m := testMemory(b, c)
	for i := range subjects {
		hold(b, m, stranger(i), admit).Release(false)
	}
	flushNow(b, m)
	rng := rand.New(rand.NewPCG(1, 2))
	now, n := noon, 0
	b.ReportAllocs()
	for b.Loop() {
		if n++; n%20_000 == 0 {
			now = now.Add(time.Second) // 20,000 requests per second
		}
		r, _ := m.Acquire(stranger(rng.IntN(subjects)), admit, now)
		r.Release(changed)
	}
}

func BenchmarkKnownHit(b *testing.B)           { benchmarkHits(b, 100_000, Declared, false) }
func BenchmarkKnownHitChanged(b *testing.B)    { benchmarkHits(b, 100_000, Declared, true) }
func BenchmarkKnownHitOneSubject(b *testing.B) { benchmarkHits(b, 1, Declared, false) }
func BenchmarkProbationHit(b *testing.B)       { benchmarkHits(b, 50_000, Transient, false) }

func BenchmarkNewcomer(b *testing.B) {
	m := testMemory(b, storedConfig(b, 1000))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r, _ := m.Acquire(stranger(i), Transient, noon)
		r.Release(false)
	}
}

// A stored subject that is not in memory: read, decrypt, check, place.
func BenchmarkRecall(b *testing.B) {
	const n = 20_000
	c := storedConfig(b, 2000)
	m := testMemory(b, c)
	for i := range n {
		count(b, m, stranger(i), Declared)
	}
	flushNow(b, m)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		hold(b, m, stranger(i%n), Declared).Release(false)
	}
}

func BenchmarkFilterHas(b *testing.B) {
	f := newFilter(1_000_000 / numStripes)
	for i := range uint64(1_000_000 / numStripes) {
		f.add(i * 0x9e3779b97f4a7c15)
	}
	for i := uint64(0); b.Loop(); i++ {
		f.has(i * 0xbf58476d1ce4e5b9)
	}
}

// Learning alone, without memory and world: a look each hour, and requests inside
// a session.
func benchmarkLearn(b *testing.B, step uint32) {
	var p Profile
	ev := success(t0)
	ev.Observed.Endpoint, ev.BytesOut = 7, 8000
	at := t0
	for range 100 {
		at += 3600
		ev.Time = time.Unix(int64(at), 0)
		Learn(&p, ev)
	}
	b.ReportAllocs()
	for i := uint32(0); b.Loop(); i++ {
		at += step
		ev.Time = time.Unix(int64(at), 0)
		ev.Observed.Object, ev.Observed.ObjectSeq = i*0x9e3779b1, int64(i)
		if ev.Features.Flags = models.SecondModel; step >= 3600 {
			ev.Features.Flags |= models.IsLook
		}
		Learn(&p, ev)
	}
}

func BenchmarkLearnLook(b *testing.B)   { benchmarkLearn(b, 3600) }
func BenchmarkLearnInside(b *testing.B) { benchmarkLearn(b, 1) }
