package risk

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

func TestCandidatesAreNoPartOfTheRecord(t *testing.T) {
	c := DefaultConfig()
	plain := New(c)
	c.Candidates = []Candidate{c.Candidate()}
	c.Candidates[0].Name, c.Candidates[0].Slope = "steeper", 0.9
	if with := New(c); with.Hash() != plain.Hash() || !bytes.Equal(with.JSON(), plain.JSON()) {
		t.Errorf("record %s, want %s", with.JSON(), plain.JSON())
	}
	if got := c.Candidates[0].Config(); got.Slope != 0.9 || got.Weights != c.Weights || len(got.Candidates) != 0 {
		t.Errorf("%+v", got)
	}
	if back := c.Candidate(); back.Config().Slope != c.Slope || !reflect.DeepEqual(back.Config(), DefaultConfig()) {
		t.Errorf("%+v", back)
	}
}

func TestMistakesOfCandidates(t *testing.T) {
	f := func(want string, change func(*Config)) {
		t.Helper()
		c := DefaultConfig()
		a, b := c.Candidate(), c.Candidate()
		a.Name, b.Name = "a", "b-2_x"
		c.Candidates = []Candidate{a, b}
		change(&c)
		var lines []string
		for _, p := range c.Validate() {
			lines = append(lines, p.String())
		}
		if got := strings.Join(lines, "; "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f("", func(*Config) {})
	f(`candidates[0].name: "", want 1 to 32 of a-z, 0-9, - and _`, func(c *Config) { c.Candidates[0].Name = "" })
	f(`candidates[1].name: "A b", want 1 to 32 of a-z, 0-9, - and _`, func(c *Config) { c.Candidates[1].Name = "A b" })
	f("candidates[1].name: a, want each name once", func(c *Config) { c.Candidates[1].Name = "a" })
	f("candidates[1].slope: 7, want a number from 0.3 to 1.2", func(c *Config) { c.Candidates[1].Slope = 7 })
	f("slope: 7, want a number from 0.3 to 1.2", func(c *Config) { // inherited
		c.Slope, c.Candidates[0].Slope, c.Candidates[1].Slope = 7, 7, 7
	})
	f("candidates: 5, want at most 4", func(c *Config) {
		for _, name := range []string{"c", "d", "e"} {
			x := c.Candidate()
			x.Name = name
			c.Candidates = append(c.Candidates, x)
		}
	})
}
