package baseline

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

// success is a verified look of a user, at score 10.
func success(at uint32) *models.Event {
	ev := &models.Event{Time: time.Unix(int64(at), 0), Subject: models.User, Pseudonym: models.Pseudonym{1}, Status: 200}
	ev.Assessment.Score = 10
	ev.Features.Flags = models.IsLook
	ev.Observed = models.Observed{Address: 1, Network: 2, Country: 3, Fingerprint: 4, Family: 5, DeviceType: 6, Credential: 7, ObjectSeq: -1}
	return ev
}

func TestOmega(t *testing.T) {
	f := func(name string, want float64, change func(*models.Event)) {
		t.Helper()
		ev := success(t0)
		change(ev)
		if got := omega(ev); got != want {
			t.Errorf("%s: %g, want %g", name, got, want)
		}
	}
	score := func(s float64) func(*models.Event) { return func(ev *models.Event) { ev.Assessment.Score = s } }
	f("calm", 0.5, score(19.9))
	f("a threshold belongs to the stricter side", 0.1, score(20))
	f("watchful", 0.1, score(29.9))
	f("asked to step up", 0, score(30))
	f("passed", 1, func(ev *models.Event) { ev.Assessment.Score, ev.Passed = 50, true })
	f("refused", 0, func(ev *models.Event) { ev.Denial = models.PolicyDenied })
	f("not found", 0, func(ev *models.Event) { ev.Status = 404 })
	f("redirected", 0.5, func(ev *models.Event) { ev.Status = 302 })
	f("failed login", 0, func(ev *models.Event) { ev.Login = models.LoginFailed })
	f("session hit", 0, func(ev *models.Event) { ev.Evidence[models.Session].State = models.Hit })
	f("payload hit", 0, func(ev *models.Event) { ev.Evidence[models.Payload].State = models.Hit })
	f("bad source", 0, func(ev *models.Event) { ev.Evidence[models.Infrastructure].State = models.Hit })
	f("novelty is no attack", 0.5, func(ev *models.Event) { ev.Evidence[models.Network].State = models.Hit })
	f("declared network", 0.5, func(ev *models.Event) {
		ev.Features.Flags |= models.IsMachine | models.DeclaredSource
		ev.Assessment.Score = 90
	})
	machine := func(score, behavior float64) func(*models.Event) {
		return func(ev *models.Event) {
			ev.Features.Flags |= models.IsMachine
			ev.Assessment.Score, ev.Assessment.ActorNats = score, behavior
		}
	}
	f("a machine client elsewhere", 0.1, machine(90, 0))
	f("a machine client that does something else", 0, machine(90, 0.5))
	f("enrolling", 0.25, func(ev *models.Event) {
		ev.Features.Flags |= models.IsMachine | models.IsEnrolling
		ev.Assessment.Score = 90
	})
}

// What the score refused does not raise the score: only what upstream or policy
// withholds counts as refused.
func TestRefusalsByScoreAreNoEvidence(t *testing.T) {
	f := func(denial models.Denial, status int, want uint16) {
		t.Helper()
		var p Profile
		ev := success(t0)
		ev.Observed.Object, ev.Denial, ev.Status = 9, denial, status
		Learn(&p, ev)
		if got := p.Local.Objects.Refused; got != want || p.Local.Objects.Requests != 1 {
			t.Errorf("%q with %d: %d refused, want %d", denial, status, got, want)
		}
	}
	f("", 200, 0)
	f("", 403, 1)
	f("", 404, 1)
	f(models.PolicyDenied, 403, 1)
	f(models.RiskDenied, 403, 0)
	f(models.StepUpExhausted, 403, 0)
	f(models.StepUpRequired, 401, 0)
}

func TestLearnIsPure(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	var a, b Profile
	for i := range uint32(2000) {
		ev := success(t0 + i*600)
		ev.Observed.Address, ev.Observed.Network = r.Uint32N(9)+1, r.Uint32N(4)+1
		ev.Observed.Object, ev.Observed.ObjectSeq = r.Uint32N(50), int64(r.IntN(50))
		ev.Status = []int{200, 200, 302, 404}[r.IntN(4)]
		ev.Assessment.Score = 40 * r.Float64()
		copied := *ev
		if Learn(&a, ev) != Learn(&b, &copied) || a != b {
			t.Fatalf("event %d taught two things", i)
		}
		if ev.Observed != copied.Observed || ev.Status != copied.Status {
			t.Fatal("learning changed the event")
		}
	}
	if !a.Established() {
		t.Error("2000 events do not establish anybody")
	}
}

func TestRefusedRequestsLeaveNoTrace(t *testing.T) {
	var p Profile
	for i := range uint32(20) {
		Learn(&p, success(t0+i*3600))
	}
	own := p.Own
	for i := range uint32(500) {
		ev := success(t0 + 30*3600 + i)
		ev.Observed.Address, ev.Observed.Network, ev.Observed.Country = 91, 92, 93
		ev.Denial, ev.Status = models.StepUpRequired, 401
		if Learn(&p, ev) {
			t.Fatal("a refused request teaches the world")
		}
	}
	if p.Own != own {
		t.Error("refused requests changed what is shared")
	}
	if m, _ := p.Local.Rates(t0 + 30*3600 + 500); m < 50 {
		t.Errorf("refused requests count %g per minute", m)
	}
}

