package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/gateway/verdict"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

const verdictFile = "verdicts.ndjson"

// bench is a site with a file of verdicts, whose clock stands still.
type bench struct {
	*site
	now atomic.Int64
}

func newBench(t *testing.T) *bench {
	b := &bench{site: newSite(t)}
	b.now.Store(time.Now().Truncate(time.Second).UnixNano())
	b.clock = func() time.Time { return time.Unix(0, b.now.Load()).UTC() }
	b.configure(parts{risk: "mode: enforce", verdict: "file: " + verdictFile})
	b.write(verdictFile, "")
	return b
}

// shop is the pseudonym of the client whose key the site's requests show.
func (b *bench) shop() models.Pseudonym {
	return Pseudonyms(b.keys)(models.Subject{Kind: models.Client, ID: "shop"})
}

// give returns a line with a verdict on shop of this moment.
func (b *bench) give(k models.VerdictKind) string {
	v := verdict.Verdict{Subject: b.shop(), Kind: k, At: b.clock(), Nats: verdict.DefaultNats(k)}
	switch k {
	case models.Quarantine, models.Confirm:
		v.Expires = v.At.Add(time.Hour)
	case models.Report:
		v.Since = v.At.Add(-time.Hour)
	}
	return string(v.AppendLine(nil)) + "\n"
}

func (b *bench) status() (s verdict.Status) {
	b.t.Helper()
	code, body := b.admin(http.MethodGet, "/-/verdicts")
	if code != http.StatusOK {
		b.t.Fatalf("%d %s", code, body)
	}
	b.must(json.Unmarshal([]byte(body), &s))
	return s
}

// answered waits until a GET is answered with a status.
func (b *bench) answered(what string, status int) {
	b.t.Helper()
	eventually(b.t, what, func() bool { got, _ := b.get("/items/1"); return got == status })
}

// What an operator writes into the file is in force within seconds, without a
// reload; a file with a mistake changes nothing.
func TestVerdictsOfAFile(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.start()
	b.want("/items/1", http.StatusOK)
	quarantine := b.give(models.Quarantine)
	b.write(verdictFile, quarantine)
	b.answered("the quarantine is in force", http.StatusForbidden)
	b.until("its metric", `riskgate_verdict_in_force{kind="quarantine"} 1`)

	b.now.Add(int64(time.Minute))
	b.write(verdictFile, quarantine+b.give(models.Forgive)+"{}\n")
	b.until("the file was refused", "riskgate_verdict_files_refused_total 1")
	problem := b.path(verdictFile) + `:3: kind "", want one of confirm, forgive, quarantine, report`
	if s := b.status(); s.Lines != 1 || s.InForce["quarantine"] != 1 || s.InForce["forgive"] != 0 || s.Problem != problem {
		t.Errorf("%+v\nwant one quarantine, and %s", s, problem)
	}
	if !strings.Contains(b.log.String(), "verdicts refused, the old ones stay in force") || strings.Contains(b.log.String(), `"reloaded"`) {
		t.Errorf("the log says\n%s", b.log)
	}
	b.want("/items/1", http.StatusForbidden)

	b.write(verdictFile, quarantine+b.give(models.Forgive))
	b.answered("the forgive is in force", http.StatusOK)
	b.now.Add(int64(time.Minute))
	b.write(verdictFile, b.give(models.Quarantine))
	b.answered("the second quarantine is in force", http.StatusForbidden)
	b.now.Add(int64(time.Hour))
	b.want("/items/1", http.StatusOK)
	if s := b.status(); s.InForce["quarantine"] != 0 || s.Lines != 1 || s.Problem != "" {
		t.Errorf("%+v, want no quarantine in force any more", s)
	}
	if got := b.metrics(); !strings.Contains(got, `riskgate_gateway_reloads_total{result="done"} 0`) {
		t.Error("the configuration was reloaded")
	}
}

