package verdict

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

var noon = time.Date(2026, 9, 21, 12, 0, 0, 0, time.UTC)

var subject = models.Pseudonym{1, 2, 3}

// give returns a verdict given so many minutes after noon, with an hour to live.
func give(k models.VerdictKind, minute int) Verdict {
	v := Verdict{Subject: subject, Kind: k, At: noon.Add(time.Duration(minute) * time.Minute), Nats: DefaultNats(k)}
	if temporary(k) {
		v.Expires = v.At.Add(time.Hour)
	}
	if k == models.Report {
		v.Since = v.At.Add(-day)
	}
	return v
}

func TestStanding(t *testing.T) {
	f := func(name string, minute int, wantNats float64, all ...Verdict) {
		t.Helper()
		s := newSet(all).of(subject, noon.Add(time.Duration(minute)*time.Minute))
		if s.Nats != wantNats || s.Confirmed != (wantNats < 0) {
			t.Errorf("%s, after %d minutes: %g nats, confirmed %t; want %g", name, minute, s.Nats, s.Confirmed, wantNats)
		}
	}
	quarantine, confirm, forgive, report := give(models.Quarantine, 0), give(models.Confirm, 10), give(models.Forgive, 20), give(models.Report, 30)
	f("nothing", 0, 0)
	f("not yet", -1, 0, quarantine)
	f("in force", 0, 8, quarantine)
	f("to the last minute", 59, 8, quarantine)
	f("expired", 60, 0, quarantine)
	f("vouched for", 10, -3, confirm)
	// what was said last holds
	f("a confirm ends a quarantine", 15, -3, quarantine, confirm)
	f("a forgive ends a quarantine", 25, 0, quarantine, forgive)
	f("a forgive leaves a confirm", 25, -3, confirm, forgive)
	f("a report ends a confirm", 35, 0, confirm, report)
	f("a report leaves a quarantine", 35, 8, quarantine, report)
	f("a quarantine ends a confirm", 45, 8, confirm, give(models.Quarantine, 40))
	f("and does not revive it", 65, 0, confirm, give(models.Quarantine, 20), give(models.Forgive, 60))
	f("a later quarantine replaces one", 75, 8, quarantine, give(models.Quarantine, 30))
	other := quarantine
	other.Subject[0]++
	f("of another", 15, 0, other)
}

// Verdicts take effect in the order of their lines, also where two were given in one
// second or a line says an earlier time than the one before.
func TestOrderIsThatOfLines(t *testing.T) {
	all := []Verdict{give(models.Report, 5), give(models.Forgive, 5), give(models.Confirm, 1)}
	s := newSet(all).of(subject, noon.Add(6*time.Minute))
	var kinds []models.VerdictKind
	last := uint32(0)
	for _, r := range s.Rulings {
		if r.Kind == models.NoVerdict {
			continue
		}
		if r.At <= last {
			t.Errorf("%s takes effect at %d, the one before at %d", r.Kind, r.At, last)
		}
		kinds, last = append(kinds, r.Kind), r.At
	}
	if len(kinds) != 3 || kinds[0] != models.Report || kinds[1] != models.Forgive || kinds[2] != models.Confirm {
		t.Errorf("they take effect as %v", kinds)
	}
	if !s.Confirmed {
		t.Error("the confirm, which was written last, is not in force")
	}
}

// Of each kind the last one is kept, so that what is held of a subject is bounded.
func TestLastOfAKindIsKept(t *testing.T) {
	var all []Verdict
	for i := range 50 {
		all = append(all, give(models.VerdictKind(1+i%4), i))
	}
	s := newSet(all).of(subject, noon.Add(time.Hour))
	for k := models.Confirm; k < models.NumVerdictKinds; k++ {
		if !s.Rulings.Has(k) {
			t.Errorf("no %s among %v", k, s.Rulings)
		}
	}
}

