package baseline

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/riskgate/riskgate/models"
	"github.com/rs/zerolog"
)

func testStore(t *testing.T, c Config) *store {
	t.Helper()
	s, err := openStore(c.Store, testKeys(t, 1), zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// raw changes what the store of a closed memory holds, below the seal.
func raw(t *testing.T, c Config, change func(*badger.Txn) error) {
	t.Helper()
	s := testStore(t, c)
	if err := errors.Join(s.db.Update(change), s.close()); err != nil {
		t.Fatal(err)
	}
}

func stored(t *testing.T, txn *badger.Txn, key []byte) []byte {
	t.Helper()
	item, err := txn.Get(key)
	if err != nil {
		t.Fatal(err)
	}
	v, err := item.ValueCopy(nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestWrongKeyChangesNothing(t *testing.T) {
	c := storedConfig(t, 100)
	m := testMemory(t, c)
	count(t, m, subject(1), Declared)
	closeMemory(t, m)

	_, err := Open(c, testKeys(t, 2), noon, zerolog.Nop())
	if !errors.Is(err, ErrWrongKey) {
		t.Fatalf("got %v, want ErrWrongKey", err)
	}
	if got := counted(t, testMemory(t, c), subject(1)); got != 1 {
		t.Errorf("with the right key again: %d, want 1", got)
	}
}

func TestStoreInUse(t *testing.T) {
	c := storedConfig(t, 100)
	testMemory(t, c)
	if _, err := Open(c, testKeys(t, 1), noon, zerolog.Nop()); !errors.Is(err, ErrStoreInUse) {
		t.Errorf("got %v, want ErrStoreInUse", err)
	}
}

func TestStoreHoldsNothingInClear(t *testing.T) {
	c := storedConfig(t, 100)
	m := testMemory(t, c)
	name := []byte("a name that would be noticed")
	if err := m.PutGlobal("table", name); err != nil {
		t.Fatal(err)
	}
	p := subject(1)
	count(t, m, p, Declared)
	closeMemory(t, m)
	files, err := filepath.Glob(filepath.Join(c.Store.Path, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, name) || bytes.Contains(b, p[:]) && filepath.Base(f) != "MANIFEST" {
			t.Errorf("%s shows what is stored", filepath.Base(f))
		}
	}
}

func TestCorruptProfileIsNotUsed(t *testing.T) {
	changes := map[string]func(v []byte) []byte{
		"one bit":      func(v []byte) []byte { v[len(v)/2] ^= 1; return v },
		"the version":  func(v []byte) []byte { v[0]++; return v },
		"cut short":    func(v []byte) []byte { return v[:len(v)-1] },
		"empty":        func([]byte) []byte { return nil },
		"sealed trash": nil,
	}
	for what, change := range changes {
		t.Run(what, func(t *testing.T) {
			c := storedConfig(t, 100)
			m := testMemory(t, c)
			establish(t, m, subject(1))
			closeMemory(t, m)
			key := profileKey(subject(1))
			raw(t, c, func(txn *badger.Txn) error {
				if change == nil {
					seal, _ := newSealer(testKeys(t, 1))
					return txn.Set(key, seal.seal(nil, key[1], key, []byte("no profile at all")))
				}
				return txn.Set(key, change(stored(t, txn, key)))
			})
			m = testMemory(t, c)
			r := hold(t, m, subject(1), Ordinary)
			if r.Known() || r.Profile().Seen() {
				t.Error("the corrupt profile is used")
			}
			r.Release(false)
			if s := m.Stats(); s.Corrupt != 1 {
				t.Errorf("%d corrupt, want 1", s.Corrupt)
			}
		})
	}
}

func TestRecordOfAnotherSubjectIsCorrupt(t *testing.T) {
	c := storedConfig(t, 100)
	m := testMemory(t, c)
	victim := subject(1)
	thief := subject(2)
	thief[0] = victim[0] // sealed with the same key
	establish(t, m, victim)
	establish(t, m, thief)
	closeMemory(t, m)
	raw(t, c, func(txn *badger.Txn) error {
		return txn.Set(profileKey(victim), stored(t, txn, profileKey(thief)))
	})
	m = testMemory(t, c)
	hold(t, m, victim, Ordinary).Release(false)
	if s := m.Stats(); s.Corrupt != 1 {
		t.Errorf("%d corrupt, want 1", s.Corrupt)
	}
}

func TestGlobalTables(t *testing.T) {
	for _, c := range []Config{storedConfig(t, 100), testConfig(100)} {
		m := testMemory(t, c)
		for _, n := range []int{0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 1<<20 + 5, 3} {
			want := bytes.Repeat([]byte{byte(n + 1)}, n)
			if err := m.PutGlobal("sketch", want); err != nil {
				t.Fatal(err)
			}
			if err := m.PutGlobal("sketch2", []byte("other")); err != nil {
				t.Fatal(err)
			}
			got, err := m.Global("sketch")
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("table of %d bytes: got %d bytes, %v", n, len(got), err)
			}
		}
		if got, err := m.Global("absent"); got != nil || err != nil {
			t.Errorf("absent table: got %v, %v", got, err)
		}
	}
}

func TestGlobalTableSurvivesRestartAndInterruptedWrite(t *testing.T) {
	c := storedConfig(t, 100)
	m := testMemory(t, c)
	want := bytes.Repeat([]byte("abc"), chunkBytes)
	if err := m.PutGlobal("q", want); err != nil {
		t.Fatal(err)
	}
	closeMemory(t, m)
	raw(t, c, func(txn *badger.Txn) error { // the next generation lacks its head
		seal, _ := newSealer(testKeys(t, 1))
		key := chunkKey("q", 2, 0)
		return txn.Set(key, seal.seal(nil, kindGlobal, bound(key, 2), []byte("new")))
	})
	m = testMemory(t, c)
	if got, err := m.Global("q"); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got %d bytes, %v; want the earlier table", len(got), err)
	}
	closeMemory(t, m)
	raw(t, c, func(txn *badger.Txn) error { return txn.Delete(chunkKey("q", 1, 1)) })
	m = testMemory(t, c)
	if _, err := m.Global("q"); !errors.Is(err, errCorrupt) {
		t.Errorf("a table without its middle: got %v, want corrupt", err)
	}
	if s := m.Stats(); s.Corrupt != 1 {
		t.Errorf("%d corrupt, want 1", s.Corrupt)
	}
}

// slowArchive is a store in memory whose reads wait and whose writes can fail.
type slowArchive struct {
	gate chan struct{} // reads wait until it is closed; nil: they do not

	mu      sync.Mutex // guards all below
	plain   map[models.Pseudonym]record
	broken  error
	written []record

	onWrite func() // during every write; nil: nothing
}

func newSlowArchive() *slowArchive {
	return &slowArchive{plain: make(map[models.Pseudonym]record)}
}

func (a *slowArchive) read(p models.Pseudonym, profile *Profile) (uint32, error) {
	a.mu.Lock()
	gate := a.gate
	a.mu.Unlock()
	if gate != nil {
		<-gate
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.plain[p]
	if !ok {
		return 0, errAbsent
	}
	return r.version, profile.UnmarshalBinary(r.plain)
}

func (a *slowArchive) write(batch []record) error {
	if a.onWrite != nil {
		a.onWrite()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.broken != nil {
		return a.broken
	}
	for _, r := range batch {
		r.plain = bytes.Clone(r.plain)
		a.plain[r.key] = r
		a.written = append(a.written, r)
	}
	return nil
}

func (a *slowArchive) each(f func(models.Pseudonym)) error {
	for p := range a.plain {
		f(p)
	}
	return nil
}

func (a *slowArchive) putGlobal(string, []byte) error { return nil }
func (a *slowArchive) global(string) ([]byte, error)  { return nil, nil }
func (a *slowArchive) close() error                   { return nil }

func (a *slowArchive) set(gate chan struct{}, broken error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gate, a.broken = gate, broken
}

// holding returns an archive with n established subjects.
func holding(n int) *slowArchive {
	a := newSlowArchive()
	for i := range n {
		var p Profile
		p.Own.Successes, p.Own.Days = uint32(100+i), 2
		a.plain[subject(i)] = record{key: subject(i), version: 7, plain: p.AppendBinary(nil)}
	}
	return a
}

func openOn(t *testing.T, a archive, c Config) *Memory {
	t.Helper()
	m, err := open(c, testKeys(t, 1), a, noon, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close(context.Background()) })
	return m
}

func TestSlowStoreIsUnavailableAndOverwritesNothing(t *testing.T) {
	a := holding(1)
	gate := make(chan struct{})
	a.set(gate, nil)
	c := testConfig(100)
	c.Store.ReadTimeout = time.Millisecond
	m := openOn(t, a, c)
	for range 3 {
		r, state := m.Acquire(subject(0), Ordinary, noon)
		if state != models.Unavailable || r.Profile() != nil {
			t.Fatalf("got %v, want unavailable without a profile", state)
		}
		r.Release(true)
	}
	close(gate)
	m.loads.Wait()
	if s := m.Stats(); s.Reads != 1 {
		t.Errorf("%d reads for three requests, want one shared", s.Reads)
	}
	r, state := m.Acquire(subject(0), Ordinary, noon)
	if state != models.Clean || r.Profile().Own.Successes != 100 {
		t.Fatalf("the late answer is lost: %v", state)
	}
	r.Release(true)
	flushNow(t, m)
	if len(a.written) != 1 || a.written[0].version != 8 {
		t.Errorf("wrote %d records, want one of version 8", len(a.written))
	}
	if s := m.Stats(); s.Unavailable != 3 {
		t.Errorf("%d unavailable, want 3", s.Unavailable)
	}
}

func TestReadsAtOnceAreBounded(t *testing.T) {
	a := holding(2 * maxReads)
	gate := make(chan struct{})
	a.set(gate, nil)
	c := testConfig(1000)
	c.Store.ReadTimeout = 100 * time.Microsecond
	m := openOn(t, a, c)
	for i := range 2 * maxReads {
		if _, state := m.Acquire(subject(i), Ordinary, noon); state != models.Unavailable {
			t.Fatalf("subject %d is %v", i, state)
		}
	}
	close(gate)
	m.loads.Wait()
	if s := m.Stats(); s.Reads != maxReads {
		t.Errorf("%d reads, want %d", s.Reads, maxReads)
	}
}

func TestFailedWritesAreKeptAndRepeated(t *testing.T) {
	a := newSlowArchive()
	m := openOn(t, a, testConfig(64))
	a.set(nil, errors.New("disk full"))
	full := 0
	for i := range 200 { // more than fit
		r, state := m.Acquire(subject(i), Declared, noon)
		if state == models.Unavailable {
			full++
			continue
		}
		r.Profile().Own.Successes = uint32(i + 1)
		r.Release(true)
	}
	if err := m.Sync(t.Context()); err == nil {
		t.Error("want the error of the disk")
	}
	if full != 200-64 {
		t.Errorf("%d of 200 unavailable, want all but 64", full)
	}
	for i := range 64 {
		if got := counted(t, m, subject(i)); got != uint32(i+1) {
			t.Fatalf("subject %d counts %d while writing fails", i, got)
		}
	}
	a.set(nil, nil)
	flushNow(t, m)
	if len(a.plain) != 64 {
		t.Errorf("%d stored after the disk works again, want 64", len(a.plain))
	}
}

func TestCloseSaysWhatIsLost(t *testing.T) {
	a := newSlowArchive()
	m := openOn(t, a, testConfig(64))
	a.set(nil, errors.New("disk full"))
	count(t, m, subject(1), Declared)
	if err := m.Close(t.Context()); err == nil {
		t.Error("want an error: one profile is not written")
	}
}

func TestCloseEndsWithItsContext(t *testing.T) {
	a := newSlowArchive()
	c := testConfig(64)
	c.Flush = time.Minute
	m := openOn(t, a, c)
	for i := range 5 {
		count(t, m, subject(i), Declared)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := m.Close(ctx)
	if !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), "5 changed profiles") {
		t.Errorf("got %v, want the number of profiles and the cause", err)
	}
	if err := m.Sync(t.Context()); !errors.Is(err, errClosed) {
		t.Errorf("Sync after Close: got %v", err)
	}
}

func TestOlderCopyNeverOverwritesNewer(t *testing.T) {
	a := newSlowArchive()
	m := openOn(t, a, testConfig(64))
	list := subjects(200)
	for range 20 {
		for _, p := range list {
			count(t, m, p, Declared)
		}
	}
	flushNow(t, m)
	last := make(map[models.Pseudonym]uint32)
	for _, r := range a.written {
		if r.version <= last[r.key] {
			t.Fatalf("version %d written after %d", r.version, last[r.key])
		}
		last[r.key] = r.version
	}
	for _, p := range list {
		var profile Profile
		if version, err := a.read(p, &profile); err != nil || profile.Own.Successes != 20 || version != last[p] {
			t.Fatalf("stored: %d successes in version %d, %v; want 20 in %d", profile.Own.Successes, version, err, last[p])
		}
	}
}

// A subject so busy that it is never written and unchanged at once, which came
// when memory was full, wins a place instead of leaving forever.
func TestBusySubjectIsOfferedAgain(t *testing.T) {
	a := newSlowArchive()
	m := openOn(t, a, testConfig(64))
	for i := range 64 {
		count(t, m, subject(i), Declared)
	}
	flushNow(t, m)
	busy := subject(100)
	var cached atomic.Bool
	touch := func() {
		r, state := m.Acquire(busy, Declared, noon)
		if state == models.Unavailable {
			return
		}
		r.Profile().Own.Successes++
		r.Release(true)
		m.known.cache.Wait()
		_, found := m.known.cache.Get(m.hash.sum(busy))
		cached.Store(found)
	}
	a.onWrite = touch
	for start := time.Now(); !cached.Load(); runtime.Gosched() {
		if time.Since(start) > 10*time.Second {
			t.Fatal("the busy subject is still leaving")
		}
		touch()
	}
}
