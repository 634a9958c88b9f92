package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// A wave that comes and goes is said once when it begins and once when it has been
// away for five minutes, with how long it lasted and its peak.
func TestAttackIsSaidOnce(t *testing.T) {
	var out bytes.Buffer
	var a attack
	start := time.Unix(1_800_000_000, 0)
	odds := map[int]float64{3: 0.5, 4: 1.25, 7: 0.75, 8: 0.5} // by minute; else 0
	for minute := range 60 {
		a.look(odds[minute], start.Add(time.Duration(minute)*time.Minute), zerolog.New(&out))
		said := strings.Count(out.String(), "\n")
		want := 0
		if minute >= 3 {
			want++
		}
		if minute >= 8+5 {
			want++
		}
		if said != want {
			t.Fatalf("%d lines in minute %d, want %d:\n%s", said, minute, want, out.String())
		}
	}
	var begins, ends struct {
		Odds   float64 `json:"log_odds"`
		Peak   float64 `json:"peak_log_odds"`
		Lasted float64 // milliseconds
	}
	lines := json.NewDecoder(&out)
	if err := lines.Decode(&begins); err != nil || begins.Odds != 0.5 {
		t.Errorf("begins with %+v, %v, want 0.5", begins, err)
	}
	if err := lines.Decode(&ends); err != nil || ends.Peak != 1.25 || ends.Lasted != 5*60*1000 {
		t.Errorf("ends with %+v, %v, want a peak of 1.25 after 5 minutes", ends, err)
	}
	a.look(0.5, start.Add(2*time.Hour), zerolog.New(&out))
	if !strings.Contains(out.String(), "attack mode begins") {
		t.Error("a second attack is not said")
	}
}

// A wave of failed logins shows in the metrics and the log for as long as it lasts.
func TestAttackModeShows(t *testing.T) {
	s := newSite(t)
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	w := &village{site: s}
	w.nanos.Store(now.UnixNano())
	s.clock = w.time
	s.configure(parts{routes: `- {id: login, match: {methods: [POST], path: /login}, pool: service, class: login, authn: [none], login: {user: "form:user", failed: [404]}}`})
	s.start()
	mode := func() float64 { return value(t, s.families()["riskgate_signals_attack_mode"], "") }
	if got := mode(); got != 0 {
		t.Errorf("attack mode is %g before any login", got)
	}
	for i := range 1000 {
		w.later(10 * time.Millisecond)
		r, err := http.NewRequest(http.MethodPost, "http://"+s.Addr().String()+"/login", strings.NewReader(fmt.Sprintf("user=nobody%d", i)))
		s.must(err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		s.do(r)
	}
	eventually(t, "the wave is learned", func() bool { return mode() > 0.5 })
	s.lookForAttack()
	w.later(10 * time.Minute)
	if got := mode(); got != 0 {
		t.Errorf("attack mode is %g ten minutes later", got)
	}
	s.lookForAttack()
	for _, line := range []string{"attack mode begins", "attack mode has ended"} {
		if n := strings.Count(s.log.String(), line); n != 1 {
			t.Errorf("%q is said %d times, want once", line, n)
		}
	}
}
