package gateway

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A file that changes and is then still is read once; one that is written all the
// time is read every few seconds, and so is one whose reading fails.
func TestWatch(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	grow := func() {
		f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString("x"); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		files := func() []string { return []string{file} }
		var read atomic.Int64
		var failing atomic.Pointer[error]
		failing.Store(new(error))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			watch(ctx, files, fingerprint(files()), func() error { read.Add(1); return *failing.Load() })
		}()
		f := func(what string, seconds int, want int64, growing bool) {
			t.Helper()
			read.Store(0)
			for range seconds {
				if growing {
					grow()
				}
				time.Sleep(watchEvery)
				synctest.Wait()
			}
			if got := read.Load(); got != want {
				t.Errorf("%s for %d s: read %d times, want %d", what, seconds, got, want)
			}
		}
		time.Sleep(watchEvery / 2) // between two looks
		f("as it was", 10, 0, false)
		grow()
		f("changed", 10, 1, false)
		f("growing", 4*(watchPatience+1), 4, true)
		f("still again", 10, 0, false)
		failed := errors.New("too many open files")
		failing.Store(&failed)
		grow()
		f("failing", 2+3*(watchPatience+1), 4, false)
		grow()
		f("failing and changed", 3, 1, false)
		failing.Store(new(error))
		f("healed", 4*(watchPatience+1), 1, false)
		cancel()
		<-done
	})
}
