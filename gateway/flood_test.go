package gateway

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
)

// caller is somebody with a past.
type caller struct {
	name, addr, agent string
	machine           bool
	field             string // credential, as a header line
}

func (c *caller) view(now time.Time, object int) *models.Request {
	addr := netip.MustParseAddr(c.addr)
	path := fmt.Appendf(nil, "/items/%d", object)
	r := &models.Request{
		Time: now, Peer: netip.MustParseAddr("127.0.0.1"), Client: addr, Method: []byte("GET"),
		Host: []byte("api.example"), Path: path, Target: path, Agent: []byte(c.agent), Minor: 1,
	}
	addFields(r, "Host: api.example", "User-Agent: "+c.agent, "Accept: */*", c.field)
	return r
}

// addFields appends header lines to a view.
func addFields(r *models.Request, all ...string) {
	for _, line := range all {
		from, colon := uint32(len(r.Raw)), uint32(0)
		for line[colon] != ':' {
			colon++
		}
		r.Raw = append(append(r.Raw, line...), "\r\n"...)
		r.Fields[r.NumFields] = models.Field{
			Name:  models.Span{From: from, To: from + colon},
			Value: models.Span{From: from + colon + 2, To: from + uint32(len(line))},
		}
		r.NumFields++
	}
}

const (
	users    = 200
	machines = 20
)

// town is a site whose clock stands still between visits, with callers who have
// been there for days.
type town struct {
	*site
	now     atomic.Int64 // unix nanoseconds
	callers []caller
}

func newTown(t testing.TB) *town {
	s := &town{site: newSite(t)}
	s.clock = func() time.Time { return time.Unix(0, s.now.Load()).UTC() }
	s.now.Store(time.Now().AddDate(0, 0, -6).UnixNano())
	var names []string
	for i := range machines {
		names = append(names, fmt.Sprintf("machine%d", i))
	}
	keys := s.addKeys(names...)
	for i, name := range names {
		s.callers = append(s.callers, caller{name: name, addr: fmt.Sprintf("203.0.113.%d", 1+i), agent: "batch/1.0",
			machine: true, field: "X-Api-Key: " + keys[name]})
	}
	for i := range users {
		s.callers = append(s.callers, caller{name: fmt.Sprintf("user%d", i), addr: fmt.Sprintf("192.0.2.%d", 1+i), agent: "app/2.1 (Android 16; Pixel 9)"})
	}
	s.build()
	for day := range 5 {
		s.live(time.Now().AddDate(0, 0, day-5))
	}
	return s
}

// live lets every caller come twice on a day.
func (s *town) live(day time.Time) {
	s.t.Helper()
	for i := range s.callers {
		c := &s.callers[i]
		at := day.Add(time.Duration(i) * time.Second)
		s.now.Store(at.UnixNano())
		if !c.machine {
			c.field = "Authorization: Bearer " + s.issuer.token(c.name, at)
		}
		var event models.Event
		for n := range 2 {
			if denial := s.Pipeline().Decide(c.view(at.Add(time.Duration(n)*time.Second), i+n), &event); denial != "" {
				s.t.Fatalf("%s is refused: %s", c.name, denial)
			}
			event.Status = fasthttp.StatusOK
			s.Pipeline().Learn(&event)
		}
	}
	s.now.Add(int64(time.Minute))
}

// sight is how one request is seen.
type sight struct {
	Features   models.Features
	Assessment models.Assessment
}

// judge scores one request of every caller at one moment.
func (s *town) judge() []sight {
	s.t.Helper()
	all := make([]sight, len(s.callers))
	for i := range s.callers {
		var event models.Event
		if denial := s.Pipeline().Decide(s.callers[i].view(s.clock(), i), &event); denial != "" || !event.Established {
			s.t.Fatalf("%s is refused or not established: %q", s.callers[i].name, denial)
		}
		all[i] = sight{event.Features, event.Assessment}
	}
	return all
}

// forger sends requests that nobody is behind: every one with a key, or a token,
// and an address of its own.
type forger struct {
	*town
	ctx    fasthttp.RequestCtx
	view   *models.Request
	secret []byte // in the view
	token  *models.Request
	open   *models.Request
	event  models.Event
}

