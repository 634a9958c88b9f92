package streaming

import (
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// typical is an event as machine clients with an API key make thousands of a
// second: not a look, nearly every group clean.
func typical(testing.TB) *models.Event {
	ev := &models.Event{
		ID:   models.EventID{1, 160, 226, 178, 177, 0x70, 4, 0x8f, 229, 56, 79, 96, 254, 219, 101, 7},
		Time: time.Unix(1790000000, 945654493), Route: "orders.read", Subject: models.Client, Credential: models.APIKey,
		Pseudonym: models.Pseudonym{171, 27, 194, 225, 13, 195, 28, 250, 170, 43, 187, 32, 41, 83, 10, 185},
		CredID:    []byte("bench-701"), Client: netip.MustParseAddr("198.18.2.189"), Peer: netip.MustParseAddr("127.0.0.1"),
		Method: []byte("GET"), Host: []byte("127.0.0.1:35891"), Path: []byte("/v1/orders/1042"),
		Agent:     []byte("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
		RequestID: []byte("01a202e2-b251-7004-8fe5-384f60fedb65"), TraceID: []byte("01a202e2b25170048fe5384f60fedb65"),
		Established: true, Machine: true, ConfigHash: [8]byte{120, 160, 248, 42, 211, 238, 194, 253},
		Status: 200, Upstream: "http://127.0.0.1:43047", UpstreamTime: 21011, Duration: 26009, BytesOut: 1024,
	}
	ev.Observed = models.Observed{
		Address: 4287938973, Network: 3524074838, Country: 2265641230, Fingerprint: 1757801721, Family: 1467026875,
		DeviceType: 3279550762, Credential: 3762168170, Object: 1539020446, ObjectSeq: 1042,
		Place: models.Place{Latitude: 52.52, Longitude: 13.405, Radius: 20, ASN: 64496, Country: [2]byte{'D', 'E'}, HasLocation: true},
	}
	f := &ev.Features
	f.Flags = models.IsMachine | models.HasAgent | models.IsEstablished
	for i, v := range map[models.Feature]float32{
		models.TimeHour: 10, models.RateMinute: 4.158883, models.RateHour: 4.158883, models.ObjectsDistinct: 1.0019583,
		models.ObjectsRequests: 6, models.ObjectsRun: 1, models.SanityNats: 1, models.SanityRule: 18, models.HeldInfrastructure: -0.8227035,
	} {
		f.Values[i] = v
	}
	a := &ev.Assessment
	a.Score, a.ActorScore, a.Base, a.Refill = 10.971826767784478, 9.97504891196877, 9.97504891196877, 1
	a.Nats, a.Confidence = 0.17729651927947998, 0.9259259259259259
	a.NumReasons, a.Reasons[0] = 1, models.ClientSanity
	for g := range models.Verdict {
		ev.Evidence[g].Confidence = 1
	}
	say := func(g models.Group, s models.State, lambda, points float64, facts ...models.Fact) {
		e := &ev.Evidence[g]
		e.Lambda, e.State, f.States[g] = lambda, s, s
		copy(e.Facts[:], facts)
		a.Contributions[g] = models.Contribution{Nats: lambda, Points: points}
	}
	say(models.Infrastructure, models.Clean, -0.82270348072052, -4.625317038469802)
	say(models.ClientSanity, models.Hit, 1, 5.62209489428551, models.Fact{Code: models.FactMissingHeader, Value: 1})
	say(models.Rate, models.Learning, 0, 0, models.Fact{Code: models.FactPerMinute, Value: 4.158883},
		models.Fact{Code: models.FactPerHour, Value: 4.158883}, models.Fact{Code: models.FactSigma, Value: -2.4115224})
	ev.Evidence[models.Rate].Confidence = 0
	say(models.Enumeration, models.Clean, 0, 0, models.Fact{Code: models.FactObjects, Value: 1.0019583})
	return ev
}

func benchRing(b *testing.B) *Ring {
	r, err := OpenRing(RingConfig{Path: memoryDir(b) + "/ring", Bytes: 64 << 20}, "edge-1", 1)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.file.close() }) // Close would wait for what is claimed only
	return r
}

