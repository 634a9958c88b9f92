package baseline

import (
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// stranger returns one of any number of newcomers, cheaply.
func stranger(i int) models.Pseudonym {
	var p models.Pseudonym
	binary.LittleEndian.PutUint64(p[:], uint64(i)*0x9e3779b97f4a7c15)
	binary.LittleEndian.PutUint64(p[8:], uint64(i)*0xbf58476d1ce4e5b9+1)
	return p
}

func heap() int64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// A million newcomers, anonymous and with credentials, against a memory that is
// full of established subjects.
func TestFloodOfNewcomersCostsTheEstablishedNothing(t *testing.T) {
	const residents, flood = 2000, 1_000_000
	a := newSlowArchive()
	m := openOn(t, a, testConfig(residents*8/7+16))
	before := make([]Profile, residents)
	for i := range before {
		establish(t, m, subject(i))
		r := hold(t, m, subject(i), Ordinary)
		r.Profile().Local.Minute = float32(i) / 7
		r.Profile().Own.Hours[i%len(r.Profile().Own.Hours)] = uint8(i)
		before[i] = *r.Profile()
		r.Release(true)
	}
	flushNow(t, m)
	start, used := m.Stats(), heap()

	admissions := []Admission{Transient, Ordinary}
	for i := range flood {
		r, state := m.Acquire(stranger(i), admissions[i%2], noon)
		if state == models.Learning {
			r.Profile().Local.Minute++
			r.Release(true)
		} else if state != models.Unavailable {
			t.Fatalf("newcomer %d is %v", i, state)
		}
	}
	end := m.Stats()
	if grown := heap() - used; grown > 256<<10 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	if reads := end.Reads - start.Reads; reads > flood/2000 {
		t.Errorf("%d newcomers asked the store, want at most 1 in 2000", reads)
	}
	if end.Known != start.Known || end.Written != start.Written || end.Bytes != start.Bytes {
		t.Errorf("before %+v, after %+v", start, end)
	}
	for i := range before {
		r, state := m.Acquire(subject(i), Ordinary, noon)
		if state != models.Clean || !r.Known() || *r.Profile() != before[i] {
			t.Fatalf("resident %d is %v and changed", i, state)
		}
		r.Release(false)
	}
	if after := m.Stats(); after.Reads != end.Reads {
		t.Errorf("%d residents were read from the store, want all in memory", after.Reads-end.Reads)
	}
}

// costOfKnown returns how many bytes of heap each of 20,000 known subjects takes.
func costOfKnown(t *testing.T) int64 {
	const n = 20_000
	before := heap()
	m := openOn(t, newSlowArchive(), testConfig(n*8/7+16))
	empty := heap() - before
	for i := range n {
		hold(t, m, stranger(i), Declared).Release(false)
	}
	defer runtime.KeepAlive(m)
	return (heap() - before - empty) / n
}

// What knownCost says is what a known subject takes.
func TestKnownSubjectsTakeNoMoreThanTheyAreCharged(t *testing.T) {
	if testing.Short() {
		t.Skip("measures 20,000 subjects; skipped by -short")
	}
	per := costOfKnown(t)
	for range 2 { // others may hold memory meanwhile, which only adds to it
		if per > knownCost*102/100 {
			per = min(per, costOfKnown(t))
		}
	}
	if per > knownCost*102/100 { // maps are now fuller, now emptier
		t.Errorf("a known subject takes %d bytes, is charged %d", per, knownCost)
	}
	if knownCost > 1024 {
		t.Errorf("a known subject is charged %d bytes, want at most 1024", knownCost)
	}
	t.Logf("%d bytes a known subject, %d charged, of which the entry %d", per, knownCost, knownCost-knownOverhead)
}
