package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// following runs riskctl tail -f and gives its lines to the test.
type following struct {
	t      *testing.T
	lines  chan string
	cancel context.CancelFunc
	code   chan int
	report bytes.Buffer
}

func follow(t *testing.T, args ...string) *following {
	ctx, cancel := context.WithCancel(t.Context())
	f := &following{t: t, lines: make(chan string), cancel: cancel, code: make(chan int, 1)}
	r, w := io.Pipe()
	go func() {
		f.code <- run(ctx, append([]string{"tail", "-f"}, args...), streams{strings.NewReader(""), w, &f.report})
		w.Close()
	}()
	go func() {
		defer close(f.lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			f.lines <- s.Text()
		}
	}()
	t.Cleanup(cancel)
	return f
}

// next waits for a line that contains every text.
func (f *following) next(texts ...string) {
	f.t.Helper()
	select {
	case line, ok := <-f.lines:
		for _, text := range texts {
			if !strings.Contains(line, text) {
				f.t.Fatalf("%q does not contain %q (%v) %s", line, text, ok, f.report.String())
			}
		}
	case <-time.After(60 * time.Second):
		f.t.Fatalf("no line with %q", texts)
	}
}

// end interrupts; that is no fault, and nothing more was printed.
func (f *following) end() {
	f.t.Helper()
	f.cancel()
	for line := range f.lines {
		f.t.Errorf("unexpected %q", line)
	}
	if code := <-f.code; code != 0 {
		f.t.Errorf("exit code %d, want 0: %s", code, f.report.String())
	}
}

func appendTo(t *testing.T, path string, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
}

func TestAFileIsFollowedAcrossRotationAndTruncation(t *testing.T) {
	engine := risk.New(risk.DefaultConfig())
	event := func(n int) []byte { return encode(decided(n, known(), engine)) }
	path := filepath.Join(t.TempDir(), "events.jsonl")
	appendTo(t, path, append(event(1), event(2)...))
	half := event(3)
	appendTo(t, path, half[:100])

	f := follow(t, "--from", path, "-n", "1")
	f.next(" allow ", "T08:00:02.123Z")
	appendTo(t, path, half[100:])
	f.next("T08:00:03.123Z")

	appendTo(t, path, event(4))
	if err := os.Rename(path, path+rotated); err != nil {
		t.Fatal(err)
	}
	f.next("T08:00:04.123Z") // of the file before, found by its handle
	appendTo(t, path, event(5))
	f.next("T08:00:05.123Z")
	appendTo(t, path, event(6))
	f.next("T08:00:06.123Z")

	if err := os.WriteFile(path, event(7), 0o600); err != nil { // shorter than before
		t.Fatal(err)
	}
	f.next("T08:00:07.123Z")
	f.end()
}

func TestFollowingFilters(t *testing.T) {
	engine := risk.New(risk.DefaultConfig())
	path := filepath.Join(t.TempDir(), "events.jsonl")
	appendTo(t, path, encode(decided(1, stolen(), engine)))
	f := follow(t, "--from", path, "-n", "1", "--action", "deny", "--json")
	f.next(idText(1))
	appendTo(t, path, encode(decided(2, known(), engine), decided(3, stolen(), engine)))
	f.next(idText(3), `"class_uid":6003`)
	f.end()
}

func TestLatestSortsWhatPartitionsMix(t *testing.T) {
	engine := risk.New(risk.DefaultConfig())
	var out bytes.Buffer
	p, err := tailCommand{}.printer(streams{out: &out, report: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	l := newLatest(3, p)
	for _, n := range []int{5, 1, 9, 2, 7, 3} {
		value := bytes.TrimSpace(encode(decided(n, known(), engine)))
		if err := l.take(record{value: value}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.print(); err != nil {
		t.Fatal(err)
	}
	p.out.Flush()
	var seconds []string
	for line := range strings.Lines(out.String()) {
		seconds = append(seconds, line[18:19])
	}
	if got := strings.Join(seconds, " "); got != "5 7 9" {
		t.Errorf("events of seconds %s, want 5 7 9", got)
	}
}

func TestLinesTellWhatWasDone(t *testing.T) {
	engine := risk.New(risk.DefaultConfig())
	f := func(want string, change func(*models.Event)) {
		t.Helper()
		e := decided(1, moved(), engine)
		change(e)
		if line := string(appendLine(nil, e)); !strings.Contains(line, want) {
			t.Errorf("%q does not contain %q", line, want)
		}
	}
	f(" failed ", func(e *models.Event) { e.Kind, e.Denial = models.AuthenticationEvent, models.StepUpExhausted })
	f("shadow: policy asks for deny", func(e *models.Event) { e.ByPolicy, e.PolicyMode = models.Deny, models.Shadow })
	f("  new_to_machine: closed", func(e *models.Event) { e.Kind, e.Finding, e.Closed = models.FindingEvent, "new_to_machine", true })
	f(" anywhere", func(e *models.Event) { e.Kind = models.RefusalEvent })
	f(" -         step_up_required", func(e *models.Event) { e.Subject = models.Anonymous })
	f(" ??/AS? ", func(e *models.Event) { e.Observed.Place = models.Place{} })
}
