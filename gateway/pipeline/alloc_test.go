//go:build !race

package pipeline

import (
	"net/http"
	"testing"
	"time"

	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/models"
)

func TestDecideAllocates(t *testing.T) {
	w := steady(t)
	for name, s := range w.credentials() {
		if n := testing.AllocsPerRun(500, w.decider(s)); n != 0 {
			t.Errorf("%s: Decide allocates %v times per request, want 0", name, n)
		}
	}
}

func TestCandidatesAllocateNothing(t *testing.T) {
	w := steady(t)
	w.risk.Candidates = tried(w.risk)
	w.Swap(w.snapshot(stepup.NewTable(1024)))
	for name, s := range w.credentials() {
		if n := testing.AllocsPerRun(500, w.decider(s)); n != 0 {
			t.Errorf("%s: Decide with candidates allocates %v times per request, want 0", name, n)
		}
	}
}

// A caller whose session is explored, and one whose session might be.
func TestExploringAllocatesNothing(t *testing.T) {
	w := steady(t)
	w.risk.Mode, w.risk.Learning.Explore = models.Enforce, 0.01
	s := w.credentials()["JWT"]
	for _, below := range []uint64{1, 1 << 63, 1<<64 - 1} {
		w.exploreAll()
		w.snap.Explore.below = below
		view, e := w.view(s), &models.Event{}
		w.Decide(view, e)
		explored := e.Features.Has(models.Explored) // until too many questions went unanswered
		n := testing.AllocsPerRun(500, func() {
			w.advance(time.Minute)
			view.Time = w.now()
			e.Reset()
			w.Decide(view, e)
		})
		if n != 0 {
			t.Errorf("below %x: Decide allocates %v times per request, want 0", below, n)
		}
		if explored != (below == 1<<64-1) && below != 1<<63 {
			t.Errorf("below %x: explored %v", below, explored)
		}
	}
}

func TestVerdictsAllocateNothing(t *testing.T) {
	w := steady(t)
	for name, s := range w.credentials() {
		decide := w.decider(s)
		e := &models.Event{}
		w.Decide(w.view(s), e)
		quarantine := w.give(models.Quarantine, e)
		quarantine.Nats = 0.1
		w.says(quarantine, w.give(models.Report, e), w.give(models.Confirm, e))
		if n := testing.AllocsPerRun(500, decide); n != 0 {
			t.Errorf("%s: Decide with verdicts allocates %v times per request, want 0", name, n)
		}
	}
}

// Neither does a caller with an ended session pay for it, nor who shows its token.
func TestEndedSessionsAllocateNothing(t *testing.T) {
	w := steady(t)
	s := w.credentials()["JWT"]
	e := &models.Event{}
	w.Decide(w.view(s), e)
	ended := *e.Identity
	for _, session := range []string{"sid another", ended.Session} {
		ended.Session = session
		w.Ended.End(&ended, 0, w.now())
		decide := w.decider(s)
		if n := testing.AllocsPerRun(500, decide); n != 0 {
			t.Errorf("%s ended: Decide allocates %v times per request, want 0", session, n)
		}
	}
	e.Reset()
	if denial := w.Decide(w.view(s), e); !e.Features.AfterLogout() {
		t.Errorf("its session has not ended: %s", denial)
	}
}

// From the first stage to the published event, with the upstream in between.
func TestServeAllocates(t *testing.T) {
	w := steady(t)
	f := func(name string, s shot, status int) {
		t.Helper()
		serve := w.server(s, status)
		for range 3000 { // until the score has settled, and with it what is remembered of policies
			serve()
		}
		if n := testing.AllocsPerRun(500, serve); n != 0 {
			t.Errorf("%s: Serve allocates %v times per request, want 0", name, n)
		}
	}
	for name, s := range w.credentials() {
		f(name, s, http.StatusOK)
	}
	f("a proxy that may", shot{key: w.apiKeys["good"], front: models.AuthRequest}, http.StatusNoContent)
	f("a proxy that may not", shot{front: models.AuthRequest}, http.StatusUnauthorized)
	f("nobody", shot{}, http.StatusUnauthorized)
	f("a wrong key", shot{key: w.apiKeys["good"] + "x"}, http.StatusUnauthorized)
}
