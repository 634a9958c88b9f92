package risk

import (
	"encoding/binary"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// invented returns any evidence and state, plausible or not, from a seed.
func invented(r *rand.Rand) (*models.Features, *models.EvidenceSet) {
	f := &models.Features{Flags: models.Flag(r.Uint32())}
	if r.IntN(3) > 0 {
		f.Flags &^= models.IsAnonymous
	}
	ev := new(models.EvidenceSet)
	invent := func(r *rand.Rand, from, to models.Group) {
		for g := from; g < to; g++ {
			ev[g] = models.Evidence{
				Lambda:     float64(r.NormFloat64() * 4),
				Confidence: r.Float64(),
				State:      models.State(r.IntN(int(models.NumStates))),
			}
		}
	}
	invent(r, models.Network, models.Credit+1)
	invent(rand.New(rand.NewPCG(uint64(f.Flags), 9)), models.Credit+1, models.NumGroups) // groups added later
	f.Set(models.ActorNats, math.Abs(float64(r.NormFloat64()*3)))
	f.Set(models.VerdictNats, float64(r.NormFloat64()*3))
	f.Set(models.CreditNats, -math.Abs(float64(r.NormFloat64()*5)))
	f.Set(models.ModeNats, float64(r.Float64()*2))
	f.Set(models.HeldNetwork, float64(r.NormFloat64()*4))
	f.Set(models.HeldDevice, float64(r.NormFloat64()*4))
	return f, ev
}

func FuzzEvidenceNeverLowersTheScore(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed, uint8(seed), float64(seed)/16)
	}
	f.Add(uint64(136), uint8(21), 96.0625)
	e := New(whole())
	f.Fuzz(func(t *testing.T, seed uint64, group uint8, rise float64) {
		g := weighedGroups()[int(group)%models.WeighedGroups]
		fs, ev := invented(rand.New(rand.NewPCG(seed, 7)))
		if math.IsNaN(rise) {
			return
		}
		var before, after models.Assessment
		e.Assess(fs, ev, models.Normal, &before)
		ev[g].Lambda += math.Abs(rise)
		e.Assess(fs, ev, models.Normal, &after)
		if after.Score < before.Score {
			t.Fatalf("%s raised by %g lowered the score from %g to %g", g, rise, before.Score, after.Score)
		}
		if after.Wanted < before.Wanted {
			t.Fatalf("%s raised by %g lowered the action from %s to %s", g, rise, before.Wanted, after.Wanted)
		}
		// a change inside a session is told by who is calling or by the session, and
		// only the latter is left behind
		if after.ActorNats < before.ActorNats && !slices.Contains(who[:], g) {
			t.Fatalf("%s raised by %g lowered the actor from %g to %g", g, rise, before.ActorNats, after.ActorNats)
		}
	})
}

func FuzzContributionsAreTheScore(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed, 0.0)
	}
	f.Add(uint64(1), math.NaN())
	f.Add(uint64(2), math.Inf(-1))
	e := New(whole())
	f.Fuzz(func(t *testing.T, seed uint64, odd float64) {
		fs, ev := invented(rand.New(rand.NewPCG(seed, 7)))
		ev[seed%uint64(models.NumGroups)].Lambda = odd
		var a models.Assessment
		e.Assess(fs, ev, models.Class(seed)%models.NumClasses, &a)
		// in any order: here from the last group to the first
		var n, p float64
		for g := len(a.Contributions) - 1; g >= 0; g-- {
			n += a.Contributions[g].Nats
			p += a.Contributions[g].Points
		}
		if n != a.Nats {
			t.Errorf("contributions add up to %g nats, want %g", n, a.Nats)
		}
		if p != a.Score-a.Base {
			t.Errorf("points add up to %g, want %g", p, a.Score-a.Base)
		}
		if !(a.Score >= 0 && a.Score <= 100 && a.ActorScore >= 0 && a.ActorScore <= 100) {
			t.Errorf("scores %g and %g, want 0 to 100", a.Score, a.ActorScore)
		}
		if !(a.Refill >= minRefill && a.Refill <= 1) || !(a.Confidence >= 0 && a.Confidence <= 1) {
			t.Errorf("refill %g, confidence %g", a.Refill, a.Confidence)
		}
		if c := a.Contributions[models.Credit].Nats; c > 0 {
			t.Errorf("credit contributes %g, want at most 0", c)
		}
	})
}

// plain is the sum as the model states it, without the grid and without the
// shape of the engine: the slow truth for changes inside a session.
func plain(f *models.Features, ev *models.EvidenceSet) float64 {
	w := func(g models.Group, lambda float64) float64 {
		weight := 1.0
		if g == models.Time {
			weight = 0.5
		}
		return weight * ev[g].Confidence * lambda
	}
	of := func(g models.Group) float64 { return w(g, ev[g].Lambda) }
	burst := math.Min(of(models.Rate)+of(models.Enumeration)+of(models.Scrape)+of(models.SlowScrape)+of(models.Path), 6)
	actor := math.Min(f.Get(models.ActorNats), 4)
	// what speaks for the caller counts up to 1, where nothing is done up to 8
	limit := 1 + math.Max(0, 3.5*(2-math.Max(f.Get(models.VerdictNats), math.Max(burst, actor))))
	caller := func(network, device float64) float64 {
		return math.Max(-limit, math.Min(network+of(models.Travel), 9)+device+of(models.Infrastructure)+of(models.Token)+
			of(models.ClientSanity)+of(models.Time)+of(models.RTT))
	}
	now := caller(of(models.Network), of(models.Device))
	rise := math.Max(0, now-caller(w(models.Network, f.Get(models.HeldNetwork)), w(models.Device, f.Get(models.HeldDevice))))
	session := of(models.Session)
	if f.Has(models.IsSessionChange) {
		session = math.Max(session, rise) - rise // what it says beyond the rise
	}
	sum := now + math.Max(burst+session, actor) + f.Get(models.VerdictNats)
	for _, g := range []models.Group{models.Failures, models.Privilege, models.Dormancy, models.Payload, models.Rhythm} {
		sum += of(g)
	}
	return sum
}