func TestAnonymousTeachesRatesOnly(t *testing.T) {
	var p Profile
	ev := success(t0)
	ev.Subject = models.Anonymous
	if Learn(&p, ev) || p.Own != (Contribution{}) || p.Local.Sessions != [MaxSessions]Session{} || p.Local.Minute != 1 {
		t.Errorf("%+v", p)
	}
}

func TestDaysAndSuccesses(t *testing.T) {
	var p Profile
	for _, hours := range []uint32{0, 1, 2, 23, 24, 25, 72} {
		Learn(&p, success(t0+hours*3600))
	}
	if p.Own.Successes != 7 || p.Own.Days != 3 || p.Own.First != t0 || p.Own.Last != t0+72*3600 {
		t.Errorf("%d successes on %d days from %d to %d", p.Own.Successes, p.Own.Days, p.Own.First-t0, p.Own.Last-t0)
	}
}

// Rule R, day by day: tau = min(1, ((d-1)/20)^2).
func TestRuleR(t *testing.T) {
	var p Profile
	at := t0
	for range 5 {
		Learn(&p, success(at))
		at += day
	}
	if trust := p.Own.Trust(OnASN, 2, true); trust != 1 {
		t.Errorf("the first network of a subject has trust %g", trust)
	}
	strange := func(at uint32, score float64) {
		ev := success(at)
		ev.Observed.Address, ev.Observed.Network = 81, 82
		ev.Assessment.Score = score
		Learn(&p, ev)
	}
	f := func(name string, want float64) {
		t.Helper()
		if got := p.Own.Trust(OnASN, 82, true); math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: trust %g, want %g", name, got, want)
		}
	}
	strange(at+20*3600, 10)
	f("first seen", 0)
	if p.Own.Trust(OnCountry, 3, true) != 1 {
		t.Error("the country is known and lost its trust")
	}
	strange(at+day+1*3600, 10)
	f("another day, but five hours later", 0)
	strange(at+day+9*3600, 25)
	f("another day, at a score of 25", 0)
	strange(at+day+10*3600, 10)
	f("the second day", 1.0/400)
	strange(at+day+23*3600, 10)
	f("13 hours later, the same day", 1.0/400)
	for d := range uint32(19) {
		strange(at+(2+d)*day+12*3600, 10)
	}
	f("the 21st day", 1)
	if p.Own.findProbation(OnASN, 82) >= 0 {
		t.Error("a trusted value is still on the list")
	}
}

func TestStepUpEndsProbation(t *testing.T) {
	var p Profile
	for d := range uint32(4) {
		Learn(&p, success(t0+d*day))
	}
	ev := success(t0 + 5*day)
	ev.Observed.Network, ev.Observed.Address = 82, 81
	Learn(&p, ev)
	if p.Own.Trust(OnASN, 82, true) != 0 {
		t.Fatal("a new network is not on probation")
	}
	ev = success(t0 + 5*day + 7200)
	ev.Observed.Network, ev.Observed.Address, ev.Passed = 82, 81, true
	Learn(&p, ev)
	if p.Own.Trust(OnASN, 82, true) != 1 || p.Own.Passed != 1 {
		t.Error("a passed step-up does not end a probation")
	}
}

// Whoever fills the list of probations makes nothing trusted by it.
func TestFullListTrustsNobody(t *testing.T) {
	var p Profile
	for d := range uint32(4) {
		Learn(&p, success(t0+d*day))
	}
	for i := range uint32(40) {
		ev := success(t0 + 5*day + i*3600)
		ev.Observed.Network, ev.Observed.Address = 1000+i, 2000+i
		Learn(&p, ev)
	}
	for i := range uint32(40) {
		o := models.Observed{Network: 1000 + i, Address: 2000 + i, Country: 3}
		known := p.Own.NetworkWeights(&o, t0+7*day).Level[1] > 0
		if known && p.Own.Trust(OnASN, 1000+i, known) == 1 {
			t.Errorf("network %d is known and trusted", i)
		}
	}
}

// A device token on probation earns trust like a network, and is not trusted
// because its entry is gone.
// Who comes from a new place without the token does not make that usual; who does
// at home does.
func TestTokenMissedOnProbation(t *testing.T) {
	var p Profile
	at := t0 / day * day
	visit := func(days int, network uint32, token bool) {
		for range days {
			at += day
			ev := success(at)
			ev.Observed.Network = network
			if token {
				ev.Features.Set(models.TokenStatus, models.TokenValid)
				ev.Observed.DeviceToken = 77
			}
			Learn(&p, ev)
		}
	}
	missed := func() float64 {
		q := p.Own.TokenNovelty(at)
		return (float64(q.K) + 0.6) / (float64(q.N) + 4)
	}
	visit(30, 2, true)
	usual := missed()
	visit(10, 99, false)
	if got := missed(); got > usual+0.01 {
		t.Errorf("ten visits from a new network without the token: missing in %.3f, was %.3f", got, usual)
	}
	visit(10, 2, false)
	if got := missed(); got < 2*usual {
		t.Errorf("ten visits from home without it: missing in %.3f, was %.3f", got, usual)
	}
}

