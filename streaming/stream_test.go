package streaming

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// memory is a sink that keeps what it is given, as long as up says so.
type memory struct {
	mu     sync.Mutex
	down   bool
	got    []models.Event
	writes int
}

func (m *memory) Write(_ context.Context, messages []Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return errors.New("down")
	}
	m.writes++
	for i := range messages {
		var ev models.Event
		if err := ocsf.Decode(messages[i].Value, &ev); err != nil {
			return err
		}
		m.got = append(m.got, ev)
	}
	return nil
}

func (m *memory) set(down bool) {
	m.mu.Lock()
	m.down = down
	m.mu.Unlock()
}

func (m *memory) Close() error { return nil }
func (m *memory) Name() string { return "memory" }

func testConfig(t testing.TB) Config {
	c := DefaultConfig()
	c.Privacy = ocsf.Clear
	c.Ring = RingConfig{Path: filepath.Join(t.TempDir(), "ring"), Bytes: 4 << 20}
	c.File.Path = filepath.Join(t.TempDir(), "events", "events.jsonl")
	return c
}

func newStream(t testing.TB, c Config, sink Sink) *Stream {
	t.Helper()
	s, err := New(c, "edge-1", 1, "0.1.0", sink, time.Now, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStreamDeliversInOrderAndDrainsAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &memory{}
		s := newStream(t, testConfig(t), sink)
		s.Start()
		ev := &models.Event{Time: time.Now(), Path: []byte("/a")}
		for i := range 3000 {
			if i%700 == 0 {
				time.Sleep(20 * time.Millisecond)
			}
			if !s.Publish(ev) {
				t.Fatal("lost")
			}
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range sink.got {
			if sink.got[i].Seq != uint64(i+1) {
				t.Fatalf("event %d has number %d", i, sink.got[i].Seq)
			}
		}
		if st := s.Stats(time.Now()); len(sink.got) != 3000 || st.Sent != 3000 || st.Pending != 0 || st.Oldest != 0 {
			t.Errorf("%d delivered, stats %+v", len(sink.got), st)
		}
	})
}

func TestEventsShareABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &memory{}
		s := newStream(t, testConfig(t), sink)
		s.Start()
		for range 10 {
			s.Publish(&models.Event{})
			time.Sleep(100 * time.Microsecond)
		}
		time.Sleep(time.Second)
		sink.mu.Lock()
		if sink.writes != 1 || len(sink.got) != 10 {
			t.Errorf("%d events in %d writes, want 10 in 1", len(sink.got), sink.writes)
		}
		sink.mu.Unlock()
		s.Stop(t.Context())
	})
}

func TestStreamOutlivesAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &memory{down: true}
		s := newStream(t, testConfig(t), sink)
		s.Start()
		for range 2000 {
			if !s.Publish(&models.Event{Time: time.Now()}) {
				t.Fatal("lost")
			}
		}
		time.Sleep(time.Minute)
		if st := s.Stats(time.Now()); st.Pending != 2000 || st.Oldest < 59*time.Second || st.SinkErrors < 10 {
			t.Errorf("during the outage: %+v", st)
		}
		sink.set(false)
		time.Sleep(10 * time.Second)
		if st := s.Stats(time.Now()); st.Pending != 0 {
			t.Errorf("after it: %+v", st)
		}
		s.Stop(t.Context())
		checkComplete(t, sink.got)
		if len(sink.got) != 2000 {
			t.Errorf("after it: %d delivered, want 2000", len(sink.got))
		}
	})
}

func TestUndeliveredEventsWaitForTheNextProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := testConfig(t)
		s := newStream(t, c, &memory{down: true})
		s.Start()
		for range 100 {
			s.Publish(&models.Event{})
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Stop: %v, want a deadline", err)
		}
		sink := &memory{}
		s = newStream(t, c, sink)
		s.Start()
		s.Stop(t.Context())
		if len(sink.got) != 100 {
			t.Errorf("%d delivered, want 100", len(sink.got))
		}
	})
}

func TestLossIsVisible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &memory{down: true}
		s := newStream(t, testConfig(t), sink)
		s.Start()
		for range 10000 {
			s.Publish(&models.Event{})
		}
		lost := s.Stats(time.Now()).LostAllow
		sink.set(false)
		time.Sleep(time.Minute)
		s.Stop(t.Context())
		checkComplete(t, sink.got)
		if last := sink.got[len(sink.got)-1]; lost == 0 || last.Finding != FindingEventsLost || uint64(last.Count) != lost {
			t.Errorf("lost %d, last event %q with count %d", lost, last.Finding, last.Count)
		}
	})
}

func TestRefusalsAreCountedNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &memory{}
		s := newStream(t, testConfig(t), sink)
		s.Start()
		start := time.Now()
		refuse := func(n int, addr string, d models.Denial) {
			for range n {
				s.Refuse(time.Now(), netip.MustParseAddr(addr), d)
			}
		}
		refuse(5, "192.0.2.1", models.UnknownKey)
		refuse(6, "192.0.2.200", models.UnknownKey)
		refuse(7, "192.0.2.1", models.NoCredentials)
		refuse(8, "2001:db8:1:2::3", models.UnknownKey)
		time.Sleep(1500 * time.Millisecond)
		refuse(9, "192.0.2.1", models.UnknownKey)
		s.Stop(t.Context())
		got := map[string]uint32{}
		for _, ev := range sink.got {
			got[ev.Prefix.String()+" "+string(ev.Denial)+" "+ev.FirstTime.Sub(start).String()] = ev.Count
			if ev.Kind != models.RefusalEvent || ev.Status != 401 {
				t.Errorf("kind %v, status %d", ev.Kind, ev.Status)
			}
		}
		want := map[string]uint32{
			"192.0.2.0/24 unknown_key 0s": 11, "192.0.2.0/24 no_credentials 0s": 7,
			"2001:db8:1::/48 unknown_key 0s": 8, "192.0.2.0/24 unknown_key 1.5s": 9,
		}
		for k, n := range want {
			if got[k] != n {
				t.Errorf("%s: %d, want %d", k, got[k], n)
			}
		}
		if len(got) != len(want) {
			t.Errorf("got %v", got)
		}
	})
}

func TestFloodOfPrefixesIsBounded(t *testing.T) {
	r := NewRefusals()
	now := time.Unix(100, 0)
	for i := range 1_000_00 {
		r.Add(now, netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), models.UnknownKey)
		r.Add(now, netip.AddrFrom4([4]byte{byte(i >> 8), byte(i), 0, 1}), models.NoCredentials)
	}
	sum, events := uint32(0), 0
	r.flush(101, func(s *refusal) { sum += s.count; events++ })
	if sum != 2_000_00 || events > refusalSlots+otherSlots {
		t.Errorf("%d refusals in %d events", sum, events)
	}
	r.flush(1<<62, func(s *refusal) { t.Errorf("left behind: %+v", *s) })
}

func TestDiscardIsCountedButNotDecoded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStream(t, testConfig(t), Discard{})
		s.Start()
		for range 1000 {
			s.Publish(&models.Event{})
		}
		s.Stop(t.Context())
		if st := s.Stats(time.Now()); st.Sent != 1000 || st.Pending != 0 || st.Bytes != 0 {
			t.Errorf("%+v", st)
		}
	})
}

