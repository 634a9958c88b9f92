package pipeline

import (
	"encoding/binary"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/models"
)

// exploring is a world that knows ada, in which every session that may be explored
// is.
func exploring(t *testing.T, edit ...func(*settings)) *world {
	w := settled(t, append([]func(*settings){func(s *settings) { s.risk.Learning.Explore = 0.01 }}, edit...)...)
	w.exploreAll()
	return w
}

func (w *world) exploreAll() {
	s := w.snapshot(stepup.NewTable(1024))
	s.Explore.below = math.MaxUint64
	w.snap = s
	w.Swap(s)
}

// A session below the threshold is asked until it has stepped up, then left in
// peace for an hour; every decision is recomputed from its event.
func TestAnExploredSessionStepsUpOnce(t *testing.T) {
	w := exploring(t)
	var events []*models.Event
	ask := func(s shot, status int) *models.Event {
		t.Helper()
		got, e := w.ask(s)
		if got.StatusCode != status {
			t.Fatalf("%d %s, want %d; score %g", got.StatusCode, e.Denial, status, e.Assessment.Score)
		}
		events = append(events, e)
		return e
	}
	for range 2 {
		e := ask(shot{token: w.token("ada")}, http.StatusUnauthorized)
		if e.Assessment.Wanted != models.Allow || e.ByRisk != models.StepUp || e.Denial != models.StepUpRequired || !e.Features.Has(models.Explored) {
			t.Errorf("wanted %s, by risk %s, %s, flags %x", e.Assessment.Wanted, e.ByRisk, e.Denial, e.Features.Flags)
		}
		if words := string(models.AppendSentence(nil, e)); !strings.HasPrefix(words, "Asked to step up as a sample, score ") {
			t.Errorf("in words: %s", words)
		}
		w.advance(2 * time.Second)
	}
	strong := w.strong("ada")
	if e := ask(shot{token: strong}, http.StatusOK); !e.Passed || e.Features.Has(models.Explored) {
		t.Errorf("passed %v, flags %x", e.Passed, e.Features.Flags)
	}
	w.advance(50 * time.Minute)
	ask(shot{token: strong}, http.StatusOK)
	w.advance(9 * time.Minute)
	ask(shot{token: w.token("ada")}, http.StatusUnauthorized) // with a token that shows nothing
	if n := w.count(w.Metrics.explored); n != 3 {
		t.Errorf("counted %g times, want 3", n)
	}
	for i, e := range events {
		x, err := Explain(e, w.snap.Risk)
		if err != nil || x.Explored != e.Features.Has(models.Explored) {
			t.Errorf("decision %d: explored %v, %v", i, x != nil && x.Explored, err)
		}
	}
	events[0].Features.Flags &^= models.Explored
	if err := Verify(events[0], w.snap.Risk); err == nil {
		t.Error("without its mark the decision is explained all the same")
	}
}

func TestWhoIsNeverExplored(t *testing.T) {
	w := exploring(t)
	w.live(5, func() shot { return shot{key: w.apiKeys["good"]} })
	w.status(http.StatusOK, shot{key: w.apiKeys["good"]}) // a machine
	w.status(http.StatusOK, shot{token: w.token("eve")})  // not established
	w.status(http.StatusOK, shot{token: w.strong("ada")}) // has just stepped up
	_, e := w.ask(hot(w.token("ada")))                    // asked by the score
	if e.Denial != models.StepUpRequired || e.Features.Has(models.Explored) {
		t.Errorf("%s, flags %x, score %g", e.Denial, e.Features.Flags, e.Assessment.Score)
	}
	w.advance(time.Second)
	w.status(http.StatusOK, hot(w.strong("ada")))
	w.status(http.StatusOK, shot{token: w.token("ada")}) // holds credit
	shadow := exploring(t, func(s *settings) { s.risk.Mode = models.Shadow })
	if _, e := shadow.ask(shot{token: shadow.token("ada")}); e.Features.Has(models.Explored) || e.ByRisk != models.Allow {
		t.Errorf("in shadow mode: by risk %s, flags %x", e.ByRisk, e.Features.Flags)
	}
}

