package baseline

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

// Many goroutines count in few subjects, of which one in five fits into memory.
// The shadow count is guarded by nothing but the Ref: a second live copy of a
// subject is a data race, and a lost update a difference.
func TestNoUpdateIsLostUnderEviction(t *testing.T) {
	c := storedConfig(t, 64)
	c.Flush = 10 * time.Millisecond
	m := testMemory(t, c)
	list := subjects(320)
	shadow := make([]uint32, len(list))
	var wg sync.WaitGroup
	for worker := range uint64(8) {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(worker, 1))
			for range 1500 {
				i := rng.IntN(len(list))
				r := hold(t, m, list[i], Declared)
				if got := r.Profile().Own.Successes; got != shadow[i] {
					t.Errorf("subject %d counts %d, want %d", i, got, shadow[i])
				}
				shadow[i]++
				r.Profile().Own.Successes++
				r.Release(true)
			}
		})
	}
	wg.Wait()
	closeMemory(t, m)
	m = testMemory(t, c)
	for i, p := range list {
		if got := counted(t, m, p); got != shadow[i] {
			t.Fatalf("after a restart subject %d counts %d, want %d", i, got, shadow[i])
		}
	}
}

// Subjects on probation become established while others leave memory.
func TestPromotionUnderEvictionKeepsEverySuccess(t *testing.T) {
	m := testMemory(t, storedConfig(t, 64))
	list := subjects(300)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				for _, p := range list {
					count(t, m, p, Ordinary)
				}
			}
		})
	}
	wg.Wait()
	for i, p := range list {
		if got := counted(t, m, p); got != 20 {
			t.Fatalf("subject %d counts %d, want 20", i, got)
		}
	}
}

func TestCloseDuringTraffic(t *testing.T) {
	c := storedConfig(t, 64)
	m := testMemory(t, c)
	list := subjects(200)
	shadow := make([]uint32, len(list))
	var wg sync.WaitGroup
	for worker := range uint64(4) {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(worker, 2))
			for !m.closed.Load() {
				i := rng.IntN(len(list))
				r, state := m.Acquire(list[i], Declared, noon)
				if state == models.Unavailable {
					continue
				}
				shadow[i]++
				r.Profile().Own.Successes++
				r.Release(true)
			}
		})
	}
	for m.Stats().Evictions < 500 {
		flushNow(t, m)
	}
	closeMemory(t, m)
	wg.Wait()
	m = testMemory(t, c)
	for i, p := range list {
		if got := counted(t, m, p); got != shadow[i] {
			t.Fatalf("after a restart subject %d counts %d, want %d", i, got, shadow[i])
		}
	}
}
