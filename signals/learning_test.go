package signals

import (
	"math"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

// An anonymous caller has no history, and what he does teaches the world nothing.
func TestAnonymous(t *testing.T) {
	g := newGate(t, earth, nil)
	before := g.c.world.AppendBinary(nil)
	var ev *models.Event
	for i := range 50 {
		ev = g.send(nil, shot{at: day0.Add(time.Duration(i) * time.Second), addr: home, agent: firefox, ja4: ja4})
	}
	if ev.Pseudonym == (models.Pseudonym{}) || ev.Established {
		t.Error("an anonymous caller needs a pseudonym and is never established")
	}
	if !ev.Features.Has(models.IsAnonymous|models.IsLook) || ev.Features.Get(models.RateMinute) < 20 {
		t.Errorf("rate %g per minute after 50 requests", ev.Features.Get(models.RateMinute))
	}
	for _, group := range []models.Group{models.Network, models.Device, models.Token, models.Session, models.Time} {
		if ev.Evidence[group].Lambda != 0 {
			t.Errorf("%s says %g of nobody", group, ev.Evidence[group].Lambda)
		}
	}
	if string(g.c.world.AppendBinary(nil)) != string(before) {
		t.Error("requests without identity changed what is normal")
	}
}

// Requests that were refused change nothing that others are judged by.
func TestRefusedTeachesNothing(t *testing.T) {
	g, ada, at := settled(t)
	world := g.c.world.AppendBinary(nil)
	for i := range 20 {
		ev := g.collect(ada, shot{at: at.Add(time.Duration(i) * time.Hour), addr: sydney, agent: chrome, ja4: otherJA4})
		ev.Status, ev.Denial = 403, models.RiskDenied
		g.c.Observe(ev)
	}
	if string(g.c.world.AppendBinary(nil)) != string(world) {
		t.Error("the world learned from refused requests")
	}
	ev := g.collect(ada, shot{at: at.Add(30 * time.Hour), addr: sydney, agent: chrome, ja4: otherJA4})
	if ev.Features.Get(models.NetWeight2) != 0 {
		t.Error("the profile learned from refused requests")
	}
}

// What an attacker gains by being let in once an hour: a new ASN is on probation.
func TestQuietPoisoning(t *testing.T) {
	g, ada, at := settled(t)
	evil := shot{addr: munich, agent: firefox, ja4: ja4}
	evil.at = at.Add(10 * time.Hour)
	first := g.collect(ada, evil).Evidence[models.Network].Lambda
	for i := range 24 {
		g.live(ada, at.AddDate(0, 0, i/24), 1, shot{addr: home, agent: firefox, ja4: ja4})
		evil.at = at.Add(time.Duration(10+i) * time.Hour)
		ev := g.collect(ada, evil)
		ev.Assessment.Score = 10 // as if every one had been let in
		g.c.Observe(ev)
	}
	evil.at = at.Add(35 * time.Hour)
	ev := g.collect(ada, evil)
	if last := ev.Evidence[models.Network].Lambda; last < first-1.75 {
		t.Errorf("a day of quiet requests lowers the network evidence from %.2f to %.2f", first, last)
	}
	if tau := ev.Features.Get(models.NetTrust2); tau > 0.01 {
		t.Errorf("trust %g after a day", tau)
	}
}

// A passed step-up trusts what it came with at once.
func TestStepUpTrusts(t *testing.T) {
	g, ada, at := settled(t)
	s := shot{at: at, addr: munich, agent: firefox, ja4: ja4, passed: true}
	ev := g.collect(ada, s)
	ev.Assessment.Score = 10
	g.c.Observe(ev)
	s.at, s.passed = at.Add(3*time.Hour), false
	if ev := g.collect(ada, s); ev.Features.Get(models.NetTrust2) != 1 || ev.Evidence[models.Network].Lambda > 0 {
		t.Errorf("trust %g, network %g", ev.Features.Get(models.NetTrust2), ev.Evidence[models.Network].Lambda)
	}
}

func TestDeviceToken(t *testing.T) {
	g, ada, at := settled(t)
	s := shot{at: at, addr: home, agent: firefox, ja4: ja4}
	ev := g.collect(ada, s)
	token, ok := g.c.IssueToken(nil, ev)
	if !ok || len(token) > 100 {
		t.Fatalf("no token of at most 100 bytes for a verified look: %q", token)
	}
	if e := ev.Evidence[models.Token]; e.Confidence != 0 || e.Lambda != 0 {
		t.Error("the token group speaks before a token was issued")
	}
	g.c.Observe(ev)
	s.cookie = string(token)
	for i := range 20 {
		s.at = at.Add(time.Duration(i+1) * 2 * time.Hour)
		g.send(ada, s)
	}
	s.at = s.at.Add(time.Hour)
	if e := g.collect(ada, s).Evidence[models.Token]; e.Lambda > -2.5 {
		t.Errorf("the user's own token says %g", e.Lambda)
	}
	if ev := g.collect(user("eve"), s); ev.Evidence[models.Token].Lambda != 4 {
		t.Errorf("another user's token says %g, want 4", ev.Evidence[models.Token].Lambda)
	}
	forged := []byte(s.cookie)
	forged[len(forged)/2] ^= 1
	s.cookie = string(forged)
	if e := g.collect(ada, s).Evidence[models.Token]; e.Lambda != 6 {
		t.Errorf("a forged token says %g, want 6", e.Lambda)
	}
	s.cookie = ""
	if e := g.collect(ada, s).Evidence[models.Token]; e.Lambda < 1.5 {
		t.Errorf("no token says %g of who always had one", e.Lambda)
	}
}

func TestFailedLogins(t *testing.T) {
	g := newGate(t, earth, nil)
	s := shot{at: day0, addr: munich, agent: firefox, class: models.Login, user: "ada", login: models.LoginFailed, status: 401}
	for i := range 10 {
		s.at = day0.Add(time.Duration(i) * 10 * time.Second)
		g.send(nil, s)
	}
	s.addr = sydney
	ev := g.collect(nil, s)
	if want := 0.5 * math.Log(1+ev.Features.Get(models.FailedLogins)); ev.Features.Get(models.FailedLogins) < 9 ||
		math.Abs(ev.Evidence[models.Failures].Lambda-want) > 1e-9 {
		t.Errorf("%g failed logins say %g", ev.Features.Get(models.FailedLogins), ev.Evidence[models.Failures].Lambda)
	}
	s.addr = munich
	if odds := g.collect(nil, s).Features.Get(models.NetOdds); odds < 1.5 {
		t.Errorf("the source of ten failed logins has odds %g", odds)
	}
	s.user, s.addr = "bob", sydney
	if n := g.collect(nil, s).Features.Get(models.FailedLogins); n != 0 {
		t.Errorf("bob has %g failed logins", n)
	}
}

// A wave of failed logins raises everybody on login routes for as long as it
// lasts.
func TestAttackMode(t *testing.T) {
	g := newGate(t, earth, nil)
	at := day0
	for i := range 3000 {
		s := shot{at: at.Add(time.Duration(i) * 20 * time.Millisecond), addr: munich, agent: firefox, class: models.Login,
			user: "nobody" + strconv.Itoa(i), login: models.LoginFailed, status: 401}
		s.addr = netip.AddrFrom4([4]byte{203, 0, 113, byte(i % 120)}).String()
		g.send(nil, s)
	}
	s := shot{at: at.Add(time.Minute), addr: sydney, agent: firefox, class: models.Login}
	if mode := g.collect(nil, s).Features.Get(models.ModeNats); mode < 0.5 || mode > 1.5 {
		t.Errorf("b_mode is %g under 3000 failed logins a minute", mode)
	}
	s.at = at.Add(10 * time.Minute)
	if mode := g.collect(nil, s).Features.Get(models.ModeNats); mode != 0 {
		t.Errorf("b_mode is %g ten minutes later", mode)
	}
}

func TestMachineClients(t *testing.T) {
	g := newGate(t, earth, nil)
	declared := machine("billing", netip.MustParsePrefix("203.0.113.0/24"))
	ev := g.send(declared, shot{at: day0, addr: munich, agent: "python-requests/2.32"})
	if !ev.Features.Has(models.IsMachine | models.DeclaredSource | models.IsEnrolling) {
		t.Errorf("flags %b", ev.Features.Flags)
	}
	if e := ev.Evidence[models.ClientSanity]; e.Lambda != 0 {
		t.Errorf("client sanity says %g of a library that calls by itself", e.Lambda)
	}
	if e := ev.Evidence[models.Token]; e.Confidence != 0 {
		t.Error("a machine client is asked for a device token")
	}
	for i := range 250 {
		ev = g.send(declared, shot{at: day0.Add(time.Duration(i) * time.Hour), addr: munich, agent: "python-requests/2.32"})
	}
	if ev.Features.Has(models.IsEnrolling) || score(ev) >= 15 {
		t.Errorf("after ten days: enrolling %v, score %.1f", ev.Features.Has(models.IsEnrolling), score(ev))
	}
}

func TestEnumerationOfObjects(t *testing.T) {
	g, ada, at := settled(t)
	asked := 0 // requests until the first step-up
	var ev *models.Event
	for i := range 600 {
		ev = g.send(ada, shot{at: at.Add(time.Duration(i) * time.Second), addr: home, agent: firefox, ja4: ja4,
			path: "/v1/items/" + strconv.Itoa(1000+i), status: 404})
		if ev.Denial != "" && asked == 0 {
			asked = i + 1
		}
	}
	if e := ev.Evidence[models.Enumeration]; e.Lambda < 3 || e.State != models.Hit {
		t.Errorf("600 ids in a row, none found: %g (%s)", e.Lambda, e.State)
	}
	if t.Logf("asked to step up at request %d", asked); asked == 0 || asked > 20 {
		t.Errorf("asked to step up at request %d, want one of the first 20", asked)
	}
	later := g.collect(ada, shot{at: at.Add(25 * time.Minute), addr: home, agent: firefox, ja4: ja4})
	if left := later.Features.Get(models.ActorNats); left < 1 || left > 4 {
		t.Errorf("%g nats are left behind 15 minutes later", left)
	}
}

func TestIPv6SharesTheProfileOfItsBlock(t *testing.T) {
	g := newGate(t, earth, nil)
	a := g.collect(user("ada"), shot{at: day0, addr: "2001:db8:1:2::1", agent: firefox})
	b := g.collect(user("ada"), shot{at: day0, addr: "2001:db8:1:2:ffff::9", agent: firefox})
	c := g.collect(user("ada"), shot{at: day0, addr: "2001:db8:1:3::1", agent: firefox})
	if a.Observed.Address != b.Observed.Address || a.Observed.Address == c.Observed.Address {
		t.Error("IPv6 addresses are not remembered by their /64")
	}
	d := g.collect(user("ada"), shot{at: day0, addr: "::ffff:192.0.2.10", agent: firefox})
	e := g.collect(user("ada"), shot{at: day0, addr: home, agent: firefox})
	if d.Observed != e.Observed {
		t.Error("a v4-mapped address is not the IPv4 address")
	}
}
