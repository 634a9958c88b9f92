package streaming

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

func openTestRing(t testing.TB, path string, boot uint64) *Ring {
	t.Helper()
	r, err := OpenRing(RingConfig{Path: path, Bytes: minRing}, "edge-1", boot)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// drainRing reads, and releases where ack is true, what r holds.
func drainRing(t testing.TB, r *Ring, ack bool) (events []models.Event) {
	t.Helper()
	var d decoder
	pos, n := r.released, 0
	for {
		rec, next, state := r.read(pos)
		if state == readEmpty || state == readPending {
			break
		}
		if state == readRecord {
			var ev models.Event
			if err := d.decode(rec, &ev); err != nil {
				t.Fatal(err)
			}
			events = append(events, ev)
			n++
		}
		pos = next
	}
	if ack {
		r.release(pos, n)
	}
	return events
}

func seqs(events []models.Event) (all []uint64) {
	for i := range events {
		all = append(all, events[i].Seq)
	}
	return all
}

// crash gives the file up as a killed process does: nothing more is written.
func crash(t testing.TB, r *Ring) {
	t.Helper()
	if err := r.file.close(); err != nil {
		t.Fatal(err)
	}
}

func TestRingKeepsWhatWasNotAcknowledged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ring")
	r := openTestRing(t, path, 1)
	ev := &models.Event{Path: []byte("/a")}
	for range 10 {
		r.Publish(ev)
	}
	drainRing(t, r, true)
	for range 5 {
		r.Publish(ev)
	}
	crash(t, r)

	r = openTestRing(t, path, 2)
	if got := r.Recovered(); got.Records != 5 || got.Abandoned != 0 || got.Boot != 1 {
		t.Fatalf("recovered %+v, want 5 records of boot 1", got)
	}
	r.Publish(ev)
	got := drainRing(t, r, true)
	if want := []uint64{11, 12, 13, 14, 15, 1}; !slices.Equal(seqs(got), want) {
		t.Errorf("sequence numbers %v, want %v", seqs(got), want)
	}
	if got[4].Boot != 1 || got[5].Boot != 2 {
		t.Errorf("boots %d and %d, want 1 and 2", got[4].Boot, got[5].Boot)
	}
	r.Close()
	if again := openTestRing(t, path, 3); again.Recovered().Records != 0 {
		t.Errorf("acknowledged events came back: %+v", again.Recovered())
	}
}

func TestRingSkipsHalfWrittenRecords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ring")
	r := openTestRing(t, path, 1)
	ev := &models.Event{Path: []byte("/a")}
	r.Publish(ev)
	r.mu.Lock()
	pos, _ := r.claim(ev, shapeOf(ev).size) // killed before it is committed
	r.mu.Unlock()
	r.Publish(ev)
	r.Publish(ev)
	last := r.offset(r.head.Load()) - 64
	r.file.data[last] ^= 1 // and the last one was torn by the machine
	if _, _, state := r.read(pos); state != readPending {
		t.Fatalf("claimed record has state %d", state)
	}
	crash(t, r)

	r = openTestRing(t, path, 2)
	v := r.Recovered()
	if v.Records != 2 || v.Abandoned != 2 || v.First != 2 || v.Last != 4 {
		t.Errorf("recovered %+v, want 2 records and 2 abandoned, from 2 to 4", v)
	}
	if got := seqs(drainRing(t, r, true)); !slices.Equal(got, []uint64{1, 3}) {
		t.Errorf("sequence numbers %v, want 1 and 3", got)
	}
}

func TestRingSurvivesATornHeader(t *testing.T) {
	for slot := range 2 {
		path := filepath.Join(t.TempDir(), "ring")
		r := openTestRing(t, path, 1)
		ev := &models.Event{Path: []byte("/a")}
		var published, acked uint64
		// more than once around, so that the older tail must not be overwritten
		for range 5000 {
			if r.Publish(ev) {
				published = ev.Seq
			}
			if got := drainRing(t, r, true); len(got) > 0 {
				acked = got[len(got)-1].Seq
			}
		}
		for range 3 {
			r.Publish(ev)
		}
		r.file.memory[slot*slotBytes+33] ^= 0xff
		crash(t, r)
		r = openTestRing(t, path, 2)
		got := seqs(drainRing(t, r, true))
		if published != 5000 || acked != 5000 || len(got) < 3 || got[len(got)-1] != 5003 || got[0] > 5001 {
			t.Errorf("slot %d torn: published %d, acknowledged %d, recovered %v", slot, published, acked, got)
		}
	}
}

