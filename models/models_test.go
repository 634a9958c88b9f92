package models

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

func TestNames(t *testing.T) {
	for a := Allow; a < NumActions; a++ {
		if got, ok := ParseAction(a.String()); !ok || got != a {
			t.Errorf("ParseAction(%q) = %v, %v", a, got, ok)
		}
	}
	for c := Normal; c < NumClasses; c++ {
		if got, ok := ParseClass(c.String()); !ok || got != c {
			t.Errorf("ParseClass(%q) = %v, %v", c, got, ok)
		}
	}
	for g := Network; g < NumGroups; g++ {
		if got, ok := ParseGroup(g.String()); !ok || got != g {
			t.Errorf("ParseGroup(%q) = %v, %v", g, got, ok)
		}
	}
	for c := NoFact; c < numFactCodes; c++ {
		if c.String() == "" {
			t.Errorf("fact %d has no name", c)
		}
	}
	if got := Action(200).String(); got != "unknown" {
		t.Errorf("Action(200) = %q", got)
	}
}

func TestEveryDenialHasItsStatus(t *testing.T) {
	seen := map[Denial]bool{}
	for _, d := range Denials() {
		if seen[d] {
			t.Errorf("%s is listed twice", d)
		}
		seen[d] = true
		if s := d.Status(); s < 400 || s > 599 {
			t.Errorf("%s has status %d", d, s)
		}
	}
	if s := Denial("").Status(); s != 0 {
		t.Errorf("no denial has status %d, want 0", s)
	}
}

func TestFeaturesFitTheLayout(t *testing.T) {
	if int(NumFeatures)+WeighedGroups > MaxFeatures {
		t.Errorf("%d features and %d learned weights, want at most %d", NumFeatures, WeighedGroups, MaxFeatures)
	}
}

func TestFeaturesRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		var f, back Features
		f.Flags = Flag(r.Uint32())
		for i := range f.States {
			f.States[i] = State(r.IntN(int(NumStates)))
		}
		for i := range f.Values {
			f.Values[i] = [...]float32{0, float32(math.Copysign(0, -1)), float32(r.NormFloat64())}[r.IntN(3)]
		}
		if n := f.Mask().Count(); n != (len(f.AppendBinary(nil))-featuresHead-int(NumGroups)-maskBytes)/4 {
			t.Fatalf("%d values in the mask", n)
		}
		if err := back.UnmarshalBinary(f.AppendBinary(nil)); err != nil || back != f || !sameBits(&back, &f) {
			t.Fatalf("%v\nwant %+v\ngot  %+v", err, f, back)
		}
	}
}

// sameBits tells 0 from -0.
func sameBits(a, b *Features) bool {
	for i := range a.Values {
		if math.Float32bits(a.Values[i]) != math.Float32bits(b.Values[i]) {
			return false
		}
	}
	return true
}

func TestFeaturesOfAnEarlierBuild(t *testing.T) {
	var f, back Features
	f.Set(NetWeight1, 3)
	b := f.AppendBinary(nil)
	short := append([]byte{}, b[:8+int(NumGroups)+1]...)
	short = append(short, b[len(b)-4:]...)
	short[3] = 1
	if err := back.UnmarshalBinary(short); err != nil || back.Get(NetWeight1) != 3 {
		t.Errorf("one value: %v, %v", err, back.Get(NetWeight1))
	}
}

func TestFeaturesRefuse(t *testing.T) {
	var f Features
	f.Values[0] = 1
	good := f.AppendBinary(nil)
	change := func(at int, b byte) []byte {
		c := bytes.Clone(good)
		c[at] = b
		return c
	}
	nan := bytes.Clone(good)
	copy(nan[len(nan)-4:], []byte{0, 0, 0xc0, 0x7f})
	for name, b := range map[string][]byte{
		"nothing": nil, "short": good[:len(good)-1], "long": append(bytes.Clone(good), 0),
		"version": change(0, 9), "states": change(2, byte(NumGroups)+1), "values": change(3, 255),
		"state": change(8, byte(NumStates)), "not finite": nan,
		"a value without its bit": change(8+int(NumGroups), 0), "a bit without its value": change(8+int(NumGroups), 3),
		"a bit beyond the values": change(3, 0), "states cut": good[:20],
	} {
		if err := f.UnmarshalBinary(b); !errors.Is(err, ErrFeatures) {
			t.Errorf("%s: %v, want ErrFeatures", name, err)
		}
	}
}

func FuzzFeatures(f *testing.F) {
	f.Add((&Features{}).AppendBinary(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var x, y Features
		if x.UnmarshalBinary(b) != nil {
			return
		}
		for i, v := range x.Values {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				t.Fatalf("value %d is %v", i, v)
			}
		}
		if err := y.UnmarshalBinary(x.AppendBinary(nil)); err != nil || x != y {
			t.Fatalf("read back differently: %v", err)
		}
	})
}

