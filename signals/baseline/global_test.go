package baseline

import (
	"bytes"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

func lookAt(at, address uint32) *models.Event {
	ev := success(at)
	ev.Observed.Address = address
	return ev
}

func TestShares(t *testing.T) {
	w := NewWorld()
	for i := range uint32(1000) {
		w.Learn(lookAt(t0+i, 10+i%4), SourceKeys{Address: 10 + i%4}, true)
	}
	share := func(address, now uint32) float64 {
		o := success(now).Observed
		o.Address = address
		n := w.Norms(&Query{Observed: &o, Now: now})
		return n.NetShare[0]
	}
	if got := share(10, t0+1000); math.Abs(got-0.25) > 0.002 {
		t.Errorf("a quarter of all looks has share %g", got)
	}
	if got, want := share(99, t0+1000), 0.5/1001; math.Abs(got-want) > 1e-6 {
		t.Errorf("a value never seen has share %g, want %g", got, want)
	}
	for i := range uint32(1000) {
		w.Learn(lookAt(t0+60*day+i, 77), SourceKeys{}, true)
	}
	if got := share(77, t0+60*day+1000); math.Abs(got-0.8) > 0.005 {
		t.Errorf("1000 looks now against 1000 of two half-lives ago have share %g, want 0.8", got)
	}
}

func TestRescaleKeepsEveryShare(t *testing.T) {
	w := NewWorld()
	for i := range uint32(500) {
		w.Learn(lookAt(t0+i*day/10, 10+i%7), SourceKeys{}, true)
	}
	now := t0 + 50*day
	o := lookAt(now, 12).Observed
	before := w.Norms(&Query{Observed: &o, Gap: 100, Now: now})
	w.t.rescale(now)
	after := w.Norms(&Query{Observed: &o, Gap: 100, Now: now})
	for i := range before.NetShare {
		if math.Abs(before.NetShare[i]-after.NetShare[i]) > 1e-6 || math.Abs(before.NetHazard[i]-after.NetHazard[i]) > 1e-9 {
			t.Errorf("level %d: share %g then %g", i+1, before.NetShare[i], after.NetShare[i])
		}
	}
}

func TestGapBuckets(t *testing.T) {
	f := func(seconds float64, want int) {
		t.Helper()
		if got := GapBucket(seconds); got != want {
			t.Errorf("%g s: bucket %d, want %d", seconds, got, want)
		}
	}
	f(0, 0)
	f(60, 1)
	f(3599, 2)
	f(3600, 3)
	f(6*3600, 4)
	f(day, 5)
	f(7*day, 6)
	f(30*day, 7)
	f(-1, 7)
}

// h = (k+1)/(n+4): a quarter before anything is known.
func TestHazards(t *testing.T) {
	w := NewWorld()
	ev := success(t0)
	rate := func() [Levels]float64 { return w.Norms(&Query{Observed: &ev.Observed, Gap: 120, Now: t0}).NetHazard }
	if rate() != [Levels]float64{0.25, 0.25, 0.25} {
		t.Errorf("%v before anything is known", rate())
	}
	for i := range 96 {
		ev := success(t0)
		ev.Features.Set(models.SinceLook, 2)
		ev.Features.Set(models.NetTotal, 5)
		if i%4 > 0 {
			ev.Features.Set(models.NetWeight1, 5)
		}
		ev.Features.Set(models.NetWeight2, 5)
		w.Learn(ev, SourceKeys{}, true)
	}
	if got := rate(); got != [Levels]float64{25.0 / 100, 1.0 / 28, 0.25} {
		t.Errorf("%v after 24 new addresses of a known network in 96 looks", got)
	}
}

func oddsOf(w *World, k SourceKeys, classes models.Flag, now uint32) float64 {
	return w.Norms(&Query{Observed: &models.Observed{}, Source: k, Classes: classes, Known: true, Now: now}).NetOdds
}

func loginEvent(at uint32, outcome models.Outcome, user uint32) *models.Event {
	ev := &models.Event{Time: time.Unix(int64(at), 0), Login: outcome}
	ev.Observed.LoginUser = user
	return ev
}

func TestReputation(t *testing.T) {
	w := NewWorld()
	bad := SourceKeys{Address: 1, Block: 2, Network: 3}
	good := SourceKeys{Address: 11, Block: 12, Network: 13}
	if got := oddsOf(w, bad, 0, t0); got != 1 {
		t.Errorf("unknown: %g", got)
	}
	for i := range uint32(300) {
		w.Learn(loginEvent(t0+i, models.LoginPassed, 500+i), good, false)
	}
	for i := range uint32(30) {
		w.Learn(loginEvent(t0+300+i, models.LoginFailed, 700), bad, false)
	}
	now := t0 + 400
	address := oddsOf(w, bad, 0, now)
	block := oddsOf(w, SourceKeys{Address: 8, Block: 2, Network: 3}, 0, now)
	network := oddsOf(w, SourceKeys{Address: 8, Block: 9, Network: 3}, 0, now)
	if !(address > block && block > network && network > 1) {
		t.Errorf("address %g, block %g, network %g: want them to fall", address, block, network)
	}
	if address > math.Exp(4)+1e-9 || oddsOf(w, good, 0, now) < math.Exp(-1.5)-1e-9 {
		t.Error("odds leave their bounds")
	}
	if later := oddsOf(w, bad, 0, now+10*day); math.Abs(later-1) > 0.05 {
		t.Errorf("ten days later: %g", later)
	}
}

func TestClassesNeverLower(t *testing.T) {
	w := NewWorld()
	f := func(classes models.Flag, nats float64) {
		t.Helper()
		if got := math.Log(oddsOf(w, SourceKeys{}, classes, t0)); math.Abs(got-nats) > 1e-9 {
			t.Errorf("%b: %g nats, want %g", classes, got, nats)
		}
	}
	f(0, 0)
	f(models.SourceHosting, 1.25)
	f(models.SourceVPN, 0.7)
	f(models.SourceTor, 2.5)
	f(models.SourceListed, 2)
	f(models.SourceRelay, 0)
	f(models.SourceRelay|models.SourceHosting, 0)
	f(models.SourceHosting|models.SourceVPN, 1.25)
	bad := models.SourceHosting | models.SourceVPN | models.SourceTor | models.SourceListed
	for c := range bad + 1 {
		for bit := models.Flag(1); bit <= bad; bit <<= 1 {
			if bad&bit != 0 && ClassNats(c|bit) < ClassNats(c) {
				t.Errorf("list %b lowers %b", bit, c)
			}
		}
	}
}

// Rarity means nothing before 10,000 attempts and a day have been seen.
func TestRarity(t *testing.T) {
	w := NewWorld()
	crowd := SourceKeys{Network: 3}
	rare := func(q Query) bool { return w.t.rare(&q) }
	q := Query{Source: SourceKeys{Network: 99}, Located: true}
	for i := range uint32(experience) {
		if q.Now = t0 + i*10; rare(q) {
			t.Fatalf("rare after %d attempts", i)
		}
		w.Learn(loginEvent(t0+i*10, models.LoginPassed, 1), crowd, false)
	}
	q.Now = t0 + experience*10
	if !rare(q) {
		t.Error("a network nobody comes from is not rare")
	}
	f := func(name string, change func(*Query)) {
		t.Helper()
		x := q
		change(&x)
		if rare(x) {
			t.Errorf("%s is rare", name)
		}
	}
	f("the crowd's network", func(x *Query) { x.Source = crowd })
	f("a network the subject uses", func(x *Query) { x.Known = true })
	f("an address nobody knows", func(x *Query) { x.Located = false })
}

func TestAccounts(t *testing.T) {
	w := NewWorld()
	for i := range uint32(7) {
		w.Learn(loginEvent(t0+i, models.LoginFailed, 5), SourceKeys{}, false)
	}
	if n := w.FailedLogins(5, t0+7+15*60); n < 3.4 || n > 3.6 {
		t.Errorf("%g failed logins after a half-life of seven", n)
	}
	if n := w.FailedLogins(6, t0); n != 0 {
		t.Errorf("another account has %g", n)
	}
}

// A flood of invented user names does not push out the accounts that exist.
func TestInventedNamesPushNobodyOut(t *testing.T) {
	w := NewWorld()
	for u := range uint32(1000) {
		w.Learn(loginEvent(t0, models.LoginPassed, 1+u), SourceKeys{}, false)
	}
	for i := range uint32(200_000) {
		w.Learn(loginEvent(t0+1+i/1000, models.LoginFailed, 1_000_000+i*7919), SourceKeys{}, false)
	}
	for u := range uint32(1000) {
		if w.t.Accounts.find(1+u) == nil {
			t.Fatalf("account %d is forgotten", u)
		}
	}
}

func randomWorld(events int) *World {
	r := rand.New(rand.NewPCG(8, 8))
	w := NewWorld()
	for i := range uint32(events) {
		ev := lookAt(t0+i*50, r.Uint32N(40)+1)
		ev.Features.Set(models.NetTotal, 1)
		ev.Features.Set(models.SinceLook, 1e4*r.Float64())
		ev.Login, ev.Observed.LoginUser = models.Outcome(r.IntN(4)), r.Uint32N(99)
		w.Learn(ev, SourceKeys{Address: ev.Observed.Address, Network: r.Uint32N(5) + 1, Agent: 9}, r.IntN(2) == 0)
	}
	return w
}

func TestWorldSurvivesTheStore(t *testing.T) {
	w, back := randomWorld(500), NewWorld()
	saved := w.AppendBinary(nil)
	if err := back.UnmarshalBinary(saved); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(back.AppendBinary(nil), saved) {
		t.Error("saved again, it differs")
	}
	q := Query{Observed: &lookAt(t0, 7).Observed, Source: SourceKeys{Address: 7, Network: 2, Agent: 9}, Gap: 500, Now: t0 + 40000}
	if w.Norms(&q) != back.Norms(&q) {
		t.Error("read back, it answers differently")
	}
	f := func(name string, b []byte) {
		t.Helper()
		if back.UnmarshalBinary(b) == nil {
			t.Errorf("%s is accepted", name)
		}
		if !bytes.Equal(back.AppendBinary(nil), saved) {
			t.Errorf("%s changed the state", name)
		}
	}
	f("nothing", nil)
	f("another version", append([]byte{9}, saved[1:]...))
	f("cut short", saved[:len(saved)-1])
	f("too long", append(bytes.Clone(saved), 0))
}

func FuzzWorld(f *testing.F) {
	f.Add(NewWorld().AppendBinary(nil))
	f.Add(randomWorld(3).AppendBinary(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		w := NewWorld()
		if w.UnmarshalBinary(b) != nil {
			return
		}
		o := lookAt(t0, 1).Observed
		n := w.Norms(&Query{Observed: &o, Now: t0, Gap: 1})
		for _, v := range []float64{n.NetShare[0], n.NetHazard[0], n.HourShare, n.NetOdds, n.DevOdds} {
			if !(v >= 0 && v <= math.MaxFloat64) {
				t.Errorf("%+v", n)
			}
		}
	})
}

func TestWorldConcurrently(t *testing.T) {
	w := NewWorld()
	var wait sync.WaitGroup
	for g := range uint32(4) {
		wait.Go(func() {
			for i := range uint32(300) {
				ev := lookAt(t0+i, g*1000+i)
				ev.Login, ev.Observed.LoginUser = models.LoginFailed, i
				w.Learn(ev, SourceKeys{Address: i, Network: g}, true)
				w.Norms(&Query{Observed: &ev.Observed, Now: t0})
				w.Mode(t0 + i)
				if i%100 == 0 {
					w.AppendBinary(nil)
				}
			}
		})
	}
	wait.Wait()
	if w.t.Attempts != 1200 || math.Abs(w.t.Total-1200) > 1 {
		t.Errorf("%d attempts, %g looks", w.t.Attempts, w.t.Total)
	}
}
