package baseline

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// The estimate of a day against exact counts, over many days of each size: exact
// for the first few, then off by 0.83/sqrt(32), 15 %, and by no bias.
func TestDailyDistinct(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	for _, n := range []int{1, 3, 10, 50, 300, 3000, 60_000} {
		const days = 200
		var sum, squares float64
		for d := range uint16(days) {
			var daily Daily
			for range n {
				id := max(1, r.Uint32())
				daily.See(id, d)
				daily.See(id, d)
			}
			off := daily.Distinct()/float64(n) - 1
			sum += off
			squares += off * off
		}
		bias, spread := sum/days, math.Sqrt(squares/days)
		if n == 1 && spread != 0 || math.Abs(bias) > 0.05 || spread > 0.18 {
			t.Errorf("%d objects: %+.1f %% on average, spread %.1f %%", n, 100*bias, 100*spread)
		}
	}
}

// The estimate never falls within a day, and another day starts anew.
func TestDailyRises(t *testing.T) {
	r := rand.New(rand.NewPCG(43, 44))
	var d Daily
	before := 0.0
	for range 3_000_000 {
		d.See(r.Uint32(), 7)
		if now := d.Distinct(); now < before {
			t.Fatalf("fell from %g to %g", before, now)
		} else {
			before = now
		}
	}
	d.See(0, 7)
	if d.Distinct() != before || before < 200_000 {
		t.Errorf("%g objects of 3 million, no object makes it %g", before, d.Distinct())
	}
	d.See(5, 8)
	if d.Distinct() != 1 {
		t.Errorf("%g objects on a new day, want 1", d.Distinct())
	}
}

func TestDaysMoveOncePerDay(t *testing.T) {
	var p Profile
	r := rand.New(rand.NewPCG(45, 46))
	for d := range uint32(20) {
		for i := range uint32(100) {
			ev := success(t0/day*day + d*day + i*300)
			ev.Observed.Object = r.Uint32()
			Learn(&p, ev)
		}
	}
	l := &p.Local
	if l.DaySample != 19 || math.Abs(l.DayMean.Float()-math.Log(101)) > 0.15 {
		t.Errorf("%d days of 100 objects: mean %.2f, want %.2f", l.DaySample, l.DayMean.Float(), math.Log(101))
	}
	for i := range uint32(100) { // a day without a verified success
		ev := success(t0/day*day + 21*day + i*300)
		ev.Observed.Object, ev.Status = r.Uint32(), 404
		Learn(&p, ev)
	}
	Learn(&p, success(t0/day*day+22*day))
	if l.DaySample != 20 {
		t.Errorf("%d days are behind the average, want the 20 with a success", l.DaySample)
	}
}

func TestBytesPerHour(t *testing.T) {
	var p Profile
	for i := range uint32(60) {
		ev := success(t0 + i*60)
		ev.BytesOut = 1000
		Learn(&p, ev)
	}
	// a stream of y per hour settles at y/ln2 counted; one hour is half of that
	if y := p.Local.BytesPerHour(t0 + 3600); math.Abs(y-30_000) > 1000 {
		t.Errorf("%g bytes per hour after an hour of 60000, want half", y)
	}
	if y := p.Local.BytesPerHour(t0 + 3*3600); math.Abs(y-7500) > 300 {
		t.Errorf("%g bytes per hour two hours later", y)
	}
	ev := success(t0 + 3600)
	ev.BytesOut = -5
	Learn(&p, ev)
	if p.Local.RateSamples != 1 || p.Local.BytesMean == 0 {
		t.Errorf("mean %g of %d hours", p.Local.BytesMean.Float(), p.Local.RateSamples)
	}
}

// An order of endpoints that is always the same costs little, one never seen a lot.
func TestPathsSurprise(t *testing.T) {
	var p Paths
	usual := []uint32{11, 22, 33, 22}
	for h := range uint32(60) {
		for i := range 12 {
			p.See(usual[i%4], 5, true, h*3600)
		}
	}
	own := p.Nats.Float()
	for i := range uint32(10) {
		p.See(200+17*i, 5, false, 61*3600)
	}
	if strange := p.Nats.Float(); own > 0.8 || strange < 3 {
		t.Errorf("%g nats of the usual order, %g of a strange one", own, strange)
	}
	before := p
	p.See(0, 5, true, 62*3600)
	if p != before {
		t.Error("no endpoint changed the paths")
	}
}