func (s *town) forger() *forger {
	f := &forger{town: s}
	stranger := caller{addr: "198.51.100.1", agent: "curl/8", field: "X-Api-Key: rgk_0000000000000000_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
	f.view = stranger.view(s.clock(), 1)
	f.secret = f.view.Value(3)[len("rgk_"):][:16]
	stranger.field = "Authorization: Bearer " + s.issuer.token("user0", s.clock())
	f.token = stranger.view(s.clock(), 1)
	stranger.field = "X-Nothing: 1"
	f.open = stranger.view(s.clock(), 1)
	f.open.Path, f.open.Target = []byte("/open/1"), []byte("/open/1")
	return f
}

// attack sends forgery number i: of 16, one is a token with a broken signature,
// one comes without a credential to where none is needed, the others are keys.
func (f *forger) attack(i uint64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], i*0x9e3779b97f4a7c15)
	v := f.view
	switch i % 16 {
	case 0:
		v = f.token
		value := v.Value(3)
		at := &value[len(value)-20-int(i/16%40)]
		forged := "ABCDEFGHabcdefgh"[b[0]%16]
		if forged == *at { // else it would be the signature
			forged = 'Z'
		}
		*at = forged
	case 1:
		f.open.Client = netip.AddrFrom4([4]byte(b[:4]))
		if f.Pipeline().Decide(f.open, &f.event) == "" {
			f.event.Status = fasthttp.StatusOK
			f.Pipeline().Learn(&f.event)
		}
		return
	default:
		const digits = "0123456789abcdef"
		for n, c := range b {
			f.secret[2*n], f.secret[2*n+1] = digits[c>>4], digits[c&15]
		}
	}
	v.Client = netip.AddrFrom4([4]byte(b[:4]))
	f.ctx.Response.Reset()
	f.Pipeline().Serve(&f.ctx, v, "")
	if status := f.ctx.Response.StatusCode(); status != fasthttp.StatusUnauthorized && status != fasthttp.StatusTooManyRequests {
		f.t.Errorf("forgery %d is answered %d", i, status)
	}
}

// flood sends forgeries from..to from two sides at once.
func (s *town) flood(from, to uint64) {
	var both sync.WaitGroup
	for side := range uint64(2) {
		f := s.forger()
		both.Go(func() {
			for i := from + side; i < to; i += 2 {
				f.attack(i)
			}
		})
	}
	both.Wait()
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// Forged requests, each with an address and a key of its own, cost neither memory
// nor a bit of anybody's score. RISKGATE_SOAK sends a million.
func TestFloodChangesNobodysScore(t *testing.T) {
	size := uint64(100_000)
	if _, long := soak(t, 0); long {
		size = 1_000_000
	}
	if raced {
		size /= 5
	}
	s := newTown(t)
	defer s.stop()
	s.flood(0, 20_000) // what is taken once and kept
	before := s.judge()
	for i, v := range s.judge() {
		if v != before[i] {
			t.Fatalf("%s is judged differently without a reason", s.callers[i].name)
		}
	}
	stats, used := s.memory.Stats(), heap()
	s.flood(20_000, 20_000+size)
	grown := heap() - used
	t.Logf("%d forgeries; the heap of %d KiB grew by %d KiB", size, used>>10, grown>>10)
	if grown > 1<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	if after := s.memory.Stats(); after.Known != stats.Known || after.Bytes != stats.Bytes || after.Reads != stats.Reads {
		t.Errorf("before %+v, after %+v", stats, after)
	}
	different := 0
	for i, v := range s.judge() {
		if v == before[i] {
			continue
		}
		if different++; different == 1 {
			t.Errorf("%s: %s", s.callers[i].name, firstDifference(&before[i], &v))
		}
	}
	if different > 0 {
		t.Errorf("%d of %d callers are judged differently", different, len(before))
	}
}

func firstDifference(a, b *sight) string {
	for i := range a.Features.Values {
		if x, y := a.Features.Values[i], b.Features.Values[i]; x != y {
			return fmt.Sprintf("feature %d was %v, is %v", i, x, y)
		}
	}
	return fmt.Sprintf("score was %v, is %v; %+v, %+v", a.Assessment.Score, b.Assessment.Score, a.Features, b.Features)
}
