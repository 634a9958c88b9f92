package eval

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

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
