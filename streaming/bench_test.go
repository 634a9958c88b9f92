package streaming

import (
	"math/rand/v2"
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

// typical is an event of usual size: six groups speak.
func typical(b testing.TB) *models.Event {
	ev := filled(b, rand.New(rand.NewPCG(1, 1)))
	ev.Kind, ev.Time, ev.Subject, ev.Payload = models.DecisionEvent, time.Unix(1790000000, 0), models.User, nil
	ev.Path, ev.Host = []byte("/v1/orders/1042"), []byte("api.example.com")
	ev.Agent = []byte("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36")
	for g := 6; g < int(models.NumGroups); g++ {
		ev.Evidence[g], ev.Assessment.Contributions[g] = models.Evidence{}, models.Contribution{}
	}
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
	b.ReportMetric(float64(recordSize(ev)), "B/record")
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
	size := recordSize(ev)
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

// cpuTime is what the process has used so far, in user and kernel mode.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
