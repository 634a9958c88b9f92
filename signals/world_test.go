package signals

import (
	"context"
	"math"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/signals/geo"
)

// atlas is a Locator of a few invented networks.
type atlas map[netip.Prefix]models.Place

func (a atlas) Lookup(addr netip.Addr, _ uint64) (models.Place, models.Flag, models.State) {
	for prefix, place := range a {
		if prefix.Contains(addr) {
			return place, 0, models.Clean
		}
	}
	return models.Place{}, 0, models.Unavailable
}

func (a atlas) Ready() bool { return len(a) > 0 }

func place(asn uint32, country string, lat, lon float32) models.Place {
	return models.Place{ASN: asn, Country: [2]byte{country[0], country[1]}, Latitude: lat, Longitude: lon, Radius: 20, HasLocation: true}
}

// The networks of the tests: a few with a name, and fifty for the crowd.
var earth = func() atlas {
	a := atlas{
		netip.MustParsePrefix("192.0.2.0/25"):    place(64496, "DE", 52.5, 13.4),   // home, Berlin
		netip.MustParsePrefix("192.0.2.128/25"):  place(64497, "DE", 52.5, 13.4),   // mobile
		netip.MustParsePrefix("198.51.100.0/24"): place(64498, "AU", -33.9, 151.2), // Sydney
		netip.MustParsePrefix("203.0.113.0/25"):  place(64499, "DE", 48.1, 11.6),   // another provider, Munich
		netip.MustParsePrefix("2001:db8::/32"):   place(64496, "DE", 52.5, 13.4),
	}
	for i := range 50 {
		country := []string{"DE", "DE", "FR", "US", "AU"}[i%5]
		a[netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i)}), 16)] = place(65000+uint32(i), country, 50, float32(i))
	}
	return a
}()

const (
	home    = "192.0.2.10"
	mobile  = "192.0.2.200"
	sydney  = "198.51.100.7"
	munich  = "203.0.113.9"
	nowhere = "233.252.0.1"

	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	chrome  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)

// day0 is a Monday, 09:00 UTC.
var day0 = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// gate is a Collector with its memory, and a stand-in for the risk engine.
type gate struct {
	t testing.TB
	c *Collector
	m *baseline.Memory
}

func newGate(t testing.TB, l Locator, lists *geo.Lists) *gate {
	t.Helper()
	keys, err := baseline.NewKeys([]byte("an example key of thirty-two byte"[:32]))
	if err != nil {
		t.Fatal(err)
	}
	cfg := DefaultConfig()
	cfg.Baseline.Known, cfg.Baseline.Probation = 8<<20, 4<<20
	m, err := baseline.Open(cfg.Baseline, keys, day0, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close(context.Background()) })
	return &gate{t: t, c: New(cfg, m, l, lists, keys), m: m}
}

// shot is one request of a test.
type shot struct {
	at     time.Time
	addr   string
	agent  string
	ja4    string
	rtt    models.RoundTrips
	path   string
	route  string // id of the route, default r
	bytes  int64  // of the answer
	class  models.Class
	cookie string
	status int
	faults models.Fault
	passed bool
	login  models.Outcome
	user   string

	rulings   models.Rulings // as the verdicts of the caller say
	confirmed bool
	ended     bool // the session of its token, before
	activity  models.Activity
}

func user(name string) *models.Identity {
	s := models.Subject{Kind: models.User, Issuer: "https://idp.example", ID: name}
	return &models.Identity{Subject: s, Pseudonym: models.PseudonymOf([]byte("k"), s, 0), Credential: models.JWT, CredentialID: "sid-" + name}
}

func machine(name string, networks ...netip.Prefix) *models.Identity {
	s := models.Subject{Kind: models.Client, ID: name}
	return &models.Identity{Subject: s, Pseudonym: models.PseudonymOf([]byte("k"), s, 0), Credential: models.APIKey,
		CredentialID: "key-" + name, Networks: networks, Declared: true}
}

