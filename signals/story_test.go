package signals

import (
	"strconv"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

const (
	ja4      = "t13d1516h2_8daaf6152771_02713d6af862"
	otherJA4 = "t13d1715h2_5b57614c22b0_3d5424432f57"
)

// settled is a gate with a crowd and one user who has worked at home for 30 days
// and been on the phone's network every evening.
func settled(t testing.TB) (*gate, *models.Identity, time.Time) {
	t.Helper()
	g := newGate(t, earth, nil)
	g.populate(day0.AddDate(0, 0, -3))
	ada := user("ada")
	at := day0
	for range 30 {
		g.live(ada, at, 1, shot{addr: home, agent: firefox, ja4: ja4})
		g.send(ada, shot{at: at.Add(11 * time.Hour), addr: mobile, agent: firefox, ja4: ja4})
		at = at.AddDate(0, 0, 1)
	}
	return g, ada, at
}

func score(ev *models.Event) float64 { return ev.Assessment.Score }

func TestAtHomeIsQuiet(t *testing.T) {
	g, ada, at := settled(t)
	ev := g.send(ada, shot{at: at, addr: home, agent: firefox, ja4: ja4})
	if !ev.Features.Has(models.IsLook) || score(ev) >= 15 || ev.Evidence[models.Network].Lambda > -1.5 {
		t.Errorf("score %.1f, network %.2f, want under 15 and under -1.5", score(ev), ev.Evidence[models.Network].Lambda)
	}
	if !ev.Established {
		t.Error("a user of 30 days is not established")
	}
}

// A phone that leaves its Wi-Fi goes on in the same session, on a network that
// it uses every day.
func TestPhoneLeavesWiFi(t *testing.T) {
	g, ada, at := settled(t)
	g.send(ada, shot{at: at, addr: home, agent: firefox, ja4: ja4})
	ev := g.send(ada, shot{at: at.Add(2 * time.Minute), addr: "192.0.2.222", agent: firefox, ja4: ja4})
	if !ev.Features.Has(models.IsLook | models.IsSessionChange) {
		t.Error("a new network inside a session is no look")
	}
	if ev.Evidence[models.Session].Lambda != 0 {
		t.Errorf("session says %g of two networks of one country that the user uses", ev.Evidence[models.Session].Lambda)
	}
	if score(ev) >= 30 {
		t.Errorf("score %.1f, want no step-up", score(ev))
	}
}

func TestStrangerAbroad(t *testing.T) {
	g, ada, at := settled(t)
	ev := g.collect(ada, shot{at: at.Add(15 * time.Hour), addr: sydney, agent: chrome, ja4: otherJA4})
	if score(ev) < 30 {
		t.Errorf("score %.1f of a new device in Sydney, want a step-up", score(ev))
	}
	for _, group := range []models.Group{models.Network, models.Device} {
		if ev.Evidence[group].State != models.Hit {
			t.Errorf("%s is %s", group, ev.Evidence[group].State)
		}
	}
}

// Berlin to Sydney in an hour is not possible; in two days it is.
func TestImpossibleTravel(t *testing.T) {
	g, ada, at := settled(t)
	g.send(ada, shot{at: at, addr: home, agent: firefox, ja4: ja4})
	travel := func(after time.Duration) models.Evidence {
		return g.collect(ada, shot{at: at.Add(after), addr: sydney, agent: firefox, ja4: ja4}).Evidence[models.Travel]
	}
	if e := travel(time.Hour); e.Lambda != 4 || e.State != models.Hit {
		t.Errorf("an hour: %g (%s), want 4", e.Lambda, e.State)
	}
	if e := travel(48 * time.Hour); e.Lambda != 0 {
		t.Errorf("two days: %g, want 0", e.Lambda)
	}
}

// The values of a look are evaluated once: the rest of the session reuses them
// bit for bit.
func TestLookIsHeld(t *testing.T) {
	g, ada, at := settled(t)
	look := g.send(ada, shot{at: at, addr: home, agent: firefox, ja4: ja4})
	for i := range 5 {
		ev := g.send(ada, shot{at: at.Add(time.Duration(i+1) * time.Minute), addr: home, agent: firefox, ja4: ja4})
		if ev.Features.Has(models.IsLook) {
			t.Fatalf("request %d of the session is a look", i+2)
		}
		for _, group := range []models.Group{models.Network, models.Infrastructure, models.Device, models.Time, models.Travel} {
			a, b := look.Evidence[group], ev.Evidence[group]
			if a.Lambda*a.Confidence != b.Lambda*b.Confidence {
				t.Errorf("%s: %v, held as %v", group, a.Lambda, b.Lambda)
			}
		}
	}
	if ev := g.send(ada, shot{at: at.Add(40 * time.Minute), addr: home, agent: firefox, ja4: ja4}); !ev.Features.Has(models.IsLook) {
		t.Error("half an hour of silence does not end the session")
	}
}

func TestSessionChanges(t *testing.T) {
	g, ada, at := settled(t)
	begin := func() { g.send(ada, shot{at: at, addr: home, agent: firefox, ja4: ja4}) }
	f := func(name string, s shot, want int) {
		t.Helper()
		begin()
		s.at = at.Add(time.Minute)
		ev := g.collect(ada, s)
		if got := int(ev.Features.Get(models.SessionKind)); got != want {
			t.Errorf("%s: session change %d, want %d", name, got, want)
		}
		at = at.Add(time.Hour)
	}
	f("nothing", shot{addr: home, agent: firefox, ja4: ja4}, models.SessionSame)
	f("another address of the network", shot{addr: "192.0.2.77", agent: firefox, ja4: ja4}, models.SessionSame)
	f("IPv6 of the same provider", shot{addr: "2001:db8::1", agent: firefox, ja4: ja4}, models.SessionSame)
	f("a network never used", shot{addr: munich, agent: firefox, ja4: ja4}, models.SessionUnknownASN)
	f("another country within minutes", shot{addr: sydney, agent: firefox, ja4: ja4}, models.SessionCountry)
	f("an address nobody knows", shot{addr: nowhere, agent: firefox, ja4: ja4}, models.SessionSame)
	f("another handshake", shot{addr: home, agent: firefox, ja4: otherJA4}, models.SessionFingerprint)
	f("another family", shot{addr: home, agent: chrome, ja4: ja4}, models.SessionFamily)
	f("a new version of the browser", shot{addr: home, agent: firefox[:len(firefox)-5] + "129.0", ja4: ja4}, models.SessionSame)
}

// A token that is used from two places by turns.
func TestTwoPlaces(t *testing.T) {
	g, ada, at := settled(t)
	hit := 0
	for i := range 8 {
		addr := []string{home, munich}[i%2]
		ev := g.send(ada, shot{at: at.Add(time.Duration(i) * 30 * time.Second), addr: addr, agent: firefox, ja4: ja4})
		if int(ev.Features.Get(models.SessionKind)) == models.SessionTwoPlaces {
			hit++
		}
	}
	if hit == 0 {
		t.Error("turns between a known and an unknown network are not noticed")
	}
}

// The look is refused and a step-up asked for; the request that passes it belongs
// to the same session, and teaches what the look did not.
func TestPassedStepUpTeaches(t *testing.T) {
	g, ada, at := settled(t)
	s := shot{at: at, addr: sydney, agent: chrome, ja4: otherJA4}
	if ev := g.send(ada, s); score(ev) < 30 {
		t.Fatalf("score %.1f, want a step-up", score(ev))
	}
	s.at, s.passed = at.Add(time.Minute), true
	ev := g.send(ada, s)
	if ev.Features.Has(models.IsLook) {
		t.Error("the second request is another look")
	}
	if _, ok := g.c.IssueToken(nil, ev); !ok {
		t.Error("no device token after a passed step-up")
	}
	later := g.collect(ada, shot{at: at.Add(4 * time.Hour), addr: sydney, agent: chrome, ja4: otherJA4})
	if f := &later.Features; f.Get(models.NetWeight1) < 0.9 || f.Get(models.NetTrust2) != 1 || f.Get(models.NetTrust3) != 1 {
		t.Errorf("weight %g, trust %g and %g", f.Get(models.NetWeight1), f.Get(models.NetTrust2), f.Get(models.NetTrust3))
	}
}

// A session that begins with a miss teaches with its first success.
func TestFirstSuccessTeaches(t *testing.T) {
	g := newGate(t, earth, nil)
	ada := user("ada")
	g.send(ada, shot{at: day0, addr: home, agent: firefox, status: 404})
	g.send(ada, shot{at: day0.Add(time.Second), addr: home, agent: firefox})
	g.send(ada, shot{at: day0.Add(2 * time.Second), addr: home, agent: firefox})
	ev := g.collect(ada, shot{at: day0.Add(2 * time.Hour), addr: home, agent: firefox})
	if w := ev.Features.Get(models.NetWeight1); w < 0.49 || w > 0.5 {
		t.Errorf("weight %g, want that of one success", w)
	}
}

// Whatever is not known never counts against anybody.
func TestUnknownAddressIsNoPenalty(t *testing.T) {
	g, ada, at := settled(t)
	ev := g.collect(ada, shot{at: at, addr: nowhere, agent: firefox, ja4: ja4})
	if e := ev.Evidence[models.Network]; e.Lambda*e.Confidence > 0 || e.State == models.Hit {
		t.Errorf("network: %g at confidence %g (%s)", e.Lambda, e.Confidence, e.State)
	}
	if e := ev.Evidence[models.Travel]; e.Confidence != 0 || e.State != models.Unavailable {
		t.Errorf("travel: confidence %g (%s)", e.Confidence, e.State)
	}
	if score(ev) >= 30 {
		t.Errorf("score %.1f", score(ev))
	}
}

func TestNewcomers(t *testing.T) {
	g := newGate(t, earth, nil)
	for i := range 500 {
		addr := []string{home, mobile, munich, sydney, nowhere}[i%5]
		ev := g.send(user("new"+strconv.Itoa(i)), shot{at: day0.Add(time.Duration(i) * time.Minute), addr: addr, agent: firefox, ja4: ja4})
		if score(ev) >= 30 {
			t.Fatalf("user %d is stepped up for being new: %.1f", i, score(ev))
		}
	}
}
