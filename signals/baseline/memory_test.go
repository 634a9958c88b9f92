package baseline

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/rs/zerolog"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func testKeys(t testing.TB, seed byte) Keys {
	t.Helper()
	root := make([]byte, KeyBytes)
	for i := range root {
		root[i] = seed + byte(i)
	}
	k, err := NewKeys(root)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// testConfig has room for that many known subjects, and no store.
func testConfig(known int) Config {
	c := DefaultConfig()
	c.Known = models.Size(int64(known) * knownCost)
	c.Probation = minProbation
	c.Flush = 20 * time.Millisecond
	c.Store.Cache = minCache
	c.Store.ReadTimeout = 5 * time.Second
	return c
}

func storedConfig(t testing.TB, known int) Config {
	c := testConfig(known)
	c.Store.Path = t.TempDir()
	return c
}

func testMemory(t testing.TB, c Config) *Memory {
	t.Helper()
	m, err := Open(c, testKeys(t, 1), noon, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeMemory(t, m) })
	return m
}

func closeMemory(t testing.TB, m *Memory) {
	t.Helper()
	if err := m.Close(t.Context()); err != nil && t.Context().Err() == nil {
		t.Error(err)
	}
}

// subject returns the i-th test subject, spread like a keyed hash.
func subject(i int) models.Pseudonym {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], uint64(i))
	r := rand.NewChaCha8(seed)
	var p models.Pseudonym
	_, _ = r.Read(p[:])
	return p
}

func subjects(n int) []models.Pseudonym {
	list := make([]models.Pseudonym, n)
	for i := range list {
		list[i] = subject(i)
	}
	return list
}

// hold acquires a subject, however long it takes.
func hold(t testing.TB, m *Memory, p models.Pseudonym, admit Admission) Ref {
	t.Helper()
	for start := time.Now(); time.Since(start) < 20*time.Second; {
		if r, state := m.Acquire(p, admit, noon); state != models.Unavailable {
			return r
		}
		if err := m.Sync(t.Context()); err != nil { // makes room
			t.Fatal(err)
		}
	}
	t.Fatal("subject stays unavailable")
	return Ref{}
}

// count adds one verified success to a subject.
func count(t testing.TB, m *Memory, p models.Pseudonym, admit Admission) {
	t.Helper()
	r := hold(t, m, p, admit)
	r.Profile().Own.Successes++
	r.Profile().Own.Days = 2
	r.Release(true)
}

// counted returns the verified successes of a declared subject.
func counted(t testing.TB, m *Memory, p models.Pseudonym) uint32 {
	t.Helper()
	r := hold(t, m, p, Declared)
	defer r.Release(false)
	return r.Profile().Own.Successes
}

func flushNow(t testing.TB, m *Memory) {
	t.Helper()
	if err := m.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// establish makes a subject known and stored through probation.
func establish(t testing.TB, m *Memory, p models.Pseudonym) {
	t.Helper()
	for range 3 {
		count(t, m, p, Ordinary)
	}
}

func TestAcquireStates(t *testing.T) {
	m := testMemory(t, storedConfig(t, 100))
	state := func(p models.Pseudonym, a Admission) models.State {
		r, s := m.Acquire(p, a, noon)
		r.Release(false)
		return s
	}
	user, client, guest := subject(1), subject(2), subject(3)
	for _, c := range []struct {
		what  string
		p     models.Pseudonym
		admit Admission
		want  models.State
	}{
		{"a new user is learning", user, Ordinary, models.Learning},
		{"a new declared client is learning", client, Declared, models.Learning},
		{"an anonymous caller is learning", guest, Transient, models.Learning},
	} {
		if got := state(c.p, c.admit); got != c.want {
			t.Errorf("%s: got %v", c.what, got)
		}
	}
	establish(t, m, user)
	for range 5 {
		count(t, m, guest, Transient)
	}
	if got := state(user, Ordinary); got != models.Clean {
		t.Errorf("an established user is %v, want clean", got)
	}
	if got := state(guest, Transient); got != models.Learning {
		t.Errorf("an anonymous caller with successes is %v, want learning", got)
	}
	if s := m.Stats(); s.Known != 2 || s.Candidates != 1 || s.Promotions != 1 {
		t.Errorf("got %d known, %d on probation, %d promotions; want 2, 1, 1", s.Known, s.Candidates, s.Promotions)
	}
}

func TestCandidateDeclaredLaterKeepsItsProfile(t *testing.T) {
	m := testMemory(t, storedConfig(t, 100))
	p := subject(1)
	r := hold(t, m, p, Ordinary)
	r.Profile().Own.Successes = 7
	r.Release(true)
	r = hold(t, m, p, Declared)
	defer r.Release(false)
	if !r.Known() || r.Profile().Own.Successes != 7 {
		t.Errorf("known %v with %d successes, want known with 7", r.Known(), r.Profile().Own.Successes)
	}
}

// Three times as many subjects as fit, in random order: each leaves memory many
// times.
func TestEvictionLosesNothing(t *testing.T) {
	c := storedConfig(t, 200)
	m := testMemory(t, c)
	list := subjects(2000)
	want := make([]uint32, len(list))
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		i := rng.IntN(len(list))
		count(t, m, list[i], Declared)
		want[i]++
	}
	compare := func(m *Memory, when string) {
		for i, p := range list {
			if got := counted(t, m, p); got != want[i] {
				t.Fatalf("%s: subject %d counts %d, want %d", when, i, got, want[i])
			}
		}
	}
	compare(m, "in the same memory")
	if s := m.Stats(); s.Evictions < 1000 || s.Reads < 1000 || s.Lost != 0 || s.Known > 200 {
		t.Errorf("got %+v, want many evictions and reads, nothing lost, at most 200 known", s)
	}
	closeMemory(t, m)
	compare(testMemory(t, c), "after a restart")
}