func TestFullRingCountsAndReportsTheLoss(t *testing.T) {
	r := openTestRing(t, filepath.Join(t.TempDir(), "ring"), 77)
	allow, deny := &models.Event{}, &models.Event{Action: models.Deny, Denial: models.RiskDenied}
	allow.Time = time.Unix(5, 0)
	for r.Publish(allow) {
	}
	r.Publish(deny)
	r.Publish(allow)
	from, to := allow.Seq-2, allow.Seq
	if a, k := r.Lost(LostAllow), r.Lost(LostKeep); a != 2 || k != 1 {
		t.Errorf("lost %d allowed and %d others, want 2 and 1", a, k)
	}
	all := drainRing(t, r, true)
	drainRing(t, r, true) // nothing, but now both headers know
	r.release(r.released, 0)
	if !r.Publish(allow) {
		t.Fatal("lost with room to spare")
	}
	rest := drainRing(t, r, true)
	if len(rest) != 2 || rest[0].Finding != FindingEventsLost {
		t.Fatalf("want a report and the event, got %d events", len(rest))
	}
	var report struct {
		Gap struct {
			Node                               string
			Boot, From, To, Count, Allow, Keep uint64
			Reason                             string
		}
	}
	if err := json.Unmarshal(rest[0].Payload, &report); err != nil {
		t.Fatal(err)
	}
	g := report.Gap
	if g.From != from || g.To != to || g.Count != 3 || g.Allow != 2 || g.Keep != 1 || g.Boot != 77 || g.Node != "edge-1" {
		t.Errorf("report %+v, want %d to %d", g, from, to)
	}
	// with the report, no number of this boot is unaccounted for
	next := uint64(1)
	for _, s := range seqs(append(all, rest...)) {
		if s == to+1 && next == from {
			next = s
		}
		if s != next {
			t.Fatalf("number %d, want %d", s, next)
		}
		next++
	}
}

func TestGapIsReportedWithoutAnotherEvent(t *testing.T) {
	r := openTestRing(t, filepath.Join(t.TempDir(), "ring"), 1)
	ev := &models.Event{}
	for r.Publish(ev) {
	}
	drainRing(t, r, true)
	r.release(r.released, 0)
	r.flushGap(time.Unix(9, 0))
	r.flushGap(time.Unix(9, 0))
	if got := drainRing(t, r, true); len(got) != 1 || got[0].Finding != FindingEventsLost || got[0].Seq != ev.Seq+1 {
		t.Errorf("got %d events, want one report", len(got))
	}
}

func TestPublishingIntoAClosedRingIsALoss(t *testing.T) {
	r := openTestRing(t, filepath.Join(t.TempDir(), "ring"), 1)
	r.Close()
	for n := range uint64(2) {
		if r.Publish(&models.Event{}) || r.Lost(LostAllow) != n+1 {
			t.Errorf("lost %d, want %d", r.Lost(LostAllow), n+1)
		}
	}
}

func TestRingIsLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ring")
	r := openTestRing(t, path, 1)
	_, err := OpenRing(RingConfig{Path: path, Bytes: minRing}, "b", 2)
	if !errors.Is(err, ErrRingBusy) || !strings.Contains(err.Error(), path) {
		t.Errorf("second open: %v, want ErrRingBusy with the path", err)
	}
	r.Close()
}

