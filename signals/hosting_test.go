package signals

import (
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

// classed is an atlas in which one network is of a class.
type classed struct {
	atlas
	prefix netip.Prefix
	class  models.Flag
}

func (c classed) Lookup(addr netip.Addr, id uint64) (models.Place, models.Flag, models.State) {
	p, flags, state := c.atlas.Lookup(addr, id)
	if c.prefix.Contains(addr) {
		flags |= c.class
	}
	return p, flags, state
}

// cloud is the network that the tests of this file give a class to.
var cloud = netip.MustParsePrefix("203.0.113.0/25")

func newClassed(t *testing.T, class models.Flag) *gate {
	return newGate(t, classed{earth, cloud, class}, nil)
}

// Machine clients live in data centers: hosting says nothing against them. It
// does against people, and whatever else an address is counts for both.
func TestClassesOfAddressBySubject(t *testing.T) {
	f := func(class models.Flag, person, client float64) {
		t.Helper()
		for _, who := range []struct {
			id   *models.Identity
			want float64
		}{{user("ada"), person}, {machine("billing"), client}} {
			g := newClassed(t, class)
			ev := g.collect(who.id, shot{at: day0, addr: munich, agent: firefox})
			if got := math.Log(ev.Features.Get(models.NetOdds)); math.Abs(got-who.want) > 1e-6 {
				t.Errorf("%s from %b: %.3f nats, want %.3f", who.id.Subject.Kind, class, got, who.want)
			}
		}
	}
	f(0, 0, 0)
	f(models.SourceHosting, 1.25, 0)
	f(models.SourceVPN, 0.7, 0.7)
	f(models.SourceTor, 2.5, 2.5)
	f(models.SourceListed, 2, 2)
	f(models.SourceHosting|models.SourceVPN, 1.25, 0.7)
	f(models.SourceHosting|models.SourceListed, 2, 2)
	f(models.SourceHosting|models.SourceTor, 2.5, 2.5)
}

// aDay lets a machine client poll for a day from the cloud of that class and
// returns its next request.
func aDay(t *testing.T, class models.Flag) *models.Event {
	t.Helper()
	g := newClassed(t, class)
	g.populate(day0.AddDate(0, 0, -3))
	id := machine("billing")
	s := shot{addr: munich, agent: "Go-http-client/1.1"}
	for i := range 24 * 6 {
		s.at = day0.Add(time.Duration(i) * 10 * time.Minute)
		g.send(id, s)
	}
	s.at = day0.AddDate(0, 0, 1)
	return g.collect(id, s)
}

// A client in the cloud learns its network and scores as low after a day as one
// at home.
func TestCloudHostedClientLearns(t *testing.T) {
	home, hosted := aDay(t, 0), aDay(t, models.SourceHosting)
	if !hosted.Features.Has(models.IsMachine | models.SourceHosting) {
		t.Fatalf("flags %b", hosted.Features.Flags)
	}
	if e := hosted.Evidence[models.Infrastructure]; e.State == models.Hit {
		t.Errorf("infrastructure is a hit: %g", e.Lambda)
	}
	for _, f := range []models.Feature{models.NetWeight1, models.NetTotal, models.NetOdds} {
		if a, b := home.Features.Get(f), hosted.Features.Get(f); a != b {
			t.Errorf("feature %d is %g at home and %g in the cloud", f, a, b)
		}
	}
	if w := hosted.Features.Get(models.NetWeight1); w < 5 {
		t.Errorf("the address weighs %g after a day of enrolling, want 24 quarters", w)
	}
	if score(home) != score(hosted) || score(hosted) > 5 {
		t.Errorf("score %.1f at home, %.1f in the cloud, want the same under 5", score(home), score(hosted))
	}
}

// What a client does from a Tor exit is never learned, enrolling or not.
func TestClientBehindTorLearnsNothing(t *testing.T) {
	if ev := aDay(t, models.SourceTor); ev.Features.Get(models.NetTotal) != 0 || ev.Evidence[models.Infrastructure].State != models.Hit {
		t.Errorf("weight %g, infrastructure %s", ev.Features.Get(models.NetTotal), ev.Evidence[models.Infrastructure].State)
	}
}

// In the first days the networks of a subject are not known yet: a home and a
// carrier's gateway far apart are no journey within a country, but another
// country is.
func TestTravelOfNewcomers(t *testing.T) {
	travel := func(id *models.Identity, g *gate, at time.Time, addr string) float64 {
		return g.collect(id, shot{at: at, addr: addr, agent: firefox}).Evidence[models.Travel].Lambda
	}
	g := newGate(t, earth, nil)
	ada := user("ada")
	g.send(ada, shot{at: day0, addr: home, agent: firefox})
	if l := travel(ada, g, day0.Add(5*time.Minute), munich); l != 1 {
		t.Errorf("500 km in 5 minutes on the first day say %g, want a quarter of 4", l)
	}
	if l := travel(ada, g, day0.Add(5*time.Minute), sydney); l != 4 {
		t.Errorf("Sydney in 5 minutes says %g, want 4", l)
	}
	for d := 1; d < 3; d++ {
		g.send(ada, shot{at: day0.AddDate(0, 0, d), addr: home, agent: firefox})
	}
	if l := travel(ada, g, day0.AddDate(0, 0, 2).Add(5*time.Minute), munich); l != 4 {
		t.Errorf("500 km in 5 minutes after three verified days say %g, want 4", l)
	}
}
