package streaming

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTailFileReadsWholeLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	long := strings.Repeat("x", 1<<17)
	os.WriteFile(path, []byte("a\n"+long+"\n\nhalf"), 0o600)
	var got []string
	err := TailFile(t.Context(), path, false, false, func(line []byte) error {
		got = append(got, string(line))
		return nil
	})
	if err != nil || !slices.Equal(got, []string{"a", long, ""}) {
		t.Errorf("%d lines, %v", len(got), err)
	}
	stop := errors.New("enough")
	if err := TailFile(t.Context(), path, false, false, func([]byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error of the callee: %v", err)
	}
}

func TestTailFileFollowsRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	os.WriteFile(path, []byte("old\n"), 0o600)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := make(chan string)
	done := make(chan error)
	go func() {
		done <- TailFile(ctx, path, false, true, func(line []byte) error { seen <- string(line); return nil })
	}()
	sink, err := NewFile(FileConfig{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	write := func(s string) { sink.Write(ctx, testMessage(s)) }
	expect := func(want string) {
		t.Helper()
		if got := <-seen; got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
	expect("old")
	write("1")
	expect("1")
	os.Rename(path, path+".1")
	write("2") // still into the renamed file
	sink.Reopen()
	write("3")
	expect("2")
	expect("3")
	cancel()
	if err := <-done; err != nil {
		t.Errorf("end of the context: %v", err)
	}
}