func TestLoadKeepsWhatWasGood(t *testing.T) {
	var log bytes.Buffer
	b := New(zerolog.New(&log))
	file := filepath.Join(t.TempDir(), "v.ndjson")
	write := func(lines ...string) {
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	quarantine := said("quarantine", `, "expires": "2026-09-22T14:00:00Z"`)
	at := time.Date(2026, 9, 21, 15, 0, 0, 0, time.UTC)
	p, err := ParseSubject(ada)
	if err != nil {
		t.Fatal(err)
	}
	check := func(nats float64, lines int, problem string) {
		t.Helper()
		s := b.Status(at)
		if got := b.Of(p, at).Nats; got != nats || s.Lines != lines || !strings.Contains(s.Problem, problem) || (problem == "") != (s.Problem == "") {
			t.Errorf("%g nats, status %+v; want %g nats, %d lines, problem %q", got, s, nats, lines, problem)
		}
	}
	load := func(ok bool) {
		t.Helper()
		if err := b.Load(Config{File: file}, at); (err == nil) != ok {
			t.Errorf("load: %v", err)
		}
	}
	load(false)
	check(0, 0, "no such file")
	write(quarantine)
	load(true)
	load(true) // the same: nothing to say
	check(8, 1, "")
	write(quarantine, said("forgive", ""), "{}")
	load(false)
	check(8, 1, file+":3: ")
	write(quarantine, said("forgive", ""))
	load(true)
	check(0, 2, "")
	if err := b.Load(Config{}, at); err != nil {
		t.Error(err)
	}
	check(0, 0, "")
	if n := strings.Count(log.String(), "verdicts replaced"); n != 3 {
		t.Errorf("%d lines in the log, want one for each change:\n%s", n, log.String())
	}
	if s := b.Status(at); s.Refused != 2 {
		t.Errorf("%d files refused, want 2", s.Refused)
	}
	if (*Board)(nil).Of(p, at) != (Standing{}) {
		t.Error("no board says something")
	}
}

// What is no file is refused without being opened, which might never end.
func TestOnlyRegularFiles(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{pipe, t.TempDir(), os.DevNull} {
		err := New(zerolog.Nop()).Load(Config{File: name}, noon)
		if err == nil || err.Error() != "read verdicts: "+name+": want a regular file" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Of two that read at a time, the one that began later has read what is newer.
func TestLatestReadHolds(t *testing.T) {
	b := New(zerolog.Nop())
	file := filepath.Join(t.TempDir(), "v.ndjson")
	read := func(lines int) func() error {
		if err := os.WriteFile(file, []byte(strings.Repeat(said("forgive", "")+"\n", lines)), 0o600); err != nil {
			t.Fatal(err)
		}
		return b.Read(Config{File: file}, then)
	}
	first, second := read(1), read(2)
	for _, replace := range []func() error{second, first} {
		if err := replace(); err != nil {
			t.Error(err)
		}
	}
	if s := b.Status(then); s.Lines != 2 {
		t.Errorf("%d lines, want the 2 of the later read", s.Lines)
	}
}

func TestCountsByKind(t *testing.T) {
	var all []Verdict
	for i := range 10 {
		v := give(models.VerdictKind(1+i%4), i)
		v.Subject[1] = byte(i)
		all = append(all, v)
	}
	f := func(minute, confirm, forgive, quarantine, report int) {
		t.Helper()
		n := newSet(all).count(noon.Add(time.Duration(minute) * time.Minute))
		if want := [models.NumVerdictKinds]int{0, confirm, forgive, quarantine, report}; n != want {
			t.Errorf("after %d minutes %v, want %v", minute, n, want)
		}
	}
	f(-1, 0, 0, 0, 0)
	f(9, 3, 3, 2, 2)
	f(120, 0, 3, 0, 2)
}

// The nats that are meant where none are written do what is said of them.
func TestDefaultNats(t *testing.T) {
	e := risk.New(risk.DefaultConfig())
	for class := range models.NumClasses {
		excused := e.Config().Caps.Innocence // of whoever looks like himself
		if need := e.NatsAt(e.Thresholds(class).Deny) + excused; QuarantineNats < need {
			t.Errorf("a quarantine of %d nats does not refuse on %s routes, which takes %g", QuarantineNats, class, need)
		}
	}
	if left := e.NatsAt(60) + ConfirmNats; left >= e.NatsAt(20) {
		t.Errorf("a confirm of %d nats leaves %g of a score of 60, want below a score of 20, %g", ConfirmNats, left, e.NatsAt(20))
	}
}

func TestOfAllocatesNothing(t *testing.T) {
	b := New(zerolog.Nop())
	b.current.Store(&board{set: newSet([]Verdict{give(models.Quarantine, 0), give(models.Report, 1)})})
	if n := testing.AllocsPerRun(100, func() { b.Of(subject, noon.Add(time.Minute)) }); n != 0 {
		t.Errorf("Of allocates %v times, want 0", n)
	}
}

func BenchmarkOf(b *testing.B) {
	all := make([]Verdict, MaxVerdicts)
	for i := range all {
		all[i] = give(models.Quarantine, 0)
		all[i].Subject = models.Pseudonym{byte(i), byte(i >> 8)}
	}
	s := newSet(all)
	b.ReportAllocs()
	for b.Loop() {
		s.of(subject, noon)
	}
}
