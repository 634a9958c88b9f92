package ratelimit

import (
	"testing"
	"time"
)

func BenchmarkSpend(b *testing.B) {
	l := New(DefaultConfig(), epoch)
	b.ReportAllocs()
	for i := uint64(0); b.Loop(); i++ {
		l.Spend(subject(i&0xffff), 0.5, epoch.Add(time.Duration(i)*time.Microsecond))
	}
}

func BenchmarkAdmitFlood(b *testing.B) {
	l := New(DefaultConfig(), epoch)
	b.ReportAllocs()
	for i := uint32(0); b.Loop(); i++ {
		l.Admit(address(i), epoch.Add(time.Duration(i)*time.Microsecond))
	}
}

func BenchmarkRefuseOneKey(b *testing.B) {
	l := New(DefaultConfig(), epoch)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.Spend(subject(1), 1, epoch)
		}
	})
}
