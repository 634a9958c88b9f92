package gateway

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riskgate/riskgate/streaming"
)

// outage is a sink that sometimes fails or does not answer.
type outage struct {
	streaming.Sink
	down  atomic.Bool
	block bool // wait for the end of the call instead of failing
}

func (o *outage) Write(ctx context.Context, messages []streaming.Message) error {
	if !o.down.Load() {
		return o.Sink.Write(ctx, messages)
	}
	if o.block {
		for o.down.Load() && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
	}
	return errors.New("down")
}

// unreliable puts an outage before the sink of a gateway that is built and not
// started.
func (s *site) unreliable(block bool) *outage {
	o := &outage{Sink: s.recent.Sink, block: block}
	s.recent.Sink = o
	return o
}

// events returns the lines of the event file.
func (s *site) events() []string {
	s.t.Helper()
	text, err := os.ReadFile(s.path("events.jsonl"))
	s.must(err)
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// While the sink is away no request fails, and nothing is lost once it is back. It stays
// away until some requests were answered and the first of them has waited for a while.
// RISKGATE_SOAK makes that 5 s, from 60s on 30 s.
func TestSinkOutageFailsNoRequest(t *testing.T) {
	lasts, long := soak(t, 500*time.Millisecond)
	switch {
	case long && lasts >= time.Minute:
		lasts = 30 * time.Second
	case long:
		lasts = 5 * time.Second
	}
	pace := max(time.Millisecond, lasts/7500) // of four clients: the ring holds all of the outage
	for _, block := range []bool{false, true} {
		t.Run(fmt.Sprintf("block=%v", block), func(t *testing.T) {
			s := newSite(t)
			s.configure(parts{ring: "bytes: 64MiB"})
			s.build()
			o := s.unreliable(block)
			s.must(s.Start())
			defer s.stop()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			l := &load{site: s, ctx: ctx}
			o.down.Store(true)
			for range 4 {
				l.repeat(func() string {
					time.Sleep(pace)
					return l.item()
				})
			}
			within(t, lasts+bound, "50 requests, and the first waits as long as the outage", func() bool {
				return l.failed.Load() > 0 || l.done.Load() >= 50 && s.stream.Stats(time.Now()).Oldest >= lasts
			})
			cancel()
			l.running.Wait()
			done := int(l.done.Load())
			if l.failed.Load() != 0 {
				t.Errorf("%d of %d requests failed, the first: %s", l.failed.Load(), done, l.first)
			}
			if st := s.stream.Stats(time.Now()); int(st.Pending) < done {
				t.Errorf("in the outage %+v, want %d pending", st, done)
			}
			o.down.Store(false)
			s.stop()
			if got := strings.Count(strings.Join(s.events(), "\n"), `"class_uid":6003`); got != done {
				t.Errorf("%d events of %d requests", got, done)
			}
		})
	}
}

var gapCount = regexp.MustCompile(`"gap":\{[^}]*"count":([0-9]+),`)

// What a full ring cannot hold is counted, reported as a finding, and fails no
// request.
func TestFullRingCountsWhatItLoses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.configure(parts{ring: "bytes: 1MiB"})
	s.build()
	o := s.unreliable(false)
	s.must(s.Start())
	defer s.stop()
	o.down.Store(true)
	const requests = 1600
	var failed atomic.Int64
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for range requests / 4 {
				if status, _ := s.get("/items/1"); status != 200 {
					failed.Add(1)
				}
			}
		})
	}
	clients.Wait()
	if failed.Load() != 0 {
		t.Errorf("%d requests failed", failed.Load())
	}
	st := s.stream.Stats(time.Now())
	if st.LostAllow == 0 || st.LostKeep != 0 {
		t.Fatalf("%+v, want lost events of class allow", st)
	}
	s.until("the loss shows", fmt.Sprintf(`riskgate_streaming_events_lost_total{class="allow",sink="file"} %d`, st.LostAllow))
	o.down.Store(false)
	s.stop()
	all := strings.Join(s.events(), "\n")
	told := uint64(0)
	for _, found := range gapCount.FindAllStringSubmatch(strings.ReplaceAll(all, `\"`, `"`), -1) {
		var n uint64
		_, _ = fmt.Sscan(found[1], &n)
		told += n
	}
	kept := uint64(strings.Count(all, `"class_uid":6003`))
	if told != st.LostAllow || kept+st.LostAllow != requests {
		t.Errorf("%d kept, %d lost, %d reported as missing, of %d", kept, st.LostAllow, told, requests)
	}
}

// A route that requires an audit refuses what the full ring cannot record, and
// serves again when there is room.
func TestAuditRequiredRefusesWhatCannotBeRecorded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.configure(parts{ring: "bytes: 1MiB", routes: `- {id: audited, match: {path: "/open/audited/{id}"}, pool: service, authn: [api_key], audit: required}`})
	s.build()
	o := s.unreliable(false)
	s.must(s.Start())
	defer s.stop()
	s.want("/open/audited/1", 200)
	o.down.Store(true)
	for s.stream.Stats(time.Now()).LostAllow == 0 {
		s.want("/items/1", 200)
	}
	s.want("/open/audited/1", 503)
	s.want("/items/1", 200)
	o.down.Store(false)
	eventually(t, "the ring has room", func() bool { status, _ := s.get("/open/audited/1"); return status == 200 })
}