func TestRingRefusesWhatItCannotTrust(t *testing.T) {
	dir := t.TempDir()
	f := func(name, wish string, prepare func(path string)) {
		t.Helper()
		path := filepath.Join(dir, name)
		prepare(path)
		_, err := OpenRing(RingConfig{Path: path, Bytes: minRing}, "a", 1)
		if err == nil || !strings.Contains(err.Error(), wish) {
			t.Errorf("%s: %v, want %q", name, err, wish)
		}
	}
	f("open", "lets others in", func(p string) { os.WriteFile(p, nil, 0o600); os.Chmod(p, 0o644) })
	f("link", "symbolic link", func(p string) { os.Symlink(filepath.Join(dir, "elsewhere"), p) })
	f("directory", "directory", func(p string) { os.Mkdir(p, 0o700) })
	_, err := OpenRing(RingConfig{Path: filepath.Join(dir, "big"), Bytes: 1 << 60}, "a", 1)
	if err == nil || !strings.Contains(err.Error(), "does not fit") {
		t.Errorf("a ring larger than the disk: %v", err)
	}
}

func TestRingOfAnotherKindIsMadeAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ring")
	os.WriteFile(path, make([]byte, 3<<20), 0o600)
	r := openTestRing(t, path, 1)
	if v := r.Recovered(); !v.Reset || v.Records != 0 || v.Bytes != minRing {
		t.Errorf("recovered %+v, want a reset", v)
	}
}

func TestRingChangesItsSizeOnlyWhenEmpty(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ring")
	r := openTestRing(t, path, 1)
	r.Publish(&models.Event{})
	r.Close()
	open := func() *Ring {
		r, err := OpenRing(RingConfig{Path: path, Bytes: 2 * minRing}, "a", 2)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r = open()
	if v := r.Recovered(); v.Records != 1 || v.Bytes != minRing {
		t.Errorf("recovered %+v, want the event and the old size", v)
	}
	drainRing(t, r, true)
	r.Close()
	r = open()
	if v := r.Recovered(); v.Bytes != 2*minRing {
		t.Errorf("recovered %+v, want the new size", v)
	}
	r.Publish(&models.Event{})
	if got := drainRing(t, r, true); len(got) != 1 {
		t.Errorf("%d events after the change, want 1", len(got))
	}
	r.Close()
}

// Many publish while one reads: every number of the boot arrives exactly once, or
// is in a report.
func TestRingUnderConcurrency(t *testing.T) {
	r := openTestRing(t, filepath.Join(t.TempDir(), "ring"), 1)
	const writers, each = 8, 3000
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(w), 1))
			ev := &models.Event{Path: make([]byte, 2000)}
			for range each {
				ev.Path = ev.Path[:rnd.IntN(2000)]
				r.Publish(ev)
			}
		})
	}
	stop := make(chan struct{})
	go func() { wg.Wait(); close(stop) }()
	var all []models.Event
	for done := false; !done; {
		select {
		case <-stop:
			done = true
		default:
		}
		all = append(all, drainRing(t, r, true)...)
	}
	r.release(r.released, 0)
	r.flushGap(time.Unix(1, 0))
	all = append(all, drainRing(t, r, true)...)
	checkComplete(t, all)
	if n := uint64(len(all)) + r.Lost(LostAllow); n < writers*each {
		t.Errorf("%d arrived or lost, want at least %d", n, writers*each)
	}
}

// checkComplete fails unless the numbers of all events of a boot, with the gaps
// reported, are 1, 2, 3 and so on, each once.
func checkComplete(t *testing.T, all []models.Event) {
	t.Helper()
	seen := make(map[uint64]bool)
	top := uint64(0)
	mark := func(seq uint64) {
		if seen[seq] {
			t.Fatalf("number %d twice", seq)
		}
		seen[seq] = true
		top = max(top, seq)
	}
	for i := range all {
		mark(all[i].Seq)
		if all[i].Finding == FindingEventsLost {
			var report struct{ Gap struct{ From, To uint64 } }
			if err := json.Unmarshal(all[i].Payload, &report); err != nil {
				t.Fatal(err)
			}
			for s := report.Gap.From; s <= report.Gap.To; s++ {
				mark(s)
			}
		}
	}
	if uint64(len(seen)) != top {
		t.Fatalf("%d numbers up to %d", len(seen), top)
	}
}
