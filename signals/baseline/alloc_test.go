//go:build !race

package baseline

import (
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

func TestHitsAllocateNothing(t *testing.T) {
	m := testMemory(t, storedConfig(t, 100))
	user, guest := subject(1), subject(2)
	establish(t, m, user)
	hold(t, m, guest, Transient).Release(true)
	now := noon
	for _, tc := range []struct {
		what  string
		p     models.Pseudonym
		admit Admission
	}{{"known", user, Ordinary}, {"on probation", guest, Transient}} {
		allocs := testing.AllocsPerRun(1000, func() {
			now = now.Add(100 * time.Millisecond)
			r, _ := m.Acquire(tc.p, tc.admit, now)
			r.Profile().Local.Minute++
			r.Release(true)
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations, want 0", tc.what, allocs)
		}
	}
}

func TestNewcomersAllocateNothing(t *testing.T) {
	m := testMemory(t, storedConfig(t, 100))
	i := 0
	allocs := testing.AllocsPerRun(10_000, func() {
		i++
		r, _ := m.Acquire(stranger(i), Transient, noon)
		r.Release(true)
	})
	if allocs != 0 {
		t.Errorf("%v allocations, want 0", allocs)
	}
}
