package config

import (
	"strings"
	"testing"

	"github.com/riskgate/riskgate/risk"
)

func TestParseRisk(t *testing.T) {
	want := risk.DefaultConfig()
	want.Classes.Normal.StepUp = 40
	for name, src := range map[string]string{
		"a section alone":                    "risk:\n  classes:\n    normal: {step_up: 40}\n",
		"among sections that would not load": "authn: {issuers: 7}\nrisk: {classes: {normal: {step_up: 40}}}\nroutes: []\n",
	} {
		if got, err := ParseRisk("x.yaml", []byte(src)); err != nil || !equal(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, src := range []string{"", "memory: 1GiB\n"} {
		if got, err := ParseRisk("x.yaml", []byte(src)); err != nil || !equal(got, risk.DefaultConfig()) {
			t.Errorf("%q: %+v, %v, want the defaults", src, got, err)
		}
	}
}

func equal(a, b risk.Config) bool { return string(risk.New(a).JSON()) == string(risk.New(b).JSON()) }

func TestMistakesOfASectionHaveTheirPlace(t *testing.T) {
	f := func(src, want string) {
		t.Helper()
		if _, err := ParseRisk("x.yaml", []byte(src)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", src, err, want)
		}
	}
	f("risk:\n  slope: 7\n", "x.yaml:2:10: risk.slope: 7, want a number from 0.3 to 1.2")
	f("risk:\n  slop: 1\n", "x.yaml:2:3: risk.slop: unknown key, want slope?")
	f("rsik: {}\n", "x.yaml:1:1: rsik: unknown key, want risk?")
	f("risk: {classes: {normal: {monitor: 90}}}\n", "risk.classes.normal: monitor 90 > throttle 20")
	f("risk: [", "x.yaml:1:")
	f("7\n", "x.yaml:1:1:")
}

// A candidate begins as the section stands, also where the list comes first.
func TestCandidatesBeginAsTheSection(t *testing.T) {
	for _, src := range []string{
		"risk:\n  candidates: [{name: a, weights: {travel: 0}}, {name: b}]\n  slope: 0.7\n  weights: {time: 0.25}\n",
		"risk:\n  slope: 0.7\n  weights: {time: 0.25}\n  candidates: [{name: a, weights: {travel: 0}}, {name: b}]\n",
	} {
		c, err := ParseRisk("x.yaml", []byte(src))
		if err != nil || len(c.Candidates) != 2 {
			t.Fatalf("%+v, %v", c, err)
		}
		a, b := c.Candidates[0], c.Candidates[1]
		want := c.Candidate()
		if want.Name = "b"; b != want || b.Slope != 0.7 {
			t.Errorf("%+v, want %+v", b, want)
		}
		want.Name, want.Weights.Travel = "a", 0
		if a != want {
			t.Errorf("%+v, want %+v", a, want)
		}
	}
	_, err := ParseRisk("x.yaml", []byte("risk:\n  slope: 7\n  candidates: [{name: a}, {name: b, slope: 9}]\n"))
	want := "x.yaml:2:10: risk.slope: 7, want a number from 0.3 to 1.2\nx.yaml:3:44: risk.candidates[1].slope: 9, want a number from 0.3 to 1.2"
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}
