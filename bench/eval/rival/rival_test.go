package rival

import (
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// signIn returns a successful login of a person from an address and ASN in
// Norway, with an agent: its words are string, browser, system and form.
func signIn(person, ip string, asn uint32, agent [4]string) *traffic.Event {
	return &traffic.Event{
		Time: start, Person: person, Address: netip.MustParseAddr(ip), Status: 200, Route: "session", Path: "/", Method: "GET",
		Place: models.Place{ASN: asn, Country: [2]byte{'N', 'O'}},
		Agent: agent[0], Browser: agent[1], OS: agent[2], DeviceType: agent[3],
		Subject: models.Subject{Kind: models.User, ID: person}, Credential: models.JWT,
	}
}

var (
	windows = [4]string{"ua1", "Chrome 140", "Windows 10", "desktop"}
	mac     = [4]string{"ua2", "Chrome 140", "macOS 15", "desktop"}
)

func scoreOf(m Model, e *traffic.Event) float64 {
	out := make([]float32, len(m.Names()))
	m.Score(e, out)
	return float64(out[0])
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s: %g, want %g", what, got, want)
	}
}

// Three logins of two users, by hand. The address is new to everybody, its ASN
// and country are not; the agent has two of three logins.
func TestFreemanByHand(t *testing.T) {
	f := NewFreeman()
	f.Learn(signIn("u1", "10.0.0.1", 1, windows))
	f.Learn(signIn("u1", "10.0.0.1", 1, windows))
	f.Learn(signIn("u2", "10.0.0.2", 1, mac))
	const w1, w2, w3, w4 = 0.5386653840551359, 0.2680451498625666, 0.18818295100109536, 0.0051065150812021525
	// address: 1 ASN, 1 country, 1 more make 3 unseen; p = 0.6/(3+3) + 0.3 + 0.1
	address := 0.5 / (0.3 + 0.1)
	// agent: 1 browser, 2 systems, 1 form, 1 more make 5 unseen;
	// within the agent's own 2 logins 3 coarser forms and 1 more make 4
	global := w1*(1-4.0/6)*(2.0/3)*(1-5.0/8) + w2 + w3*2/3 + w4
	want := address * global / (w1 + w2 + w3 + w4) * (1.0 / 2) / (2.0 / 3)
	near(t, "score", math.Exp(scoreOf(f, signIn("u1", "10.0.0.9", 1, windows))), want, 1e-6)
}

// What a user never showed in any form counts four, however long the history.
func TestFreemanCountsUnseenAsFour(t *testing.T) {
	f := NewFreeman()
	for range 50 {
		f.Learn(signIn("u1", "10.0.0.1", 1, windows))
	}
	f.Learn(signIn("u2", "10.0.0.2", 2, mac))
	e := signIn("u1", "10.0.0.2", 3, [4]string{"ua9", "Opera 1", "BeOS", "tablet"})
	e.Place.Country = [2]byte{'S', 'E'}
	near(t, "score", math.Exp(scoreOf(f, e)), 16*(1.0/2)/(50.0/51), 1e-5)
}

func TestFreemanRemembersSuccessesOnly(t *testing.T) {
	f := NewFreeman()
	e := signIn("u1", "10.0.0.1", 1, windows)
	e.Status = 401
	f.Learn(e)
	if got := scoreOf(f, e); !math.IsInf(got, -1) {
		t.Errorf("first login scored %g", got)
	}
	if f.total != 0 {
		t.Errorf("%d logins in the history, want none", f.total)
	}
}

func TestFreemanWithoutAddress(t *testing.T) {
	f := NewFreemanWithoutAddress()
	f.Learn(signIn("u1", "10.0.0.1", 1, windows))
	a, b := scoreOf(f, signIn("u1", "10.0.0.1", 1, windows)), scoreOf(f, signIn("u1", "192.0.2.7", 9, windows))
	if a != b || math.IsInf(a, 0) {
		t.Errorf("%g and %g from two addresses", a, b)
	}
}

func TestRules(t *testing.T) {
	r := NewRules()
	e := signIn("u1", "10.0.0.1", 1, windows)
	if got := scoreOf(r, e); !math.IsInf(got, -1) {
		t.Errorf("first login scored %g", got)
	}
	r.Learn(e)
	abroad := signIn("u1", "192.0.2.1", 2, mac)
	abroad.Place.Country = [2]byte{'S', 'E'}
	for want, e := range map[float64]*traffic.Event{
		0:  e,
		10: signIn("u1", "10.0.0.2", 1, windows), // address
		30: signIn("u1", "10.0.0.2", 2, mac),     // address, network, agent
		60: abroad,                               // and country
	} {
		near(t, "points", scoreOf(r, e), want, 0)
	}
}
