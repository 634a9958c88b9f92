package authz

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// Policies that pass the check decide by what visible says they see: with every
// other fact hidden the decision is the same.
func FuzzPolicies(f *testing.F) {
	f.Add(morePolicies)
	for _, name := range []string{"10-base.cedar", "20-risk.cedar"} {
		text, err := os.ReadFile(filepath.Join("testdata", "policies", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	validator := newValidator()
	f.Fuzz(func(t *testing.T, text string) {
		l := &loader{validator: validator, routes: routes, ids: map[string]bool{}}
		if l.file("f.cedar", []byte(text)); len(l.problems) > 0 {
			return
		}
		a := &Authorizer{policies: l.policies}
		r := rand.New(rand.NewPCG(7, 8))
		for range 4 {
			in := someInput(r)
			s := a.slicesOf(Route{in.Route, in.Class}).slices[actionIndex(in.Method)]
			open := *s
			open.sees = seesAll
			var masked, full facts
			masked.read(in, s.sees)
			full.read(in, seesAll)
			if got, want := a.evaluate(s, &masked), a.evaluate(&open, &full); *got != *want {
				t.Fatalf("%s\nwith what it sees %+v, with everything %+v", text, got, want)
			}
		}
	})
}