func TestPseudonymsTellSubjectsApart(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	seen := map[Pseudonym]Subject{}
	for _, s := range []Subject{
		{User, "a", "bc"}, {User, "ab", "c"}, {User, "", "abc"}, {Client, "a", "bc"}, {User, "abc", ""},
	} {
		p := PseudonymOf(key, s, 0)
		if other, ok := seen[p]; ok {
			t.Errorf("%v and %v share a pseudonym", s, other)
		}
		seen[p] = s
		if p == PseudonymOf(key, s, 1) {
			t.Errorf("%v keeps its pseudonym when its generation rises", s)
		}
		if p == PseudonymOf(append([]byte{1}, key...), s, 0) {
			t.Errorf("%v keeps its pseudonym under another key", s)
		}
	}
}

func TestUnits(t *testing.T) {
	var size Size
	var rate RatePerSecond
	var share Share
	for text, want := range map[string]Size{"0B": 0, "512B": 512, "64KiB": 64 << 10, "1GiB": 1 << 30} {
		if err := size.UnmarshalText([]byte(text)); err != nil || size != want || size.String() != text {
			t.Errorf("%s: %v, %v", text, size, err)
		}
	}
	for text, want := range map[string]RatePerSecond{"50/s": 50, "600/m": 10, "1.5/s": 1.5} {
		if err := rate.UnmarshalText([]byte(text)); err != nil || rate != want {
			t.Errorf("%s: %v, %v", text, rate, err)
		}
	}
	for text, want := range map[string]Share{"0%": 0, "0.5%": 0.005, "100%": 1} {
		if err := share.UnmarshalText([]byte(text)); err != nil || share != want || share.String() != text {
			t.Errorf("%s: %v, %v", text, share, err)
		}
	}
	for _, text := range []string{"", "64", "64KB", "-1B", "1.5MiB", "9999999999GiB"} {
		if size.UnmarshalText([]byte(text)) == nil {
			t.Errorf("size %q is accepted", text)
		}
	}
	for _, text := range []string{"", "50", "0/s", "-1/s", "NaN/s", "5/d"} {
		if rate.UnmarshalText([]byte(text)) == nil {
			t.Errorf("rate %q is accepted", text)
		}
	}
	for _, text := range []string{"", "0.5", "101%", "-1%", "NaN%"} {
		if share.UnmarshalText([]byte(text)) == nil {
			t.Errorf("share %q is accepted", text)
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	s := Secret("hunter2")
	text, err := s.MarshalText()
	if err != nil || string(text) != "<redacted>" || s.String() != "<redacted>" || s.GoString() != "<redacted>" {
		t.Errorf("%s %v %#v %v", text, s, s, err)
	}
	if s.Reveal() != "hunter2" {
		t.Errorf("Reveal = %q", s.Reveal())
	}
}

func TestHeaderLookUp(t *testing.T) {
	r := Request{Raw: []byte("Accept: */*\r\nX-Api-Key: k\r\nx-api-KEY: l\r\n"), NumFields: 3}
	r.Fields[0] = Field{Span{0, 6}, Span{8, 11}}
	r.Fields[1] = Field{Span{13, 22}, Span{24, 25}}
	r.Fields[2] = Field{Span{27, 36}, Span{38, 39}}
	if v, ok := r.Header("x-api-key"); !ok || string(v) != "k" {
		t.Errorf("Header = %q, %v", v, ok)
	}
	if n := r.CountHeader("x-api-key"); n != 2 {
		t.Errorf("CountHeader = %d, want 2", n)
	}
	if _, ok := r.Header("cookie"); ok {
		t.Error("found a field that is not there")
	}
}

func TestProblemsKnowTheirPath(t *testing.T) {
	var part, all Problems
	part.Add("", 1, "want 2")
	part.Add("a.b", 3, "want 4")
	part.Add("[2].id", 5, "want 6")
	all.Under("top", part)
	want := []string{"top: 1, want 2", "top.a.b: 3, want 4", "top[2].id: 5, want 6"}
	for i, w := range want {
		if got := all[i].String(); got != w {
			t.Errorf("got %q, want %q", got, w)
		}
	}
}

func TestCountsAreKeptExactly(t *testing.T) {
	var f Features
	for _, c := range [][3]uint8{{}, {1, 2, 3}, {255, 255, 255}, {0, 0, 255}, {255, 0, 1}} {
		f.Set(ObjectCounts, PackCounts(c[0], c[1], c[2]))
		if x, y, z := f.Counts(ObjectCounts); x != float64(c[0]) || y != float64(c[1]) || z != float64(c[2]) {
			t.Errorf("%v is read as %g, %g, %g", c, x, y, z)
		}
	}
	for _, odd := range []float64{-1, 1 << 24, math.MaxFloat32} {
		f.Set(ObjectCounts, odd)
		if x, y, z := f.Counts(ObjectCounts); x != 0 || y != 0 || z != 0 {
			t.Errorf("%g is read as %g, %g, %g", odd, x, y, z)
		}
	}
}