func TestSumAgreesWithThePlainModel(t *testing.T) {
	e := New(whole())
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		f, ev := invented(r)
		f.Flags &^= models.IsAnonymous
		f.Set(models.CreditNats, 0)
		for g := range ev {
			if models.Group(g) != models.Network && models.Group(g) != models.Device {
				ev[g].Lambda = math.Abs(ev[g].Lambda)
			}
		}
		var a models.Assessment
		e.Assess(f, ev, models.Normal, &a)
		if want := plain(f, ev); math.Abs(a.Nats-want) > 1e-6 {
			t.Fatalf("sum %g nats, want %g", a.Nats, want)
		}
	}
}

// The sum is of the bits of 20,000 assessments. It holds under GOAMD64=v1 and
// v3; a change means that recorded decisions no longer recompute.
func TestAssessmentsAreTheSameBitsEverywhere(t *testing.T) {
	const want = 0x90b3c12e85828cf2
	if sum := digest(New(whole()), models.NumGroups); sum != want {
		t.Errorf("assessments sum to %#x, want %#x", sum, uint64(want))
	}
}

// The default section as it was written before the groups after Credit existed.
const firstRecord = `{"mode":"enforce","slope":0.6,"intercept":-2.2,"classes":{` +
	`"normal":{"monitor":15,"throttle":20,"step_up":30,"deny":85,"no_step_up":"throttle"},` +
	`"sensitive":{"monitor":15,"throttle":20,"step_up":30,"deny":85,"no_step_up":"deny"},` +
	`"admin":{"monitor":15,"throttle":20,"step_up":30,"deny":85,"no_step_up":"deny"},` +
	`"login":{"monitor":15,"throttle":20,"step_up":30,"deny":85,"no_step_up":"throttle"}},` +
	`"weights":{"network":1,"infrastructure":1,"device":1,"token":1,"client_sanity":1,"time":0.5,` +
	`"travel":1,"rate":1,"enumeration":1,"session":1,"failures":1,"privilege":1,"dormancy":1,"payload":1},` +
	`"caps":{"place":9,"behavior":6,"actor":4}}`

// The default section as it was written before rtt existed.
var secondRecord = strings.NewReplacer(`"payload":1}`, `"payload":1,"scrape":1,"slow_scrape":1,"path":1,"rhythm":1}`,
	`"actor":4}`, `"actor":4,"innocence":1}`).Replace(firstRecord)

// Decisions made before rtt existed recompute to the bits that build computed,
// and so do those made since, where it has no weight.
func TestDecisionsWithoutRTTRecompute(t *testing.T) {
	const want = 0x518a2f1e546e3d11
	before, err := Restore([]byte(secondRecord))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []*Engine{before, New(DefaultConfig())} {
		if sum := digest(e, models.Rhythm+1); sum != want {
			t.Errorf("assessments sum to %#x, want %#x", sum, uint64(want))
		}
	}
}

// Decisions made before there were more groups recompute to the bits that build
// computed: its record knows no weight for the others.
func TestDecisionsOfTheFirstModelRecompute(t *testing.T) {
	const want = 0xbe20e584807a7030
	e, err := Restore([]byte(firstRecord))
	if err != nil {
		t.Fatal(err)
	}
	if sum := digest(e, models.Credit+1); sum != want {
		t.Errorf("assessments sum to %#x, want %#x", sum, uint64(want))
	}
}

// digest is of 20,000 assessments and the contributions of the first groups.
func digest(e *Engine, groups models.Group) uint64 {
	r := rand.New(rand.NewPCG(5, 6))
	sum := uint64(14695981039346656037)
	mix := func(vs ...float64) {
		var b [8]byte
		for _, v := range vs {
			binary.LittleEndian.PutUint64(b[:], math.Float64bits(v))
			for _, c := range b {
				sum = (sum ^ uint64(c)) * 1099511628211
			}
		}
	}
	for i := range 20_000 {
		f, ev := invented(r)
		var a models.Assessment
		e.Assess(f, ev, models.Class(i)%models.NumClasses, &a)
		mix(a.Score, a.ActorScore, a.Nats, a.ActorNats, a.Base, a.Confidence, a.Refill)
		for _, c := range a.Contributions[:groups] {
			mix(c.Nats, c.Points)
		}
	}
	return sum
}

// Every product stands in a conversion float64(x*y), so that no compiler may
// fuse it with an addition.
func TestProductsAreRounded(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	products := 0
	for _, entry := range entries {
		if name := entry.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			products += checkProducts(t, name)
		}
	}
	if products < 8 {
		t.Errorf("found %d products, want the whole package read", products)
	}
}

func checkProducts(t *testing.T, name string) (products int) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	rounded := map[ast.Expr]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "float64" {
				rounded[n.Args[0]] = true
			}
		case *ast.BinaryExpr:
			if n.Op == token.MUL {
				products++
				if !rounded[n] {
					t.Errorf("%s: product is not written float64(x*y)", set.Position(n.Pos()))
				}
			}
		}
		return true
	})
	return products
}

func BenchmarkAssess(b *testing.B) {
	e := New(DefaultConfig())
	f, ev := invented(rand.New(rand.NewPCG(1, 1)))
	f.Flags = models.IsLook | models.IsSessionChange
	var a models.Assessment
	b.ReportAllocs()
	for b.Loop() {
		e.Assess(f, ev, models.Normal, &a)
	}
}