func TestTokenProbation(t *testing.T) {
	var p Profile
	show := func(at uint32) {
		ev := success(at)
		ev.Observed.DeviceToken = 55
		ev.Features.Set(models.TokenStatus, models.TokenValid)
		ev.Features.Set(models.TokenTrust, p.Own.Trust(OnToken, 55, false))
		Learn(&p, ev)
	}
	if p.Own.Trust(OnToken, 55, false) != 0 {
		t.Error("a token never seen is trusted")
	}
	for d := range uint32(21) {
		show(t0 + d*day)
		if d == 10 && math.Abs(p.Own.Trust(OnToken, 55, false)-0.25) > 1e-12 {
			t.Errorf("trust %g on the 11th day, want 0.25", p.Own.Trust(OnToken, 55, false))
		}
	}
	if p.Own.Trust(OnToken, 55, false) != 1 || p.Own.TokenAt != t0 {
		t.Errorf("trust %g after 21 days", p.Own.Trust(OnToken, 55, false))
	}
	for i := range uint32(30) {
		p.Own.try(OnASN, 100+i, false, trial{now: t0 + 30*day})
	}
	if p.Own.Trust(OnToken, 55, false) != 0 {
		t.Error("a token whose entry was displaced is trusted")
	}
}

// A boiling frog: one sample moves an average by no more than 3 sigma would.
func TestAveragesMoveSlowly(t *testing.T) {
	var mean, variance Fixed
	for n := range uint16(200) {
		move(&mean, &variance, n, 3+0.2*float64(n%3-1), rateStep, ofAmount)
	}
	before := mean
	move(&mean, &variance, 200, 1e6, rateStep, ofAmount)
	if by := mean.Float() - before.Float(); by > rateStep*maxSigmas*math.Sqrt(variance.Float()+0.1) || by <= 0 {
		t.Errorf("one wild sample moves the mean by %g", by)
	}
}

func TestRatesMoveOncePerHour(t *testing.T) {
	var p Profile
	for i := range uint32(5000) {
		Learn(&p, success(t0+i%3600))
	}
	if p.Local.RateSamples != 0 {
		t.Errorf("%d samples inside an hour", p.Local.RateSamples)
	}
	for h := range uint32(10) {
		Learn(&p, success(t0+(1+h)*3600))
	}
	if p.Local.RateSamples != 10 {
		t.Errorf("%d samples after ten hours", p.Local.RateSamples)
	}
}

func TestActorDecays(t *testing.T) {
	var p Profile
	ev := success(t0)
	ev.Assessment.ActorNats = 4
	Learn(&p, ev)
	if _, actor := p.Local.Behavior(t0 + 15*60); math.Abs(actor-2) > 1e-6 {
		t.Errorf("%g nats after a half-life, want 2", actor)
	}
	ev = success(t0 + 15*60)
	ev.Assessment.ActorNats = 1
	Learn(&p, ev)
	if _, actor := p.Local.Behavior(t0 + 15*60); math.Abs(actor-2) > 1e-6 {
		t.Errorf("a calmer request lowers it to %g", actor)
	}
}

// Linear counting, against exact counts.
func TestDistinct(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, n := range []int{1, 5, 20, 100, 300} {
		var o Objects
		for range n {
			id := max(1, r.Uint32())
			o.See(id, -1, t0)
			o.See(id, -1, t0)
		}
		if d := o.Distinct(); math.Abs(d-float64(n)) > 0.15*float64(n)+1 {
			t.Errorf("%d objects estimated as %.1f", n, d)
		}
		if int(o.Requests) != 2*n {
			t.Errorf("%d requests counted as %d", 2*n, o.Requests)
		}
	}
	var o Objects
	if o.Distinct() != 0 || math.Signbit(o.Distinct()) {
		t.Errorf("nothing is %g objects", o.Distinct())
	}
}

func TestRuns(t *testing.T) {
	f := func(name string, want uint16, ids ...int64) {
		t.Helper()
		var o Objects
		for _, id := range ids {
			o.See(1, id, t0)
		}
		if o.Run != want {
			t.Errorf("%s: run %d, want %d", name, o.Run, want)
		}
	}
	f("upwards", 5, 1, 2, 3, 4, 5)
	f("downwards", 4, 9, 8, 7, 6)
	f("by tens, from the second step on", 3, 5, 10, 20, 30, 40)
	f("the same again", 3, 1, 2, 2, 2, 3)
	f("no order", 1, 4, 90, 13, 55)
	f("from end to end", 1, 999_999_999_999_999_999, 0)
	f("no number", 0, -1, -1)
}