// However many requests: an hour teaches one new step and seven known ones.
func TestPathsLearnSlowly(t *testing.T) {
	var p Paths
	for i := range uint32(5000) {
		p.See(1+i*31%255, 5, true, 7*3600)
	}
	cells := 0
	for i := range uint32(endpointCells) {
		if cell(p.Endpoints[:], i) > 0 {
			cells++
		}
	}
	if cells != 1 {
		t.Errorf("an hour taught %d endpoints, want 1", cells)
	}
	for h := range uint32(4000) {
		for range 20 {
			p.See(1+h%2, 5, true, h*3600)
		}
	}
	for i := range uint32(endpointCells) {
		if n := cell(p.Endpoints[:], i); n > cellTop {
			t.Errorf("cell %d holds %g", i, n)
		}
	}
}

// The surprise is a logarithm of a probability, whatever was learned.
func TestSurpriseIsNotNegative(t *testing.T) {
	r := rand.New(rand.NewPCG(47, 48))
	for range 5000 {
		var p Paths
		for i := range p.Endpoints {
			p.Endpoints[i] = uint8(r.Uint32())
		}
		for i := range p.Steps {
			p.Steps[i] = uint8(r.Uint32())
		}
		p.Last = uint8(r.Uint32())
		if s := p.surprise(uint8(1 + r.IntN(255))); !(s >= 0 && s < 20) {
			t.Fatalf("surprise %g", s)
		}
	}
}

func TestRhythmOfAClockAndOfAPerson(t *testing.T) {
	r := rand.New(rand.NewPCG(49, 50))
	var clock, person Rhythm
	for range 200 {
		clock.See(30)
		person.See(math.Round(r.ExpFloat64() * r.ExpFloat64() * 60))
	}
	if c, p := clock.Sigma(), person.Sigma(); c > -2 || p < -0.5 {
		t.Errorf("ln sigma %.2f of a clock, %.2f of a person", c, p)
	}
	clock.See(3600)
	if clock.Samples != 0 {
		t.Error("a pause does not end the stretch")
	}
	for range 40 {
		person.take()
	}
	if d := person.Own() - person.Sigma(); math.Abs(d) > 0.05 || person.Hours != 40 {
		t.Errorf("usually %.2f, now %.2f after %d hours", person.Own(), person.Sigma(), person.Hours)
	}
}

// Two bytes against eight: shares that are counted for thousands of looks, and ones
// of which all memory must fade; a level is tried where the finer one was new.
func TestNoveltyKeepsWhatFloatsKeep(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	for _, rate := range []float64{0, 0.002, 0.05, 0.5, 1} {
		var v Novelty
		var k, n [Levels]float64
		for i := range 6000 {
			news := 0
			for news < Levels && (r.Float64() < rate || i < 20) { // all is new at first
				news++
			}
			weight := []float64{0.1, 0.5, 1}[i%3]
			by := halved(0, 2*3600, newHalfLife)
			v.decay(by)
			v.count(devNovelty, news, weight)
			for level := range Levels {
				k[level], n[level] = k[level]*by, n[level]*by
				if level <= news {
					n[level] += weight
				}
				if level < news {
					k[level] += weight
				}
			}
		}
		for level := range Levels {
			got := v.at(devNovelty + level)
			within := 1e-3*n[level] + 0.02*n[level]*min(1, float64(level)) + 0.05*float64(level)
			if math.Abs(float64(got.N)-n[level]) > within || math.Abs(float64(got.K)-k[level]) > 0.02*k[level]+0.05 {
				t.Errorf("rate %g, level %d: %g of %g, want %g of %g", rate, level, got.K, got.N, k[level], n[level])
			}
		}
		if v.at(netNovelty).N != 0 || v.at(tokenNovelty).N != 0 {
			t.Errorf("rate %g: the network or the token was counted too: %+v", rate, v)
		}
	}
}

