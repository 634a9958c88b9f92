//go:build !race

package authz

import "testing"

func TestRememberedDecisionAllocates(t *testing.T) {
	a := newTest(t)
	var d Decision
	for _, in := range []*Input{input(reader, "GET", "orders"), input(nil, "GET", "orders"), input(clerk, "POST", "orders", score(50))} {
		a.Decide(in, &d)
		if n := testing.AllocsPerRun(200, func() { a.Decide(in, &d) }); n != 0 {
			t.Errorf("a remembered decision allocates %v times, want 0", n)
		}
	}
}

func BenchmarkRemembered(b *testing.B) {
	a, in := newTest(b), input(reader, "GET", "orders")
	var d Decision
	b.ReportAllocs()
	for b.Loop() {
		a.Decide(in, &d)
	}
}

func BenchmarkFresh(b *testing.B) {
	a, in := newTest(b), input(reader, "GET", "orders")
	s := a.routes["orders"].slices[actionIndex(in.Method)]
	b.ReportAllocs()
	for b.Loop() {
		var f facts
		f.read(in, s.sees)
		a.evaluate(s, &f)
	}
}
