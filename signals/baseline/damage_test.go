package baseline

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"
)

// Wherever a byte of a table file is changed, no profile is read that differs
// from the one written.
func TestDamagedFilesGiveNoWrongProfile(t *testing.T) {
	c := storedConfig(t, 400)
	m := testMemory(t, c)
	const n = 300
	for i := range n {
		for range 1 + i%3 {
			count(t, m, subject(i), Declared)
		}
	}
	closeMemory(t, m)
	files, err := filepath.Glob(filepath.Join(c.Store.Path, "*.sst"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no table files: %v", err)
	}
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	opened, missing := 0, 0
	for at := 100; at < len(whole); at += len(whole) / 12 {
		damaged := append([]byte{}, whole...)
		damaged[at] ^= 0x40
		if err := os.WriteFile(files[0], damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := Open(c, testKeys(t, 1), noon, zerolog.Nop())
		if err != nil {
			continue // refused as a whole
		}
		opened++
		for i := range n {
			var p Profile
			_, err := m.archive.read(subject(i), &p)
			if err != nil {
				missing++
			} else if got := p.Own.Successes; got != uint32(1+i%3) {
				t.Fatalf("byte %d changed: subject %d counts %d, want %d", at, i, got, 1+i%3)
			}
		}
		closeMemory(t, m)
		if err := os.WriteFile(files[0], whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if opened == 0 || missing == 0 {
		t.Errorf("opened %d times, %d profiles missing: the damage was not met", opened, missing)
	}
}