func TestNumbersOfTwoBytes(t *testing.T) {
	for _, x := range []float64{0, 1.0 / 2048, 3.25, 31.9995} {
		if got := FixedOf(x).Float(); math.Abs(got-x) > 0.5/2048 {
			t.Errorf("%g is kept as %g", x, got)
		}
	}
	if FixedOf(-1) != 0 || FixedOf(math.NaN()) != 0 || FixedOf(1e9).Float() < 31.99 {
		t.Error("what cannot be kept is not the nearest number that can")
	}
	last := Short(0)
	for x := float32(0.001); x < 1e12; x *= 1.013 {
		s := ShortOf(x)
		if s < last || s.Float() > float64(x) || s.Float() < float64(x)*127/128 {
			t.Fatalf("%g is kept as %g", x, s.Float())
		}
		last = s
	}
	if !later(0, 65535) || later(65535, 0) || later(5, 5) || !later(6, 5) || later(5, 6) {
		t.Error("hours modulo 65536 are told apart wrongly")
	}
	for _, nats := range []float64{-3.912109375, 0.0009765625, 8, -31.5} {
		if got := float64(holdNats(nats)) / heldOne; got != nats {
			t.Errorf("%g nats are held as %g", nats, got)
		}
	}
}

// An answer that took long does not end an hour that began after it was asked.
func TestLateAnswersDoNotRollBack(t *testing.T) {
	var p Profile
	for i := range uint32(10) {
		ev := success(t0/3600*3600 + i)
		ev.Observed.Object = i + 1
		Learn(&p, ev)
	}
	before := p.Local.Objects.Requests
	late := success(t0/3600*3600 - 100)
	late.Observed.Object = 99
	Learn(&p, late)
	if p.Local.RateSamples != 0 || p.Local.Objects.Requests != before+1 {
		t.Errorf("%d samples, %d requests", p.Local.RateSamples, p.Local.Objects.Requests)
	}
}

// Every night the same, all day something else: the nights are not forgotten, and
// after a month without them they are.
func TestPathsKeepWhatIsSeldom(t *testing.T) {
	var p Profile
	at := t0 / day * day
	work := func(days uint32, night bool) {
		for range days {
			for h := uint32(0); h < 24; h++ {
				for i := range uint32(12) {
					ev := success(at + h*3600 + i*20)
					ev.Observed.Endpoint = 11
					if h == 2 && night {
						ev.Observed.Endpoint = 77
					}
					Learn(&p, ev)
				}
			}
			at += day
		}
	}
	nightly := func() float64 {
		q := p.Local.Paths
		q.Last = endpointOf(77)
		return q.surprise(endpointOf(77))
	}
	work(14, true)
	if s := nightly(); s > 0.5 {
		t.Errorf("%g nats of what is done every night", s)
	}
	work(35, false)
	if s := nightly(); s < 1.5 {
		t.Errorf("%g nats of what was not done for five weeks", s)
	}
}

// One day of reading everything does not make it usual, a week of it does, and a
// week without does not end that.
func TestRunTop(t *testing.T) {
	everything := math.Log(1 + 4000)
	top := topRun(0, everything)
	if want := math.Log(6) + 1; math.Abs(top-want) > 1e-9 {
		t.Errorf("after a day: %g, want %g", top, want)
	}
	for range 6 {
		top = topRun(top, everything)
	}
	if top != everything {
		t.Errorf("after a week: %g, want %g", top, everything)
	}
	for range 7 {
		top = topRun(top, 0)
	}
	if unusual := everything - top; unusual <= 0 || unusual > 0.5 {
		t.Errorf("after a week without, the same again is unusual by %g nats", unusual)
	}
	for range 2000 {
		top = topRun(top, 0)
	}
	if math.Abs(top-math.Log(6)) > 0.01 {
		t.Errorf("in the end: %g, want what means nothing", top)
	}
}

