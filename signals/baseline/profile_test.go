package baseline

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// randomContribution is one that could have been learned.
func randomContribution(r *rand.Rand) Contribution {
	var c Contribution
	slots := func(table []Slot) {
		for i := range table[:r.IntN(len(table)+1)] {
			table[i] = Slot{Fine: r.Uint32(), Mid: r.Uint32N(5) + 1, Weight: float32(r.Float64()*10 + 0.1), Coarse: uint16(r.IntN(4) + 1),
				Hour: uint8(r.Uint32()), Born: uint8(r.Uint32())}
		}
	}
	slots(c.Network[:])
	slots(c.Device[:])
	for i := range r.IntN(ProbationSlots) {
		c.Probation[i] = Probation{Value: r.Uint32() | 1, Counted: uint16(r.Uint32()), Days: uint8(r.IntN(20) + 1), Kind: ProbationKind(1 + r.IntN(5))}
	}
	c.At, c.First, c.Last = 1_700_000_000+r.Uint32N(1e7), 1_600_000_000, r.Uint32()
	c.Successes, c.Days = r.Uint32N(1e6), uint16(r.Uint32N(400))
	c.Passed, c.Failed, c.TokenAt = uint8(r.Uint32N(9)), uint8(r.Uint32N(9)), r.Uint32()
	for i := range c.Novelty.Share {
		c.Novelty.set(i, Ratio{float32(r.Float64()), float32(r.Float64() * 9)})
	}
	for i := range c.Hours {
		c.Hours[i] = uint8(r.Uint32N(120))
	}
	c.Location = Location{Latitude: int16(r.Int32N(18000) - 9000), Longitude: int16(r.Int32N(36000) - 18000), Radius: 20, At: r.Uint32(), Softened: 1}
	return c
}

func randomProfile(r *rand.Rand) Profile {
	p := Profile{Own: randomContribution(r)}
	p.Local = Local{At: r.Uint32(), Minute: r.Float32(), Hour: r.Float32(), Bytes: 1e10, Failures: r.Float32(), Actor: r.Float32(),
		MinutePeak: 7, HourPeak: 8, BytesPeak: 9, PeakHour: 10, RateSamples: 9, ObjectSample: 8, PathSample: 7, DaySample: 6,
		Classes: 5, GlobalHour: 77}
	for _, v := range p.Local.fixed() {
		*v = Fixed(r.Uint32())
	}
	p.Local.Objects = Objects{Bits: [8]uint32{r.Uint32(), r.Uint32(), 0, 1}, Last: -5, Step: -3, Hour: 9, Requests: 8, Refused: 7, Run: 6}
	for range 50 {
		p.Local.Daily.See(r.Uint32(), 20000)
		p.Local.Paths.count(uint8(r.Uint32()), 1)
	}
	p.Local.Paths.Last, p.Local.Paths.Taught, p.Local.Rhythm.Samples, p.Local.Rhythm.Hours = 3, 4, 5, 6
	p.Local.Sessions[0] = Session{Fingerprint: 1, Last: 2, Held: [6]int16{1, 2}}
	return p
}

// One known subject costs at most 1 KiB with all that is spent on finding it.
func TestProfileIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(Profile{}); n > 820 {
		t.Errorf("a profile takes %d bytes", n)
	}
	if n := unsafe.Sizeof(Session{}); n != 36 {
		t.Errorf("a session takes %d bytes", n)
	}
	if n := unsafe.Sizeof(entry{}); n%64 != 0 {
		t.Errorf("an entry of %d bytes shares cache lines", n)
	}
	if knownCost > 1024 {
		t.Errorf("a known subject costs %d bytes", knownCost)
	}
}

func TestProfileSurvivesTheStore(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 100 {
		p := randomProfile(r)
		var q Profile
		if err := q.UnmarshalBinary(p.AppendBinary(nil)); err != nil {
			t.Fatal(err)
		}
		p.Local.Sessions = [MaxSessions]Session{}
		if p != q {
			t.Fatalf("%+v\nread back as\n%+v", p, q)
		}
		c := randomContribution(r)
		var d Contribution
		if err := d.UnmarshalBinary(c.AppendBinary(nil)); err != nil || c != d {
			t.Fatalf("contribution: %v", err)
		}
	}
}

