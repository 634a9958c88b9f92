package rival

import (
	"slices"
	"testing"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

func open(t testing.TB, c Config) *Ours {
	t.Helper()
	c.Name, c.Risk = "ours", risk.DefaultConfig()
	o, err := NewOurs(c, start)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	return o
}

// habit lets a person log in from home every other day, n times, and returns the
// time after.
func habit(o *Ours, n int) time.Time {
	at := start
	for range n {
		at = at.Add(48 * time.Hour)
		e := signIn("u1", "10.0.0.1", 1, windows)
		e.Time, e.CredentialID = at, at.String()
		scoreOf(o, e)
		o.Learn(e)
	}
	return at.Add(48 * time.Hour)
}

func elsewhere(at time.Time) *traffic.Event {
	e := signIn("u1", "192.0.2.1", 77, mac)
	e.Place.Country = [2]byte{'S', 'E'}
	e.Time, e.CredentialID, e.Label = at, "stolen", traffic.NaiveTakeover
	return e
}

func TestOursKnowsAHabit(t *testing.T) {
	o := open(t, Config{Tokens: true})
	at := habit(o, 20)
	home := signIn("u1", "10.0.0.1", 1, windows)
	home.Time, home.CredentialID = at, "next"
	if own, other := scoreOf(o, home), scoreOf(o, elsewhere(at)); !(other > own+5) {
		t.Errorf("log-odds %.2f at home, %.2f elsewhere", own, other)
	}
}

// A score leaves nothing behind: attacks are scored and never learned.
func TestScoringChangesNothing(t *testing.T) {
	o := open(t, Config{Tokens: true})
	at := habit(o, 8)
	first := scoreOf(o, elsewhere(at))
	for range 50 {
		scoreOf(o, elsewhere(at))
	}
	if again := scoreOf(o, elsewhere(at)); again != first {
		t.Errorf("log-odds %g, then %g", first, again)
	}
}

// The contributions are the score.
func TestContributionsAddUp(t *testing.T) {
	o := open(t, Config{Tokens: true})
	got := scoreOf(o, elsewhere(habit(o, 8)))
	sum := o.Base()
	for g := range models.NumGroups {
		sum += o.LogOdds(g)
	}
	near(t, "sum", float64(float32(sum)), got, 1e-5)
}

// The token group speaks where browsers keep tokens, and stays silent where none
// was ever issued.
func TestTokensAreKept(t *testing.T) {
	for _, tokens := range []bool{false, true} {
		o := open(t, Config{Tokens: tokens})
		at := habit(o, 8)
		home := func(lost bool, label traffic.Label) float64 {
			e := signIn("u1", "10.0.0.1", 1, windows)
			e.Time, e.CredentialID, e.TokenLost, e.Label = at, "next", lost, label
			scoreOf(o, e)
			return o.LogOdds(models.Token)
		}
		shown, lost, attacker := home(false, traffic.Honest), home(true, traffic.Honest), home(false, traffic.TargetedTakeover)
		if tokens && !(shown < 0 && lost > 0 && attacker > 0) {
			t.Errorf("token shown %.2f, lost %.2f, of an attacker %.2f", shown, lost, attacker)
		}
		if !tokens && (shown != 0 || lost != 0 || attacker != 0) {
			t.Errorf("without tokens: %.2f, %.2f, %.2f, want silence", shown, lost, attacker)
		}
	}
}

// Leaving out a group gives what the engine gives without its contribution, where
// no cap binds.
func TestAblationLeavesOneGroupOut(t *testing.T) {
	o := open(t, Config{Ablate: true, Tokens: true})
	e := signIn("u1", "10.0.0.77", 1, mac)
	e.Time, e.CredentialID = habit(o, 8), "next"
	out := make([]float32, len(o.Names()))
	o.Score(e, out)
	groups := Weighing(risk.DefaultConfig())
	if len(out) != 3+len(groups) || len(out) < 10 {
		t.Fatalf("%d scores", len(out))
	}
	for i, g := range groups {
		near(t, o.Names()[1+i], float64(out[1+i]), float64(out[0])-o.LogOdds(g), 1e-5)
	}
}

// The ramp of trust never lowers a score, and raises some.
func TestRampIsLeftOut(t *testing.T) {
	o := open(t, Config{Ablate: true, Tokens: true})
	out := make([]float32, len(o.Names()))
	raised := 0
	for e := range traffic.NewWorld(traffic.WorldA, 4, start, traffic.Size{Users: 300, Days: 120}).Events() {
		o.Score(e, out)
		with, without := out[0], out[len(out)-2]
		if without > with+1e-5 {
			t.Fatalf("log-odds %.3f with the ramp, %.3f without", with, without)
		}
		if with > without+0.1 {
			raised++
		}
		if e.Label == traffic.Honest {
			o.Learn(e)
		}
	}
	if raised == 0 {
		t.Error("the ramp raised no score")
	}
}

// What everybody's novelty says alone is another score for who is used to change and
// for who is not, and the same for who never was seen.
func TestPersonalNoveltyIsLeftOut(t *testing.T) {
	o := open(t, Config{Ablate: true, Tokens: true})
	out := make([]float32, len(o.Names()))
	higher, lower := 0, 0
	for e := range traffic.NewWorld(traffic.WorldA, 4, start, traffic.Size{Users: 300, Days: 120}).Events() {
		o.Score(e, out)
		switch own, crowd := out[0], out[len(out)-1]; {
		case o.Features().Get(models.NetTotal) == 0 && own != crowd:
			t.Fatalf("log-odds %.3f of a newcomer, %.3f without personal novelty", own, crowd)
		case own > crowd+0.1:
			higher++
		case own < crowd-0.1:
			lower++
		}
		if e.Label == traffic.Honest {
			o.Learn(e)
		}
	}
	if higher == 0 || lower == 0 {
		t.Errorf("personal novelty raised %d scores and lowered %d, want some of both", higher, lower)
	}
}

// Without the ramp nothing is on probation from the start: leaving it out again
// changes nothing, and some logins score lower than where there is one.
func TestUnrampedKnowsNoProbation(t *testing.T) {
	bare, ramped := open(t, Config{Ablate: true, Tokens: true, Unramped: true}), open(t, Config{Tokens: true})
	out, with := make([]float32, len(bare.Names())), make([]float32, 1)
	lower := 0
	for e := range traffic.NewWorld(traffic.WorldA, 4, start, traffic.Size{Users: 300, Days: 120}).Events() {
		bare.Score(e, out)
		ramped.Score(e, with)
		if again := out[len(out)-2]; again != out[0] {
			t.Fatalf("log-odds %.3f, %.3f with every probation ended", out[0], again)
		}
		if out[0] < with[0]-0.1 {
			lower++
		}
		if e.Label == traffic.Honest {
			bare.Learn(e)
			ramped.Learn(e)
		}
	}
	if lower == 0 {
		t.Error("nothing scores lower without the ramp")
	}
}

// An attacker keeps his own cookies, shows what he stole, and cannot step up.
func TestAttackersHaveNoPartInStepUps(t *testing.T) {
	o := open(t, Config{Tokens: true})
	at := habit(o, 20)
	e := elsewhere(at)
	if s := scoreOf(o, e); s < 0 {
		t.Fatalf("log-odds %.2f, want an attack that is stopped", s)
	}
	if o.LearnAttack(e) {
		t.Error("the attacker got through")
	}
	if again := scoreOf(o, elsewhere(at.Add(time.Hour))); again < 0 {
		t.Errorf("log-odds %.2f after a refused attack", again)
	}
	e = elsewhere(at)
	e.HoldsToken = true
	scoreOf(o, e)
	if !(o.LogOdds(models.Token) < 0) {
		t.Errorf("token %.2f of who holds the victim's", o.LogOdds(models.Token))
	}
}

func TestWithoutFindsEveryGroup(t *testing.T) {
	for _, g := range Groups() {
		c := Weighed(risk.DefaultConfig(), g, 0.75)
		if Without(c, g).Weights == c.Weights || !slices.Contains(Weighing(c), g) || slices.Contains(Weighing(Without(c, g)), g) {
			t.Errorf("%s: nothing changed", g)
		}
	}
}