// A row of ids is learned by the day.
func TestRunsAreLearned(t *testing.T) {
	var p Profile
	for d := range uint32(8) {
		for i := range uint32(30) {
			ev := success(t0/day*day + d*day + i)
			ev.Observed.Object, ev.Observed.ObjectSeq = 1+i+100*d, int64(i+100*d)
			Learn(&p, ev)
		}
	}
	if got, want := p.Local.RunTop.Float(), math.Log(31); math.Abs(got-want) > 0.01 {
		t.Errorf("thirty in a row every day: ln(1+run) %g, want %g", got, want)
	}
}

// The usual share of refused objects is found, a small one too.
func TestRefusedShareIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(53, 54))
	for _, share := range []float64{0.005, 0.02, 0.1, 0.5} {
		var p Profile
		for h := range uint32(1500) {
			for i := range uint32(25) {
				ev := success(t0/3600*3600 + h*3600 + i)
				ev.Observed.Object = r.Uint32() | 1
				if r.Float64() < share {
					ev.Status = 404
				}
				Learn(&p, ev)
			}
		}
		if got, variance := p.Local.RefusedShare(); math.Abs(got-share) > 0.004+share/4 || !(variance >= 0 && variance < 0.02) {
			t.Errorf("share %g: found %g, variance %g", share, got, variance)
		}
	}
}

// The same object refused again is no news.
func TestOneObjectIsRefusedOnce(t *testing.T) {
	var p Profile
	for i := range uint32(10) {
		ev := success(t0/3600*3600 + i)
		ev.Observed.Object, ev.Status = 9, 404
		Learn(&p, ev)
	}
	if o := &p.Local.Objects; o.Refused != 1 || o.Requests != 10 {
		t.Errorf("%d refused of %d requests", o.Refused, o.Requests)
	}
}

// The share of refused objects is found among many others, and however often others
// are asked for between them.
func TestRefusalsAmongManyObjects(t *testing.T) {
	for _, c := range []struct {
		own, refused, repeats int
		low, high             float64
	}{
		{0, 300, 0, 0.9, 1}, {300, 300, 0, 0.3, 0.7}, {600, 300, 0, 0.15, 0.55}, {10, 2000, 0, 0.9, 1},
		{0, 20_000, 0, 0.9, 1}, {1, 300, 10, 0.9, 1}, {600, 6, 0, 0, 0.06},
	} {
		r := rand.New(rand.NewPCG(55, uint64(c.own+c.refused)))
		var p Profile
		ask := func(object uint32, status int) {
			ev := success(t0/3600*3600 + 1)
			ev.Observed.Object, ev.Status = object, status
			Learn(&p, ev)
		}
		mine := max(1, r.Uint32())
		for range c.own {
			ask(mine, 200)
			mine = max(1, r.Uint32())
		}
		for range c.refused {
			ask(max(1, r.Uint32()), 404)
			for range c.repeats {
				ask(mine, 200)
			}
		}
		if got := p.Local.Objects.RefusedShare(); got < c.low || got > c.high {
			t.Errorf("%d own and %d refused, %d repeats: share %.2f, want %g to %g", c.own, c.refused, c.repeats, got, c.low, c.high)
		}
	}
}

// What the score refused makes neither a usual day nor a usual row of ids.
func TestRefusedDaysAreNotUsual(t *testing.T) {
	var p Profile
	for d := range uint32(6) {
		at := t0/day*day + d*day
		Learn(&p, success(at))
		for i := range uint32(2000) {
			ev := success(at + 60 + i)
			ev.Observed.Object, ev.Observed.ObjectSeq = 1+i, int64(i)
			ev.Denial, ev.Status = models.RiskDenied, 403
			Learn(&p, ev)
		}
	}
	Learn(&p, success(t0/day*day+7*day))
	if l := &p.Local; l.DaySample != 0 || l.RunTop != 0 || l.ObjectSample != 0 {
		t.Errorf("%d days, %d hours, usual row %g", l.DaySample, l.ObjectSample, l.RunTop.Float())
	}
}
