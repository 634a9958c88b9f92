package risk

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/models"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestGolden walks a dialogue: each case is a title, lines of input, and lines
// beginning with "=" that say what the engine makes of it, to the bit. Input
// words: a class, flags, "step_up_impossible", group=lambda[*confidence][:state],
// and actor=, verdict=, credit=, attack=, held_network=, held_device=.
func TestGolden(t *testing.T) {
	const path = "testdata/assess.txt"
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	cases := 0
	for block := range strings.SplitSeq(strings.TrimRight(string(src), "\n"), "\n\n") {
		if got.Len() > 0 {
			got.WriteString("\n")
		}
		cases += answer(t, &got, block)
	}
	if cases < 55 {
		t.Errorf("%d cases, want the whole dialogue read", cases)
	}
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	compare(t, strings.Split(got.String(), "\n"), strings.Split(string(src), "\n"))
}

func compare(t *testing.T, got, want []string) {
	for i := range max(len(got), len(want)) {
		var g, w string
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Fatalf("line %d:\n%s\nwant\n%s\n(go test -update rewrites it)", i+1, g, w)
		}
	}
}

// answer writes the question of a block and what the engine answers, and
// returns how many questions it held.
func answer(t *testing.T, w *strings.Builder, block string) int {
	q := question{f: with(0), ev: said{}.set(), canStepUp: true}
	asked := 0
	for line := range strings.SplitSeq(block, "\n") {
		if strings.HasPrefix(line, "=") {
			continue
		}
		fmt.Fprintln(w, line)
		if strings.HasPrefix(line, "  ") {
			asked = 1
			for _, word := range strings.Fields(line) {
				if err := q.read(word); err != nil {
					t.Fatalf("%q: %v", line, err)
				}
			}
		}
	}
	if asked == 1 {
		q.answer(w)
	}
	return asked
}

type question struct {
	f         *models.Features
	ev        *models.EvidenceSet
	class     models.Class
	canStepUp bool
}

var flagWords = map[string]models.Flag{
	"look": models.IsLook, "session_change": models.IsSessionChange, "machine": models.IsMachine,
	"anonymous": models.IsAnonymous, "enrolling": models.IsEnrolling, "login_route": models.IsLoginRoute,
}

var stateWords = map[string]models.Feature{
	"actor": models.ActorNats, "verdict": models.VerdictNats, "credit": models.CreditNats,
	"attack": models.ModeNats, "held_network": models.HeldNetwork, "held_device": models.HeldDevice,
	"session_kind": models.SessionKind,
}

func (q *question) read(word string) error {
	if f, ok := flagWords[word]; ok {
		q.f.Flags |= f
		return nil
	}
	if c, ok := models.ParseClass(word); ok {
		q.class = c
		return nil
	}
	if word == "step_up_impossible" {
		q.canStepUp = false
		return nil
	}
	name, value, ok := strings.Cut(word, "=")
	if !ok {
		return fmt.Errorf("%q is no word of the dialogue", word)
	}
	if i, ok := stateWords[name]; ok {
		v, err := strconv.ParseFloat(value, 64)
		q.f.Set(i, v)
		return err
	}
	g, ok := models.ParseGroup(name)
	if !ok {
		return fmt.Errorf("%q is no group", name)
	}
	return q.readEvidence(&q.ev[g], value)
}

func (q *question) readEvidence(ev *models.Evidence, value string) (err error) {
	value, state, named := strings.Cut(value, ":")
	lambda, confidence, sure := strings.Cut(value, "*")
	if ev.Lambda, err = strconv.ParseFloat(lambda, 64); err != nil {
		return err
	}
	if sure {
		if ev.Confidence, err = strconv.ParseFloat(confidence, 64); err != nil {
			return err
		}
	}
	if ev.Lambda > 0 {
		ev.State = models.Hit
	}
	for s := models.Clean; named && s < models.NumStates; s++ {
		if s.String() == state {
			ev.State = s
		}
	}
	return nil
}

func (q *question) answer(w *strings.Builder) {
	var a models.Assessment
	e := New(DefaultConfig())
	e.Assess(q.f, q.ev, q.class, &a)
	r := e.Resolve(&a, q.f, q.class, q.canStepUp)
	fmt.Fprintf(w, "= %.2f %s, wants %s, gets %s", a.Score, a.Level, a.Wanted, r.Action)
	if r.Refill < 1 {
		fmt.Fprintf(w, " at %.3f of the rate", r.Refill)
	}
	if r.Finding != "" {
		fmt.Fprintf(w, ", finding %s", r.Finding)
	}
	fmt.Fprintf(w, "; actor %.2f; confidence %.3f\n= bits", a.ActorScore, a.Confidence)
	for _, v := range []float64{a.Score, a.Nats, a.ActorScore, a.ActorNats, a.Confidence, r.Refill} {
		fmt.Fprintf(w, " %x", v)
	}
	fmt.Fprintf(w, "\n=")
	for g, c := range a.Contributions {
		if c.Nats != 0 {
			fmt.Fprintf(w, " %s %+.2f nats %+.2f points;", models.Group(g), c.Nats, c.Points)
		}
	}
	fmt.Fprintf(w, " reasons %v\n", a.Top())
}