// view builds the request view of a shot.
func (s *shot) view() *models.Request {
	v := &models.Request{Time: s.at, Client: netip.MustParseAddr(s.addr), Path: []byte(s.path), TLS: models.TLSFacts{JA4: s.ja4}, RTT: s.rtt, Faults: s.faults}
	if s.agent != "" {
		v.Agent = []byte(s.agent)
	}
	field := func(name, value string) {
		from := uint32(len(v.Raw))
		v.Raw = append(v.Raw, name+value...)
		mid := from + uint32(len(name))
		v.Fields[v.NumFields] = models.Field{Name: models.Span{From: from, To: mid}, Value: models.Span{From: mid, To: uint32(len(v.Raw))}}
		v.NumFields++
	}
	field("Accept", "*/*")
	field("Accept-Language", "de")
	field("Accept-Encoding", "gzip")
	if s.cookie != "" {
		field("Cookie", "a=b; __Host-riskgate-device="+s.cookie)
	}
	return v
}

// collect runs the request up to the score.
func (g *gate) collect(id *models.Identity, s shot) *models.Event {
	g.t.Helper()
	if s.path == "" {
		s.path = "/v1/items"
	}
	if s.status == 0 {
		s.status = 200
	}
	view := s.view()
	ev := &models.Event{Time: s.at, Client: view.Client, Class: s.class, Status: s.status, Passed: s.passed, Login: s.login, BytesOut: s.bytes,
		Activity: s.activity}
	if id != nil {
		ev.Identity, ev.Subject, ev.Pseudonym, ev.Machine = id, id.Subject.Kind, id.Pseudonym, id.Machine()
	}
	ev.Observed.LoginUser, ev.Rulings = g.c.User([]byte(s.user)), s.rulings
	if s.confirmed {
		ev.Features.Flags |= models.IsConfirmed
		ev.Features.Set(models.VerdictNats, -3)
	}
	if s.ended {
		ev.Features.Set(models.SessionKind, models.SessionAfterLogout)
	}
	if s.route == "" {
		s.route = "r"
	}
	route := NewRouteFacts(s.route, "/v1/items/{id}", s.class)
	g.c.Collect(view, id, &route, ev)
	assess(ev)
	return ev
}

// send runs the whole request.
func (g *gate) send(id *models.Identity, s shot) *models.Event {
	g.t.Helper()
	ev := g.collect(id, s)
	if ev.Assessment.Score >= 30 && !s.passed && (id == nil || !id.Machine()) {
		ev.Status, ev.Denial = 401, models.StepUpRequired
	}
	g.c.Observe(ev)
	return ev
}

// assess stands in for the risk engine: weights 1, time 0.5, what one burst says at
// most 6, no other joint cap.
func assess(ev *models.Event) {
	sum, burst, session := 0.0, 0.0, 0.0
	for g, e := range ev.Evidence {
		nats := e.Lambda * e.Confidence
		switch models.Group(g) {
		case models.Time:
			nats *= 0.5
		case models.Rate, models.Enumeration, models.Scrape, models.SlowScrape, models.Path:
			burst += nats
			continue
		case models.Session:
			session = nats
		case models.RecentBehavior:
			continue
		}
		sum += nats
	}
	before := ev.Evidence[models.RecentBehavior].Lambda
	burst = min(6, burst)
	behavior := burst + session
	sum += burst + max(0, before-behavior)
	ev.Assessment.ActorNats = max(before, min(4, behavior))
	ev.Assessment.Nats = sum
	ev.Assessment.Score = 100 / (1 + math.Exp(2.2-0.6*sum))
}

// live lets a user work from an address every weekday: three looks a day.
func (g *gate) live(id *models.Identity, from time.Time, days int, s shot) time.Time {
	g.t.Helper()
	for d := range days {
		for _, h := range []int{0, 3, 7} {
			s.at = from.AddDate(0, 0, d).Add(time.Duration(h) * time.Hour)
			g.send(id, s)
		}
	}
	return from.AddDate(0, 0, days)
}

// populate gives the world a crowd, so that shares and hazards mean something:
// people at home, of whom every tenth look comes from somewhere else.
func (g *gate) populate(from time.Time) {
	agents := []string{chrome, firefox, chrome + " Edg/126.0.0.0"}
	for u := range 400 {
		id := user("crowd" + strconv.Itoa(u))
		for i := range 10 {
			s := shot{at: from.Add(time.Duration(i*5)*time.Hour + time.Duration(u)*time.Second), agent: agents[u%len(agents)]}
			n := u % 50
			if (u+i)%10 == 0 {
				n = (u + i) % 50
			}
			s.addr = netip.AddrFrom4([4]byte{10, byte(n), byte(u >> 8), byte(u)}).String()
			g.send(id, s)
		}
	}
}
