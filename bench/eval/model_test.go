package eval

import (
	"bytes"
	"math"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/gateway/ratelimit"
	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/models"
)

// The buckets are those of the gateway.
func TestBucketsAreTheGateways(t *testing.T) {
	g, l := newGate(t), ratelimit.New(ratelimit.DefaultConfig(), start)
	r := rand.New(rand.NewPCG(1, 2))
	now, refused := start, 0
	for i := range 20_000 {
		p := models.Pseudonym{byte(r.IntN(5))}
		refill := math.Exp2(-float64(r.IntN(7)))
		now = now.Add(time.Duration(r.IntN(60_000)) * time.Microsecond)
		want := l.Spend(p, refill, now).Allowed
		if got := g.spend(p, refill, now); got != want {
			t.Fatalf("request %d at refill %g: allowed %v, the gateway says %v", i, refill, got, want)
		}
		if !want {
			refused++
		}
	}
	if refused < 1000 || refused > 19_000 {
		t.Errorf("%d of 20000 refused: the test says little", refused)
	}
}

// Challenges and credits are those of the gateway.
func TestStepUpsAreTheGateways(t *testing.T) {
	s := newStepups(DefaultConfig())
	theirs := stepup.New(stepup.DefaultConfig(), stepup.NewTable(256))
	r := rand.New(rand.NewPCG(3, 4))
	now := start
	for i := range 5000 {
		k := challenged{models.Pseudonym{byte(r.IntN(3))}, uint32(r.IntN(2)), 7}
		key := stepup.Key{Subject: k.subject, Fingerprint: k.fingerprint, ASN: k.network}
		now = now.Add(time.Duration(r.IntN(400)) * time.Second)
		id := &models.Identity{Subject: models.Subject{Kind: models.User}, Credential: models.JWT, AuthTime: now}
		switch r.IntN(4) {
		case 0, 1:
			_, want := theirs.Ask(id, key, stepup.Want{}, now)
			if got := s.ask(k, now); got != want {
				t.Fatalf("step %d: exhausted %v, the gateway says %v", i, got, want)
			}
		case 2:
			if theirs.Answered(id, key, now) {
				theirs.Grant(key, 2, now)
				s.answer(k)
				s.grant(k, -2, now)
			}
		case 3:
			if r.IntN(4) == 0 {
				theirs.Void(k.subject)
				s.void(k.subject)
			}
		}
		if got, want := s.credit(k, now), theirs.Credit(key, now); math.Abs(got-want) > 1e-6 {
			t.Fatalf("step %d: credit %g, the gateway says %g", i, got, want)
		}
	}
}

// What is judged and does not happen changes no later decision.
func TestJudgingChangesNothing(t *testing.T) {
	w := traffic.Config{Seed: 5, Start: start, Days: 4, Users: 40, Everyone: true, Machines: 2}
	judged, alone := newGate(t), newGate(t)
	n, caught := 0, 0
	for e := range w.Events() {
		n++
		thief := *e
		thief.Label, thief.Address, thief.Agent = traffic.NaiveTakeover, netip.MustParseAddr("198.51.100.7"), "curl/8.0"
		if judged.Judge(&thief).Action >= models.StepUp {
			caught++
		}
		got := judged.Serve(e, false)
		if want := alone.Serve(e, false); got.Assessment != want.Assessment || got.Action != want.Action {
			t.Fatalf("request %d: %s at %g, want %s at %g", n, got.Action, got.Assessment.Score, want.Action, want.Assessment.Score)
		}
	}
	if caught == 0 {
		t.Errorf("none of %d judged would be caught: the test says little", n)
	}
}

// A budget moves the thresholds to where it is kept.
func TestGateKeepsABudget(t *testing.T) {
	c := DefaultConfig()
	c.Risk.Budget.StepUp = 0.05
	g, err := NewGate(c, openGeo(t), start)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	counted, before := 0, g.Section()
	Run(traffic.Config{Seed: 2, Start: start, Days: 14, Users: 150, Everyone: true}, g, func(_ *traffic.Event, ev *models.Event) {
		if Counts(ev) {
			counted++
		}
	})
	if g.Sessions() == 0 || g.Sessions() > uint64(counted) {
		t.Errorf("%d sessions counted of %d that may be", g.Sessions(), counted)
	}
	if g.Shift() >= -0.1 || bytes.Equal(before, g.Section()) {
		t.Errorf("a budget of 5 %% moved the thresholds by %g nats, want them lower", g.Shift())
	}
}
