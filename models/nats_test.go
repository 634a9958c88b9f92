package models

import (
	"encoding/binary"
	"go/ast"
	"go/parser"
	"go/token"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"
)

// natsInputs returns the same numbers every time: across the range where scores
// live, close to 1, and over all exponents.
func natsInputs(n int) []float64 {
	r := rand.New(rand.NewPCG(1, 2))
	xs := make([]float64, 0, 3*n)
	for i := 0; i < n; i++ {
		xs = append(xs,
			1+float64((r.Float64()-0.5)*0.02),
			float64(r.Float64()*40),
			math.Float64frombits(r.Uint64()&^(1<<63)))
	}
	return xs
}

func within(t *testing.T, name string, x, got, want, relative float64) {
	t.Helper()
	if math.IsNaN(want) || math.IsInf(want, 0) || want == 0 {
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%s(%g) = %g, want %g", name, x, got, want)
		}
		return
	}
	if d := math.Abs(got-want) / math.Abs(want); !(d <= relative) {
		t.Errorf("%s(%g) = %g, want %g: relative error %g", name, x, got, want, d)
	}
}

// logOf is math.Log, which on amd64 takes subnormal numbers for normal ones.
func logOf(x float64) float64 {
	if x > 0 && x < subnormal {
		return math.Log(x*0x1p54) - 54*math.Ln2
	}
	return math.Log(x)
}

func TestNatsAgreeWithMath(t *testing.T) {
	const relative = 1e-13
	for _, x := range natsInputs(50_000) {
		within(t, "Ln", x, Ln(x), logOf(x), relative)
		for _, y := range []float64{x, -x} {
			if math.Abs(y) > 2000 {
				y = math.Copysign(float64(math.Mod(math.Abs(y), 708)), y)
			}
			if want := math.Exp(y); want == 0 || want > subnormal {
				within(t, "Exp", y, Exp(y), want, relative)
			}
			if want := math.Exp2(y); want == 0 || want > subnormal {
				within(t, "Exp2", y, Exp2(y), want, relative)
			}
		}
	}
}

func TestNatsAtTheEdges(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	ln := func(x, want float64) { t.Helper(); within(t, "Ln", x, Ln(x), want, 1e-15) }
	ln(1, 0)
	ln(0, -inf)
	ln(math.Copysign(0, -1), -inf)
	ln(-1, nan)
	ln(-inf, nan)
	ln(inf, inf)
	ln(nan, nan)
	ln(5e-324, -744.4400719213812)
	ln(0x1p-1022, math.Log(0x1p-1022))
	ln(math.MaxFloat64, math.Log(math.MaxFloat64))
	ln(1-0x1p-53, math.Log(1-0x1p-53))
	ln(1+0x1p-52, math.Log(1+0x1p-52))

	exp := func(x, want float64) { t.Helper(); within(t, "Exp", x, Exp(x), want, 1e-13) }
	exp(0, 1)
	exp(inf, inf)
	exp(-inf, 0)
	exp(nan, nan)
	exp(709.78, 1.7928227943945155e308) // math.Exp overflows here on amd64
	exp(709.782712893384, 1.7976931348622732e308)
	exp(710, inf)
	exp(-746, 0)
	exp(-708, math.Exp(-708))

	exp2 := func(x, want float64) { t.Helper(); within(t, "Exp2", x, Exp2(x), want, 0) }
	exp2(0, 1)
	exp2(-3, 0.125)
	exp2(1023, 0x1p1023)
	exp2(1024, inf)
	exp2(-1074, 5e-324)
	exp2(-1076, 0)
	exp2(inf, inf)
	exp2(-inf, 0)
	exp2(nan, nan)
}

func TestExpInSubnormalsLosesOnlyTheirDigits(t *testing.T) {
	for x := -745.0; x < -708; x += 0.37 {
		if d := math.Abs(Exp(x) - math.Exp(x)); d > 1e-322 {
			t.Errorf("Exp(%g) is %g off", x, d)
		}
	}
}

// The sums are of the bits of 450,000 results. They hold under GOAMD64=v1 and
// v3 and on arm64; a change means that recorded decisions no longer recompute.
func TestNatsAreTheSameBitsEverywhere(t *testing.T) {
	sum := func(f func(float64) float64) uint64 {
		h := fnv.New64a()
		var b [8]byte
		for _, x := range natsInputs(50_000) {
			if x > 700 {
				x = math.Mod(x, 700)
			}
			binary.LittleEndian.PutUint64(b[:], math.Float64bits(f(x)))
			h.Write(b[:])
		}
		return h.Sum64()
	}
	for _, c := range []struct {
		name string
		f    func(float64) float64
		want uint64
	}{{"Ln", Ln, 0x2e37b97bd38f0a61}, {"Exp", Exp, 0xcc4bbca5c3617952}, {"Exp2", Exp2, 0x5756709e237725a1}} {
		if got := sum(c.f); got != c.want {
			t.Errorf("%s: results sum to %#x, want %#x", c.name, got, c.want)
		}
	}
}

// Every product stands in a conversion float64(x*y), so that no compiler may
// fuse it with an addition.
func TestNatsProductsAreRounded(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "nats.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	rounded := map[ast.Expr]bool{}
	products := 0
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "float64" {
				rounded[n.Args[0]] = true
			}
		case *ast.BinaryExpr:
			if n.Op != token.MUL {
				break
			}
			products++
			if !rounded[n] {
				t.Errorf("product at offset %d is not written float64(x*y)", n.Pos())
			}
		}
		return true
	})
	if products < 10 {
		t.Errorf("found %d products, want the whole file read", products)
	}
}

func BenchmarkLn(b *testing.B)   { benchmarkNats(b, Ln) }
func BenchmarkExp(b *testing.B)  { benchmarkNats(b, Exp) }
func BenchmarkExp2(b *testing.B) { benchmarkNats(b, Exp2) }

func benchmarkNats(b *testing.B, f func(float64) float64) {
	xs := natsInputs(100)
	for i := range xs {
		xs[i] = math.Mod(xs[i], 30)
	}
	sum := 0.0
	for i := 0; b.Loop(); i++ {
		sum += f(xs[i%len(xs)])
	}
	_ = sum
}