// As many sessions as configured are chosen, for an hour each, and others with
// another key.
func TestExplorerChoosesTheShare(t *testing.T) {
	const share, n = 0.005, 400_000
	x, other := NewExplorer([32]byte{1}, share), NewExplorer([32]byte{2}, share)
	chosen, both, again := 0, 0, 0
	now := time.Unix(1_800_000_000, 0).Truncate(time.Hour)
	for i := range n {
		var p models.Pseudonym
		binary.LittleEndian.PutUint64(p[:], uint64(i/4))
		credential, at := uint32(i%4), now.Add(time.Duration(i%3)*time.Hour)
		if !x.chooses(p, credential, at) {
			continue
		}
		chosen++
		if !x.chooses(p, credential, at.Add(time.Hour-1)) {
			t.Fatal("chosen for less than its hour")
		}
		if other.chooses(p, credential, at) {
			both++
		}
		if x.chooses(p, credential, at.Add(time.Hour)) {
			again++
		}
	}
	want := share * n
	if math.Abs(float64(chosen)-want) > 5*math.Sqrt(want) {
		t.Errorf("%d of %d sessions are chosen, want about %g", chosen, n, want)
	}
	if both > 40 || again > 40 { // about 10 by chance
		t.Errorf("%d are chosen with another key too, %d in the next hour too", both, again)
	}
	var none Explorer
	if none.chooses(models.Pseudonym{}, 0, now) {
		t.Error("an explorer of nothing chooses")
	}
}

// What is learned from is told once for each request, and only of step-ups that an
// enforced score asked for.
func TestSteppedIsToldOfStepUps(t *testing.T) {
	w := settled(t)
	var told []string
	w.Stepped = func(e *models.Event) {
		what := string(e.Denial)
		if e.Passed {
			what = "passed"
		}
		told = append(told, what)
	}
	w.status(http.StatusOK, shot{token: w.token("ada")})
	w.status(http.StatusUnauthorized, hot(w.token("ada")))
	w.advance(time.Second)
	w.status(http.StatusOK, hot(w.strong("ada")))
	w.send(shot{})
	if got := strings.Join(told, " "); got != "step_up_required passed" {
		t.Errorf("told of %q", got)
	}
}

// That a session is explored is no difference between sections.
func TestCandidatesDoNotCountExploring(t *testing.T) {
	w := exploring(t, func(s *settings) { s.risk.Candidates = tried(s.risk)[1:] })
	got, e := w.ask(shot{token: w.token("ada")})
	if got.StatusCode != http.StatusUnauthorized || !e.Features.Has(models.Explored) {
		t.Fatalf("%d, flags %x: not explored", got.StatusCode, e.Features.Flags)
	}
	all := w.Comparisons()
	if len(all) != 1 || all[0].Decisions == 0 || all[0].Changed != 0 {
		t.Errorf("%+v, want decisions and none changed", all)
	}
}

// Who does not answer the question of a sample is asked no more, and let through.
func TestASampleLocksNobodyOut(t *testing.T) {
	w := exploring(t)
	token := w.token("ada")
	asked, through := 0, 0
	for range 12 {
		got, e := w.ask(shot{token: token})
		switch {
		case got.StatusCode == http.StatusUnauthorized && e.Features.Has(models.Explored):
			asked++
		case got.StatusCode == http.StatusOK && !e.Features.Has(models.Explored) && e.ByRisk == e.Assessment.Wanted:
			through++
		default:
			t.Fatalf("%d %s, flags %x", got.StatusCode, e.Denial, e.Features.Flags)
		}
		w.advance(2 * time.Second)
	}
	if asked == 0 || asked > 4 || through < 8 {
		t.Errorf("asked %d times, then let through %d times of 12", asked, through)
	}
}