func TestCloseWritesEverything(t *testing.T) {
	c := storedConfig(t, 1000)
	c.Flush = time.Minute
	m := testMemory(t, c)
	for i := range 500 {
		count(t, m, subject(i), Declared)
	}
	closeMemory(t, m)
	if _, state := m.Acquire(subject(1), Declared, noon); state != models.Unavailable {
		t.Errorf("a closed memory says %v, want unavailable", state)
	}
	m = testMemory(t, c)
	for i := range 500 {
		if got := counted(t, m, subject(i)); got != 1 {
			t.Fatalf("subject %d counts %d, want 1", i, got)
		}
	}
}

func TestSessionsAreNotStored(t *testing.T) {
	c := storedConfig(t, 100)
	m := testMemory(t, c)
	r := hold(t, m, subject(1), Declared)
	r.Profile().Own.Successes = 3
	r.Release(true)
	closeMemory(t, m)
	r = hold(t, testMemory(t, c), subject(1), Declared)
	defer r.Release(false)
	if r.Profile().Local.Sessions != (Profile{}).Local.Sessions || r.Profile().Own.Successes != 3 {
		t.Error("want the contribution and no session after a restart")
	}
}

func TestWithoutStoreEvictionsAreCountedAsLosses(t *testing.T) {
	m := testMemory(t, testConfig(100))
	for i := range 1000 {
		count(t, m, subject(i), Declared)
	}
	flushNow(t, m)
	s := m.Stats()
	if s.Known > 100 || s.Lost < 800 || s.Reads != 0 {
		t.Errorf("got %+v, want at most 100 known and the rest lost", s)
	}
}

func TestTransientIsNeverStored(t *testing.T) {
	c := storedConfig(t, 100)
	m := testMemory(t, c)
	for range 10 {
		count(t, m, subject(1), Transient)
	}
	closeMemory(t, m)
	m = testMemory(t, c)
	if s := m.Stats(); s.Stored != 0 {
		t.Errorf("%d subjects stored, want none", s.Stored)
	}
}

// All hashes are equal, so that the cache can hold one subject only.
func TestSubjectsWithOneHashAreToldApart(t *testing.T) {
	m := testMemory(t, storedConfig(t, 100))
	m.hash = hasher{}
	for i := range m.stripes {
		m.stripes[i].known.hash = hasher{}
	}
	for range 10 {
		for i := range 20 {
			count(t, m, subject(i), Declared)
		}
		flushNow(t, m)
	}
	for i := range 20 {
		if got := counted(t, m, subject(i)); got != 10 {
			t.Errorf("subject %d counts %d, want 10", i, got)
		}
	}
	m.known.cache.Wait()
	flushNow(t, m)
	if s := m.Stats(); s.Known != 1 {
		t.Errorf("%d known, want 1: the others left", s.Known)
	}
}