func TestMalformedProfiles(t *testing.T) {
	p := randomProfile(rand.New(rand.NewPCG(2, 2)))
	good := p.AppendBinary(nil)
	f := func(name string, b []byte) {
		t.Helper()
		q := p
		if err := q.UnmarshalBinary(b); err == nil || q != (Profile{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
	f("nothing", nil)
	f("cut short", good[:len(good)-1])
	f("too long", append(bytes.Clone(good), 0))
	other := bytes.Clone(good)
	other[0] = 9
	f("another version", other)
	var inf Profile
	inf.Local.Minute = float32(math.Inf(1))
	f("a weight without end", inf.AppendBinary(nil))
	inf.Local.Minute = -1
	f("a negative weight", inf.AppendBinary(nil))
}

// What is read writes the same bytes again, and of an earlier version the same
// profile.
func FuzzProfile(f *testing.F) {
	p := randomProfile(rand.New(rand.NewPCG(3, 3)))
	f.Add(p.AppendBinary(nil))
	f.Add((&Profile{}).AppendBinary(nil))
	for _, version := range []byte{2, 3} {
		former := make([]byte, profileSizes[version])
		former[0] = version
		f.Add(former)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var p, again Profile
		if p.UnmarshalBinary(b) != nil {
			return
		}
		written := p.AppendBinary(nil)
		if b[0] == ProfileVersion && !bytes.Equal(written, b) {
			t.Error("read and written again, the bytes differ")
		}
		if err := again.UnmarshalBinary(written); err != nil || again != p {
			t.Errorf("read, written and read again, the profile differs: %v", err)
		}
	})
}

func TestEstablished(t *testing.T) {
	f := func(successes uint32, days uint16, want bool) {
		t.Helper()
		p := Profile{Own: Contribution{Successes: successes, Days: days}}
		if p.Established() != want {
			t.Errorf("%d successes on %d days: %v", successes, days, !want)
		}
	}
	f(0, 0, false)
	f(3, 1, false)
	f(2, 2, false)
	f(3, 2, true)
}

func TestMergeIsALattice(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	state := func() State {
		s := State{}
		for _, node := range []string{"a", "b", "c", "d"} {
			if r.IntN(3) > 0 {
				v := Version(r.IntN(4))
				// equal versions of a node are equal contributions
				s[node] = Versioned{v, randomContribution(rand.New(rand.NewPCG(uint64(v), uint64(node[0]))))}
			}
		}
		return s
	}
	same := func(law string, a, b State) {
		t.Helper()
		if len(a) != len(b) {
			t.Fatalf("%s: %d nodes, %d nodes", law, len(a), len(b))
		}
		for n := range a {
			if a[n] != b[n] {
				t.Fatalf("%s: node %s differs", law, n)
			}
		}
		if Fold(a) != Fold(b) {
			t.Fatalf("%s: folds differ", law)
		}
	}
	for range 300 {
		a, b, c := state(), state(), state()
		same("commutative", Merge(a, b), Merge(b, a))
		same("associative", Merge(a, Merge(b, c)), Merge(Merge(a, b), c))
		same("idempotent", Merge(a, a), a)
		same("absorbing", Merge(Merge(a, b), b), Merge(a, b))
	}
}

func TestFold(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 100 {
		c := randomContribution(r)
		if got := Fold(State{"only": {1, c}}); got != c {
			t.Fatal("the fold of one node is not its contribution")
		}
		s := State{"a": {1, c}, "b": {1, randomContribution(r)}, "c": {1, randomContribution(r)}}
		before := State{"a": s["a"], "b": s["b"], "c": s["c"]}
		first := Fold(s)
		if first != Fold(s) {
			t.Fatal("two folds of one state differ")
		}
		for n := range s {
			if s[n] != before[n] {
				t.Fatal("folding changed the state")
			}
		}
		if want := s["a"].Contribution.Successes + s["b"].Contribution.Successes + s["c"].Contribution.Successes; first.Successes != want {
			t.Fatalf("%d successes, want %d", first.Successes, want)
		}
	}
}

// Halves of one history on two gateways weigh as much as the whole on one.
func TestContributionsAddUp(t *testing.T) {
	now := uint32(1_700_000_000)
	var whole, a, b Contribution
	for i := range uint32(40) {
		at := now + i*7*3600
		parts := []*Contribution{&whole, &a}
		if i%2 == 1 {
			parts[1] = &b
		}
		for _, c := range parts {
			c.decay(at)
			remember(c.Network[:], 1, 2, 3, 0.5, at)
			c.Novelty.countLevels(netNovelty, &Weights{Total: 1, Level: [3]float64{1, 1, 1}}, 0.5)
		}
	}
	sum := Fold(State{"a": {1, a}, "b": {1, b}})
	near := func(name string, x, y float32) {
		t.Helper()
		if math.Abs(float64(x-y)) > 1e-3*float64(y) {
			t.Errorf("%s: %g on two gateways, %g on one", name, x, y)
		}
	}
	near("weight", sum.Network[0].Weight, whole.Network[0].Weight)
	near("looks", sum.Novelty.N[0], whole.Novelty.N[0])
}
