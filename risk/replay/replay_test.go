package replay

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// says is evidence of one group, taken from a feature.
func says(f *models.Features, out *models.EvidenceSet) {
	*out = models.EvidenceSet{}
	out[models.Session] = models.Evidence{Lambda: f.Get(models.FailedLogins), Confidence: 1, State: models.Hit}
}

func TestDecideIsWhatTheEngineSays(t *testing.T) {
	strict := risk.DefaultConfig()
	strict.Classes.Normal.StepUp = 21
	strict.Classes.Normal.NoStepUp = risk.FallbackDeny
	j := NewJudge(says)
	var f models.Features
	d := &Decision{Features: &f, CanStepUp: true}
	check := func(name string, c risk.Config, nats float64, want Outcome) {
		t.Helper()
		f.Set(models.FailedLogins, nats)
		got := j.Decide(risk.New(c), d)
		got.Score = want.Score
		if got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		if s := j.Assessment().Score; s < 0 || j.Evidence()[models.Session].Lambda != nats {
			t.Errorf("%s: score %g, evidence %+v", name, s, j.Evidence()[models.Session])
		}
	}
	def := risk.DefaultConfig()
	check("nothing", def, 0, Outcome{Action: models.Allow})
	check("monitored and slowed", def, 1.5, Outcome{Action: models.Monitor, Slowed: true})
	check("the same by a stricter section", strict, 1.5, Outcome{Action: models.StepUp, Slowed: true})
	check("denied", def, 8, Outcome{Action: models.Deny, Slowed: true})
	d.CanStepUp = false
	check("who cannot step up", strict, 1.5, Outcome{Action: models.Deny, Slowed: true})
	check("who cannot, by the defaults", def, 3, Outcome{Action: models.Monitor, Slowed: true})
}

func TestMatrix(t *testing.T) {
	var m Matrix
	m[models.Allow][models.Allow] = 90
	m[models.Allow][models.StepUp] = 3
	m[models.Monitor][models.Deny] = 2
	m[models.StepUp][models.Deny] = 7
	m[models.Deny][models.Monitor] = 1
	got := []int64{m.Total(), m.Changed(), m.NewlyRefused(), m.NewlyAllowed(), m.Old(models.Allow), m.New(models.Deny)}
	if want := []int64{103, 13, 5, 1, 93, 9}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestMatrixAsJSON(t *testing.T) {
	m := Matrix{}
	m[models.Allow][models.Allow], m[models.StepUp][models.Monitor] = 3, 1
	got, err := json.Marshal(struct{ M Matrix }{m})
	if want := `{"M":{"allow":{"allow":3},"step_up":{"monitor":1}}}`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	var back struct{ M Matrix }
	if err := json.Unmarshal(got, &back); err != nil || back.M != m {
		t.Errorf("%v, %v", back.M, err)
	}
	if err := json.Unmarshal([]byte(`{"M":{"allow":{"alow":1}}}`), &back); err == nil {
		t.Error("what is no action is read")
	}
}

func TestTally(t *testing.T) {
	var tally Tally
	one, two := models.Pseudonym{1}, models.Pseudonym{2}
	for range 3 {
		tally.Add(&Change{New: models.StepUp, NewSlowed: true, Route: "a", Country: "DE", Subject: two})
	}
	tally.Add(&Change{New: models.Monitor, Route: "a", Subject: one})
	tally.Add(&Change{Old: models.Deny, OldSlowed: true, Route: "b", Class: models.Admin, Subject: one})
	tally.Add(&Change{Route: "c", Country: "DE", Subject: models.Pseudonym{3}})
	tally.Add(&Change{New: models.Monitor, Route: "c"})
	if r := tally.Routes(); len(r) != 3 || r[0].Name != "a" || r[0].Changed() != 4 || r[2].Name != "b" {
		t.Errorf("routes %+v", r)
	}
	if c := tally.Countries(); len(c) != 2 || c[0].Name != "" && c[0].Name != "DE" {
		t.Errorf("countries %+v", c)
	}
	want := []Subject{{two, 3, 3, 0}, {one, 2, 0, 1}}
	if got := tally.MostChanged(5); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := tally.MostChanged(1); len(got) != 1 || tally.Callers() != 2 || tally.Anonymous != 1 || tally.Untracked != 0 {
		t.Errorf("%+v, %+v", got, tally)
	}
	if tally.OldSlowed != 1 || tally.NewSlowed != 3 || tally.Classes[models.Admin].Total() != 1 || tally.All.Total() != 7 {
		t.Errorf("%+v", tally)
	}
}

// Whatever the names are, memory stays bounded and nothing is left out.
func TestTallyIsBounded(t *testing.T) {
	var tally Tally
	for i := range 2 * maxNames {
		tally.Add(&Change{Route: fmt.Sprint(i), Country: fmt.Sprint(i % 7)})
	}
	routes := tally.Routes()
	if len(routes) != maxNames+1 || routes[0].Name != Others && routes[1].Name != Others {
		t.Errorf("%d routes, first %s", len(routes), routes[0].Name)
	}
	n := int64(0)
	for _, r := range routes {
		n += r.Total()
	}
	if n != 2*maxNames {
		t.Errorf("%d counted by route, want %d", n, 2*maxNames)
	}
}

// The order in which decisions come changes nothing.
func TestTallyKnowsNoOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	changes := make([]Change, 2000)
	for i := range changes {
		changes[i] = Change{Old: models.Action(r.IntN(5)), New: models.Action(r.IntN(5)), Class: models.Class(r.IntN(4)),
			Route: fmt.Sprint(r.IntN(5)), Country: []string{"", "DE", "FR"}[r.IntN(3)], Subject: models.Pseudonym{byte(r.IntN(50))}}
	}
	var a, b Tally
	for i := range changes {
		a.Add(&changes[i])
	}
	for _, i := range r.Perm(len(changes)) {
		b.Add(&changes[i])
	}
	if a.All != b.All || a.Classes != b.Classes || !slices.Equal(a.Routes(), b.Routes()) || !slices.Equal(a.Countries(), b.Countries()) ||
		!slices.Equal(a.MostChanged(100), b.MostChanged(100)) {
		t.Error("another order counts otherwise")
	}
}

func BenchmarkDecide(b *testing.B) {
	j, e := NewJudge(says), risk.New(risk.DefaultConfig())
	var f models.Features
	d := &Decision{Features: &f, CanStepUp: true}
	b.ReportAllocs()
	for b.Loop() {
		j.Decide(e, d)
	}
}
