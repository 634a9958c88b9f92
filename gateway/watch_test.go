package gateway

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
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

// A configuration that was refused for one of the files that it names is taken once that
// file is there and good, although nothing else changes.
func TestWatchSeesWhatARefusedConfigurationNames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, new, broken, good, like string }{
		"more.yaml":   {"{file: keys.yaml}", "{file: more.yaml}", "keys:\n  - {id: sho", "", "keys.yaml"},
		"more.cedar":  {"authz: {}", "authz: {policies: more.cedar}", "permit (principal, act", "permit (principal, action, resource);", ""},
		"more.ndjson": {"verdict: {}", "verdict: {file: more.ndjson}", "{", "", ""},
		"more.mmdb":   {"city: city.mmdb", "city: more.mmdb", "half", "", "city.mmdb"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if c.like != "" {
				text, err := os.ReadFile(s.path(c.like))
				s.must(err)
				c.good = string(text)
			}
			s.start()
			before := s.Config()
			s.replace(c.old, c.new)
			failed := func() int { return strings.Count(s.log.String(), "reload failed") }
			eventually(t, "the file is missing", func() bool { return failed() > 0 })
			n := failed()
			s.write(name, c.broken)
			eventually(t, "the file is half written", func() bool { return failed() > n })
			s.write(name, c.good)
			eventually(t, "the file is whole", func() bool { return s.Config() != before })
		})
	}
}

// A configuration that cannot be read for want of a secret is read once that is there. What
// is wrong is said once.
func TestWatchWaitsForASecret(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const secret = "0123456789abcdef0123456789abcdef"
	s.write("token.txt", secret)
	s.replace("recent: 256}", `recent: 256, token: "file:token.txt"}`)
	s.start()
	before := s.Config()
	s.write("token.txt", "")
	s.replace("mode: shadow", "mode: enforce")
	eventually(t, "it is refused", func() bool { return strings.Contains(s.log.String(), "reload failed") })
	s.write("token.txt", secret)
	eventually(t, "it is read", func() bool { return s.Config() != before })
	if n := strings.Count(s.log.String(), "reload failed"); n != 1 {
		t.Errorf("it was said %d times", n)
	}
}