func readLines(t testing.TB, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

func testMessage(s string) []Message { return []Message{{Value: []byte(s)}} }

func TestLinesAreNotCopiedWhereTheyLieTogether(t *testing.T) {
	memory := []byte("{1}\n{22}\n{333}\n")
	a, b, c := memory[0:3], memory[4:8], memory[9:14]
	f := func(want string, copied bool, messages ...Message) {
		t.Helper()
		got, buffer := lines(messages, make([]byte, 0, 64))
		if string(got) != want || (len(buffer) > 0) != copied {
			t.Errorf("got %q, copied %v, want %q, %v", got, len(buffer) > 0, want, copied)
		}
	}
	f("", false)
	f("{1}\n{22}\n{333}\n", false, Message{Value: a}, Message{Value: b}, Message{Value: c})
	f("{22}\n{333}\n", false, Message{Value: b}, Message{Value: c})
	f("{22}\n", true, Message{Value: a, Done: true}, Message{Value: b})
	f("{1}\n{333}\n", true, Message{Value: a}, Message{Value: c})
	f("{22}\n{1}\n", true, Message{Value: b}, Message{Value: a})
	f("{1}\n{22}\n", true, Message{Value: a[:3:3]}, Message{Value: b})
	f("{1}\n{22}\n", true, Message{Value: a}, Message{Value: []byte("{22}")})
	f("{1\n", true, Message{Value: a[:2]})
}

// Every file can be explained by itself: it begins with the risk section in
// force.
func TestANewFileBeginsWithTheRiskSection(t *testing.T) {
	c := testConfig(t).File
	f, err := NewFile(c)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	write := func(kind models.EventKind, s string) {
		t.Helper()
		if err := f.Write(t.Context(), []Message{{Kind: kind, Value: []byte(s)}}); err != nil {
			t.Fatal(err)
		}
	}
	write(models.DecisionEvent, "a")
	write(models.ConfigEvent, "old")
	write(models.ConfigEvent, "section")
	f.config.Rotate = 1
	write(models.DecisionEvent, "b")
	if got := strings.Join(readLines(t, c.Path), " "); got != "section b" {
		t.Errorf("after a rotation %q", got)
	}
	f.config.Rotate = 0
	os.Rename(c.Path, c.Path+".old")
	f.Reopen()
	write(models.DecisionEvent, "c")
	if got := strings.Join(readLines(t, c.Path), " "); got != "section c" {
		t.Errorf("opened anew %q", got)
	}
	f.Reopen()
	write(models.DecisionEvent, "d")
	if got := strings.Join(readLines(t, c.Path), " "); got != "section c d" {
		t.Errorf("the same file opened again %q", got)
	}
}

func TestFileAppendsReopensAndRotates(t *testing.T) {
	c := testConfig(t).File
	c.Fsync = "batch"
	f, err := NewFile(c)
	if err != nil {
		t.Fatal(err)
	}
	write := func(s string) {
		t.Helper()
		if err := f.Write(t.Context(), testMessage(s)); err != nil {
			t.Fatal(err)
		}
	}
	write("a")
	write("b")
	os.Rename(c.Path, c.Path+".old")
	write("c")
	f.Reopen()
	write("d")
	if got := strings.Join(readLines(t, c.Path+".old"), " "); got != "a b c" {
		t.Errorf("old file %q", got)
	}
	if got := strings.Join(readLines(t, c.Path), " "); got != "d" {
		t.Errorf("new file %q", got)
	}
	f.config.Rotate = 1
	write("e")
	if got := strings.Join(append(readLines(t, c.Path+".1"), readLines(t, c.Path)...), " "); got != "d e" {
		t.Errorf("rotated %q", got)
	}
	info, _ := os.Stat(c.Path)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	f.Close()
}

func TestFileEndsAnUnfinishedLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	os.WriteFile(path, []byte("{}\n{\"half"), 0o600)
	f, err := NewFile(FileConfig{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	f.Write(t.Context(), testMessage("{}"))
	f.Close()
	if got := readLines(t, path); len(got) != 3 || got[2] != "{}" {
		t.Errorf("lines %q", got)
	}
}

func TestConfigReportsEveryMistake(t *testing.T) {
	c := DefaultConfig()
	if p := c.Validate(); len(p) != 0 {
		t.Errorf("the default has mistakes: %v", p)
	}
	c.Sink, c.Privacy = SinkKafka, "sealed"
	c.Ring.Bytes, c.Batch.Events, c.Batch.Delay = 5, 0, -1
	c.Kafka.Brokers, c.Kafka.Acks = []string{"localhost"}, "none"
	c.Kafka.SASL = KafkaSASL{Mechanism: "plain", Username: "u", Password: "hunter2"}
	p := c.Validate()
	want := []string{
		"kafka.brokers[0]: localhost, want host:port",
		"kafka.acks: none, want all or one",
		"kafka.sasl.mechanism: plain, sends the password readable, want tls.enabled or a scram mechanism",
		"ring.bytes: 5B, want from 1MiB to 64GiB",
		"batch.events: 0, want from 1 to 65536",
		"batch.delay: -1ns, want from 0s to 10s",
		"privacy: sealed, not available in this version, want clear or truncate",
	}
	if len(p) != len(want) {
		t.Errorf("%d problems, want %d: %v", len(p), len(want), p)
	}
	for i := range min(len(p), len(want)) {
		if p[i].String() != want[i] {
			t.Errorf("got  %s\nwant %s", p[i], want[i])
		}
	}
}

func TestStreamThatNeverStartedKeepsItsEvents(t *testing.T) {
	c := testConfig(t)
	s := newStream(t, c, Discard{})
	s.Publish(&models.Event{})
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	s = newStream(t, c, Discard{})
	if n := s.Stats(time.Now()).Recovered.Records; n != 1 {
		t.Errorf("%d recovered, want 1", n)
	}
	s.Stop(t.Context())
}
