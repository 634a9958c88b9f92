package listener

import (
	"math"
	"net"
	"testing"
	"time"
)

func TestLeastRTT(t *testing.T) {
	for micros, want := range map[uint32]time.Duration{
		0: 0, 1: time.Microsecond, 80_000: 80 * time.Millisecond,
		math.MaxUint32 - 1: (math.MaxUint32 - 1) * time.Microsecond,
		math.MaxUint32:     0, // no sample yet
	} {
		if got := leastRTT(micros); got != want {
			t.Errorf("%d us: %v, want %v", micros, got, want)
		}
	}
}

func TestKernelRTTOfWhatIsNoTCP(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	packets, err := net.Dial("udp", "127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	closed := dial(t, start(t, new(timed), nil))
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for _, n := range []net.Conn{nil, a, packets, closed} {
		if got := kernelRTT(n); got != 0 {
			t.Errorf("%T: %v, want unknown", n, got)
		}
	}
}

func BenchmarkKernelRTT(b *testing.B) {
	c := dial(b, start(b, new(timed), nil))
	b.ReportAllocs()
	for b.Loop() {
		if kernelRTT(c) == 0 {
			b.Fatal("unknown")
		}
	}
}