// memoryDir returns a directory in memory, where the machine has one.
func memoryDir(b *testing.B) string {
	dir, err := os.MkdirTemp("/dev/shm", "riskgate-bench")
	if err != nil {
		return b.TempDir()
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// What publishing costs, encoding included; the ring is emptied for nothing.
func BenchmarkPublish(b *testing.B) {
	r, ev := benchRing(b), typical(b)
	b.ReportAllocs()
	b.ReportMetric(float64(shapeOf(ev).size), "B/record")
	for i := 0; b.Loop(); i++ {
		if i%4096 == 0 {
			r.safe.Store(r.head.Load())
		}
		if !r.Publish(ev) {
			b.Fatal("lost")
		}
	}
}

// The part of publishing that is not encoding: number, room, header.
func BenchmarkClaim(b *testing.B) {
	r, ev := benchRing(b), typical(b)
	size := shapeOf(ev).size
	for i := 0; b.Loop(); i++ {
		if i%4096 == 0 {
			r.safe.Store(r.head.Load())
		}
		r.mu.Lock()
		r.claim(ev, size)
		r.mu.Unlock()
	}
}

func BenchmarkPublishParallel(b *testing.B) {
	r := benchRing(b)
	var emptier sync.WaitGroup
	var done atomic.Bool
	emptier.Go(func() {
		for !done.Load() {
			r.safe.Store(r.head.Load())
			time.Sleep(100 * time.Microsecond)
		}
	})
	defer emptier.Wait()
	defer done.Store(true)
	b.RunParallel(func(pb *testing.PB) {
		ev := typical(b)
		for pb.Next() {
			r.Publish(ev)
		}
	})
}

// From the ring to a line in a file: what an event costs off the request path.
func BenchmarkFileSink(b *testing.B) {
	for _, mode := range []string{SinkFile, SinkDiscard} {
		b.Run(mode, func(b *testing.B) {
			c := DefaultConfig()
			c.Ring.Path, c.File.Path, c.Privacy = memoryDir(b)+"/ring", b.TempDir()+"/events", ocsf.Truncate
			c.File.Rotate = 64 << 20
			sink := Sink(Discard{})
			if mode == SinkFile {
				f, err := NewFile(c.File)
				if err != nil {
					b.Fatal(err)
				}
				sink = f
			}
			s, err := New(c, "edge-1", 1, "0.1.0", sink, time.Now, zerolog.Nop())
			if err != nil {
				b.Fatal(err)
			}
			ev := typical(b)
			s.Start()
			b.ReportAllocs()
			before := cpuTime(b)
			for b.Loop() {
				for !s.Publish(ev) {
					time.Sleep(time.Millisecond)
				}
			}
			s.Stop(b.Context())
			b.ReportMetric(float64((cpuTime(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
		})
	}
}

// The same at the pace of a busy processor, so that what waking costs is seen.
func BenchmarkPacedFileSink(b *testing.B) {
	const each, pause = 50, 2 * time.Millisecond // 25000/s
	c := DefaultConfig()
	c.Ring.Path, c.File.Path, c.Privacy = memoryDir(b)+"/ring", b.TempDir()+"/events", ocsf.Truncate
	c.File.Rotate = 64 << 20
	f, err := NewFile(c.File)
	if err != nil {
		b.Fatal(err)
	}
	s, err := New(c, "edge-1", 1, "0.1.0", f, time.Now, zerolog.Nop())
	if err != nil {
		b.Fatal(err)
	}
	ev, t := typical(b), time.NewTicker(pause)
	defer t.Stop()
	s.Start()
	before := cpuTime(b)
	for b.Loop() {
		<-t.C
		for range each {
			s.Publish(ev)
		}
	}
	s.Stop(b.Context())
	b.ReportMetric(float64((cpuTime(b)-before).Nanoseconds())/float64(each*b.N), "cpu-ns/event")
}

// cpuTime is what the process has used so far, in user and kernel mode.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
