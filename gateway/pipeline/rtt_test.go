package pipeline

import (
	"crypto/tls"
	"runtime"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// What the listener measured of a connection stands in the event.
func TestRoundTripsReachTheEvent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: only Linux tells the round-trip time of a connection")
	}
	w := newWorld(t, func(s *settings) { s.secure, s.listener.TrustedProxies = true, nil })
	c := tls.Client(w.dial(), &tls.Config{InsecureSkipVerify: true})
	w.over(c, "GET", shot{token: w.token("ada")}.text())
	f := w.decision().Features
	tcp, shake := f.Get(models.RTTConnection), f.Get(models.RTTHandshake)
	if !(0 < tcp && tcp <= shake+0.001) || !f.Has(models.TimesAnswers) || f.States[models.RTT] == models.Unavailable {
		t.Errorf("TCP %g ms, TLS %g ms, rtt %s", tcp, shake, f.States[models.RTT])
	}
}

// With weight 0 a proxy on the way is recorded and explained and changes nothing; a
// candidate that gives it a weight tells what it would change.
func TestRoundTripsAreMeasuredByACandidate(t *testing.T) {
	w := newWorld(t, func(s *settings) {
		c := s.risk.Candidate()
		c.Name, c.Weights.RTT = "rtt", 1
		s.risk.Candidates = []risk.Candidate{c}
	})
	decide := func(rtt models.RoundTrips) *models.Event {
		view, e := w.view(shot{key: w.apiKeys["good"]}), new(models.Event)
		view.RTT = rtt
		if denial := w.Decide(view, e); denial != "" {
			t.Fatal(denial)
		}
		return e
	}
	near := decide(models.RoundTrips{TCP: 10 * time.Millisecond, TLS: 15 * time.Millisecond})
	far := decide(models.RoundTrips{TCP: 10 * time.Millisecond, TLS: 510 * time.Millisecond})
	if far.Evidence[models.RTT].State != models.Hit || far.Assessment != near.Assessment || far.Action != near.Action {
		t.Errorf("rtt %+v; assessed\n%+v, without a proxy\n%+v", far.Evidence[models.RTT], far.Assessment, near.Assessment)
	}
	all := w.Comparisons()
	if len(all) != 1 || all[0].Decisions != 2 || all[0].Changed != 1 || all[0].Matrix[models.Allow][models.Monitor] != 1 {
		t.Errorf("%+v", all)
	}
	for e, words := range map[*models.Event]string{near: "", far: "TLS takes 500 ms longer than TCP: a proxy"} {
		x, err := Explain(e, w.snap.Risk)
		if err != nil {
			t.Fatal(err)
		}
		if got := x.Contributions[models.RTT]; got.Words != words || got.Nats != 0 || got.Points != 0 {
			t.Errorf("%+v, want the words %q and no points", got, words)
		}
	}
}
