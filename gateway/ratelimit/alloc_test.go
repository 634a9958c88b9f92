//go:build !race

package ratelimit

import (
	"net/netip"
	"testing"
)

func TestLimiterAllocates(t *testing.T) {
	l, addr := New(DefaultConfig(), epoch), netip.MustParseAddr("2001:db8::1")
	buf := make([]byte, 0, 64)
	n := testing.AllocsPerRun(200, func() {
		l.Admit(addr, epoch)
		r := l.Spend(subject(1), 0.5, epoch)
		buf = r.AppendRetryAfter(r.AppendLimit(l.AppendPolicy(buf[:0], BySubject)))
	})
	if n != 0 {
		t.Errorf("a request allocates %v times, want 0", n)
	}
}