// A reload reads the file too. With a mistake in it the verdicts of before stay and
// the rest is taken, but a file that it names for the first time must be good.
func TestReloadReadsVerdicts(t *testing.T) {
	b := newBench(t)
	b.start()
	b.write(verdictFile, b.give(models.Confirm))
	b.reload()
	if s := b.status(); s.InForce["confirm"] != 1 {
		t.Errorf("after a reload %+v", s)
	}
	b.write(verdictFile, "nothing\n")
	b.configure(parts{risk: "mode: shadow", verdict: "file: " + verdictFile})
	b.reload()
	if s := b.status(); s.InForce["confirm"] != 1 || !strings.Contains(s.Problem, verdictFile+":1: invalid character") {
		t.Errorf("with a mistake in the file %+v", s)
	}
	if b.Config().Risk.Mode != models.Shadow {
		t.Error("the mistake kept the rest of the configuration from being taken")
	}
	if !strings.Contains(b.log.String(), "verdicts refused, the old ones stay in force") {
		t.Errorf("the log says\n%s", b.log)
	}
	b.write("other.ndjson", "nothing\n")
	b.configure(parts{risk: "mode: enforce", verdict: "file: other.ndjson"})
	b.refused("other.ndjson:1: invalid character")
	if s := b.status(); s.InForce["confirm"] != 1 || b.Config().Risk.Mode != models.Shadow {
		t.Errorf("after a new file with a mistake %+v, mode %v", s, b.Config().Risk.Mode)
	}
	b.configure(parts{risk: "mode: enforce"})
	b.reload()
	if s := b.status(); s.File != "" || s.InForce["confirm"] != 0 {
		t.Errorf("without a file %+v", s)
	}
}

// A reload that names another file and is refused for something else leaves the
// verdicts as they are, also where the old file has a mistake by now.
func TestRefusedReloadKeepsVerdicts(t *testing.T) {
	b := newBench(t)
	b.start()
	b.write(verdictFile, b.give(models.Confirm))
	b.reload()
	b.write(verdictFile, "nothing\n")
	b.write("other.ndjson", b.give(models.Quarantine))
	b.configure(parts{risk: "mode: enforce", verdict: "file: other.ndjson", authz: "policies: nowhere.cedar"})
	b.refused("nowhere.cedar")
	if s := b.status(); s.InForce["confirm"] != 1 || s.InForce["quarantine"] != 0 {
		t.Errorf("%+v, want the confirm of the old file", s)
	}
}

// A mistake is read again and again, and said once, until there is another; the file
// is taken when the reason has gone, though it has not changed.
func TestMistakesAreSaidOnce(t *testing.T) {
	b := newBench(t)
	b.start()
	f := func(what string, ok bool, said int) {
		t.Helper()
		if err := b.renewVerdicts(); (err == nil) != ok {
			t.Errorf("%s: %v", what, err)
		}
		if n := strings.Count(b.log.String(), "verdicts refused"); n != said {
			t.Errorf("%s: said %d times, want %d", what, n, said)
		}
		if n := b.status().Refused; n != uint64(said) {
			t.Errorf("%s: %d files refused, want %d", what, n, said)
		}
	}
	b.now.Add(int64(3 * time.Hour))
	ahead := b.give(models.Forgive)
	b.now.Add(int64(-3 * time.Hour))
	b.write(verdictFile, ahead)
	f("given in three hours", false, 1)
	b.now.Add(int64(time.Second))
	f("the same", false, 1)
	b.write(verdictFile, "{}\n")
	f("another", false, 2)
	b.write(verdictFile, ahead)
	f("the first", false, 3)
	b.now.Add(int64(3 * time.Hour))
	f("three hours later", true, 3)
}

func TestStartRefusesBadVerdicts(t *testing.T) {
	b := newBench(t)
	b.write(verdictFile, "{}\n")
	_, err := New(Options{Load: func() (*config.Config, error) { return config.Load(b.path("riskgate.yaml")) }, Clock: b.clock})
	if err == nil || !strings.Contains(err.Error(), verdictFile+":1: kind") {
		t.Errorf("%v", err)
	}
}

