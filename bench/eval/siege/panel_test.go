package siege

import (
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// Every model scores the same request: the gate's as decided, less a group where one
// is left out, and the published ones by visits, of which they learn the honest.
func TestPanel(t *testing.T) {
	c := config(traffic.NewWorld(traffic.WorldAPI, 1, start, traffic.Size{Users: 1, Machines: 1, Days: 30}))
	c.Ablate = true
	p := newPanel(&c)
	at := func(name string) int { return slices.Index(p.names, name) }
	engine := risk.New(c.Risk)
	scored := func(e traffic.Event, rate, actor float64) []float32 {
		var ev models.Event
		ev.Features.Set(models.ActorNats, actor)
		ev.Evidence[models.Rate] = models.Evidence{Lambda: rate, Confidence: 1}
		ev.Evidence[models.Network] = models.Evidence{Lambda: -1, Confidence: 1}
		engine.Assess(&ev.Features, &ev.Evidence, models.Normal, &ev.Assessment)
		return slices.Clone(p.score(&e, &ev))
	}
	score := func(e traffic.Event, rate float64) []float32 { return scored(e, rate, 0) }
	carried := func(e traffic.Event, actor float64) []float32 { return scored(e, 0, actor) }
	home := traffic.Event{
		Time: start.Add(Warm), Person: "p", Credential: models.JWT, CredentialID: "1", Status: 200, Address: netip.MustParseAddr("10.0.0.1"),
		Agent: "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
	}
	first := score(home, 2)
	if first[0] != first[at("lmlr-device")] || math.Abs(float64(first[0]-first[at("lmlr-rate")])-2*c.Risk.Slope) > 1e-5 ||
		math.Abs(float64(first[at("lmlr-network")]-first[0])-c.Risk.Slope) > 1e-5 {
		t.Errorf("without rate 2 nats less, without network 1 more: %v", first)
	}
	if f := first[at("freeman")]; !math.IsInf(float64(f), -1) {
		t.Errorf("freeman scores a first visit %g", f)
	}
	early := home
	early.Time = start
	if s := score(early, 2); s[at("lmlr-rate")] != s[0] {
		t.Error("groups are left out of scores that nobody looks at")
	}
	// A burst a minute ago counts with the next request, and not where it is left out.
	burst := home
	burst.Person, burst.Time = "q", home.Time.Add(time.Minute)
	score(burst, 4)
	burst.Time = burst.Time.Add(time.Minute)
	if s := carried(burst, 4*math.Exp2(-60.0/behaviorLife)); s[0] <= s[at("lmlr-rate")]+1 || math.Abs(float64(s[at("lmlr-path")]-s[0])) > 1e-5 {
		t.Errorf("%g after a burst, %g without rate, %g without path", s[0], s[at("lmlr-rate")], s[at("lmlr-path")])
	}
	again, updated, stolen := home, home, home
	again.CredentialID = "2"
	usual := score(again, 0)[at("rules")]
	updated.CredentialID = "3"
	updated.Agent = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
	if browser := score(updated, 0)[at("rules")]; usual != 0 || browser != 20 {
		t.Errorf("rules: %g for the usual visit, %g with a new agent and version, want 0 and 20", usual, browser)
	}
	stolen.Label, stolen.Attack, stolen.Address = traffic.KeyTheft, 1, netip.MustParseAddr("10.9.9.9")
	want := score(stolen, 0)[at("freeman")]
	stolen.Attack = 2
	if got := score(stolen, 0)[at("freeman")]; got != want || math.IsInf(float64(got), 0) {
		t.Errorf("freeman learned an attack: %g, then %g", want, got)
	}
	stolen.Time = stolen.Time.Add(time.Minute)
	if got := score(stolen, 9)[at("freeman")]; got != want {
		t.Errorf("freeman judges within a visit: %g, then %g", want, got)
	}
}