// actor returns the nats that shop's requests have left behind, and sets them if n
// is not negative.
func (b *bench) actor(n float32) float32 {
	b.t.Helper()
	ref, _ := b.memory.Acquire(b.shop(), baseline.Declared, b.clock())
	defer ref.Release(n >= 0)
	l := &ref.Profile().Local
	was := l.Actor
	if n >= 0 {
		l.Actor = n
	}
	return was
}

// A forgive of before a restart does not clear what happened since.
func TestForgiveIsNotRepeatedByARestart(t *testing.T) {
	b := newBench(t)
	b.start()
	b.want("/items/1", http.StatusOK)
	b.actor(3)
	b.write(verdictFile, b.give(models.Forgive))
	b.reload()
	b.want("/items/1", http.StatusOK)
	if left := b.actor(2); left != 0 {
		t.Fatalf("%g nats are left after the forgive", left)
	}
	b.want("/items/1", http.StatusOK)
	b.stop()
	b.start()
	b.want("/items/1", http.StatusOK)
	if left := b.actor(-1); left != 2 {
		t.Errorf("%g nats are left after the restart, want the 2 of before", left)
	}
}

// Verdicts are replaced under load and no request is lost.
func TestVerdictsUnderLoad(t *testing.T) {
	b := newBench(t)
	b.start()
	b.write(verdictFile, b.give(models.Confirm))
	var ended atomic.Bool
	var callers sync.WaitGroup
	failed := make(chan string, 4)
	for range 4 {
		callers.Go(func() {
			for !ended.Load() {
				if status, body := b.get("/items/1"); status != http.StatusOK {
					failed <- fmt.Sprint(status, " ", body)
					return
				}
			}
		})
	}
	for i := range 100 {
		b.write(verdictFile, strings.Repeat(b.give(models.Confirm), 1+i%7))
		b.must(b.renewVerdicts())
	}
	ended.Store(true)
	callers.Wait()
	close(failed)
	for f := range failed {
		t.Error(f)
	}
	if s := b.status(); s.Refused != 0 || s.Lines != 1+99%7 {
		t.Errorf("%+v", s)
	}
}

// onProbation returns how many values shop is being tried with.
func (b *bench) onProbation() (n int) {
	b.t.Helper()
	ref, _ := b.memory.Acquire(b.shop(), baseline.Declared, b.clock())
	defer ref.Release(false)
	for _, p := range ref.Profile().Own.Probation {
		if p.Kind > baseline.NoProbation && p.Kind < baseline.OnSubject {
			n++
		}
	}
	return n
}

// from sends a GET by shop from an address.
func (b *bench) from(address string) {
	b.t.Helper()
	r := b.request("/items/1")
	r.Header.Set("X-Forwarded-For", address)
	if status, body := b.do(r); status != http.StatusOK {
		b.t.Fatalf("from %s: %d %s", address, status, body)
	}
}

// A machine client that has moved is reported and on probation with its new
// network, until an analyst says that this is right.
func TestConfirmEndsAMachinesProbation(t *testing.T) {
	b := newBench(t)
	b.replace("risk: {mode: enforce}", "risk: {mode: enforce, weights: {network: 0.5}}") // so that it is let in, and learned
	b.start()
	for range 9 {
		b.from("192.0.2.10")
		b.now.Add(int64(24 * time.Hour))
	}
	b.from("192.0.2.130")
	if n := b.onProbation(); n == 0 {
		t.Fatal("the new network is not on probation")
	}
	b.now.Add(int64(time.Minute))
	b.write(verdictFile, b.give(models.Confirm))
	b.reload()
	b.from("192.0.2.130")
	if n := b.onProbation(); n != 0 {
		t.Errorf("%d values are on probation after the confirm", n)
	}
	b.stop()
	events, err := os.ReadFile(b.path("events.jsonl"))
	b.must(err)
	var findings []string
	for line := range strings.Lines(string(events)) {
		if strings.Contains(line, `"new_to_machine"`) {
			findings = append(findings, regexp.MustCompile(`"status_id":\d`).FindString(line))
		}
	}
	if got := strings.Join(findings, " "); got != `"status_id":1 "status_id":4` {
		t.Errorf("findings with %s, want a new one and a resolved one", got)
	}
}
