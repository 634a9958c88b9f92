package signals

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

// reader is a person with a way of working: a list, some items of it, sometimes a
// report, at uneven intervals, twice a day from home.
type reader struct {
	g  *gate
	id *models.Identity
	r  *rand.Rand
	on shot
}

func newReader(t testing.TB) *reader {
	g := newGate(t, earth, nil)
	g.populate(day0.AddDate(0, 0, -3))
	return &reader{g: g, id: user("ada"), r: rand.New(rand.NewPCG(21, 22)), on: shot{addr: home, agent: firefox, ja4: ja4}}
}

// visit is one session, of which each event is shown to see.
func (p *reader) visit(at time.Time, see func(*models.Event)) time.Time {
	send := func(route, path string, bytes int64) {
		s := p.on
		s.at, s.route, s.path, s.bytes = at, route, path, bytes
		see(p.g.send(p.id, s))
		at = at.Add(time.Duration(1+p.r.ExpFloat64()*p.r.ExpFloat64()*30) * time.Second)
	}
	for range 3 + p.r.IntN(5) {
		send("list", "/v1/items", 40_000)
		for range 1 + p.r.IntN(6) {
			send("item", "/v1/items/"+strconv.Itoa(p.r.IntN(5000)), 8_000)
		}
		if p.r.IntN(3) == 0 {
			send("report", "/v1/report", 200_000)
		}
	}
	return at
}

// work is so many days of it.
func (p *reader) work(from time.Time, days int, see func(*models.Event)) time.Time {
	for d := range days {
		p.visit(from.AddDate(0, 0, d), see)
		p.visit(from.AddDate(0, 0, d).Add(time.Duration(180+p.r.IntN(240))*time.Minute), see)
	}
	return from.AddDate(0, 0, days)
}

func ignore(*models.Event) {}

// tally is what became of a stretch of requests.
type tally struct {
	n, first int // requests, and the first that was asked to step up; 0: none
	highest  float64
	nats     [models.NumGroups]float64 // most that each group said
}

func (c *tally) see(ev *models.Event) {
	c.n++
	if score(ev) >= 30 && c.first == 0 {
		c.first = c.n
	}
	c.highest = max(c.highest, score(ev))
	for g, e := range ev.Evidence {
		c.nats[g] = max(c.nats[g], e.Lambda*e.Confidence)
	}
}

var burstAndRhythm = []models.Group{models.Rate, models.Enumeration, models.Scrape, models.SlowScrape, models.Path, models.Rhythm}

func (c *tally) log(t *testing.T, what string) {
	t.Helper()
	t.Logf("%s: highest score %.1f of %d, step-up at %d", what, c.highest, c.n, c.first)
	for _, g := range burstAndRhythm {
		t.Logf("  %-12s at most %.2f nats", g, c.nats[g])
	}
}

// Who works as always is not asked, and none of the groups is a hit.
func TestReaderIsQuiet(t *testing.T) {
	p := newReader(t)
	at := p.work(day0, 30, ignore)
	var c tally
	p.work(at, 30, c.see)
	c.log(t, "thirty days as always")
	for _, g := range burstAndRhythm {
		if c.nats[g] >= 1.5 {
			t.Errorf("%s says %g of a day as always", g, c.nats[g])
		}
	}
	if c.highest >= 20 {
		t.Errorf("score %.1f", c.highest)
	}
}

// One request in forty seconds, a day long, each for another object: no minute
// and no hour of it is busy.
func TestSlowScrape(t *testing.T) {
	p := newReader(t)
	at := p.work(day0, 30, ignore)
	var c tally
	for i := range 24 * 90 {
		s := p.on
		s.at, s.route, s.path, s.bytes = at.Add(time.Duration(20+40*p.r.Float64()+float64(40*i))*time.Second), "item", "/v1/items/"+strconv.Itoa(7*i), 8_000
		c.see(p.g.send(p.id, s))
	}
	c.log(t, "slow scrape")
	if c.nats[models.SlowScrape] < 2 || c.nats[models.Rate] >= 0.5 {
		t.Errorf("slow scrape says %g, rate %g", c.nats[models.SlowScrape], c.nats[models.Rate])
	}
	if c.first == 0 {
		t.Error("not asked to step up within the day")
	}
}

// A few requests for everything at once: neither many nor for many objects.
func TestScrape(t *testing.T) {
	p := newReader(t)
	at := p.work(day0, 30, ignore)
	var c tally
	for i := range 40 {
		s := p.on
		s.at, s.route, s.path, s.bytes = at.Add(time.Duration(i)*time.Minute), "report", "/v1/report", 60<<20
		c.see(p.g.send(p.id, s))
	}
	c.log(t, "scrape by bytes")
	if c.nats[models.Scrape] < 2 || c.nats[models.Rate] >= 0.5 || c.nats[models.SlowScrape] != 0 {
		t.Errorf("scrape says %g, rate %g", c.nats[models.Scrape], c.nats[models.Rate])
	}
}

// Who takes a session over does not know how its owner works. Of nine thieves, each
// on routes of his own, the one in the middle; some routes share a cell with usual
// ones.
func TestStrangePath(t *testing.T) {
	var said []float64
	for thief := range 9 {
		p := newReader(t)
		at := p.work(day0, 30, ignore)
		var c tally
		for i := range 30 {
			s := p.on
			s.at, s.route, s.path = at.Add(time.Duration(10*i)*time.Second), "route"+strconv.Itoa(5*thief+p.r.IntN(5)), "/v1/other"
			c.see(p.g.send(p.id, s))
		}
		said = append(said, c.nats[models.Path])
	}
	slices.Sort(said)
	t.Logf("path says %.2f", said)
	if said[len(said)/2] < 2 {
		t.Errorf("path says %.2f", said)
	}
}

// A program takes turns with its pace, a person does not.
func TestRhythm(t *testing.T) {
	p := newReader(t)
	at := p.work(day0, 30, ignore)
	var c tally
	for i := range 60 {
		s := p.on
		s.at, s.route, s.path, s.bytes = at.Add(time.Duration(20*i)*time.Second), []string{"list", "item"}[i%2], "/v1/items", 8_000
		c.see(p.g.send(p.id, s))
	}
	c.log(t, "even pace")
	if c.nats[models.Rhythm] < 0.5 {
		t.Errorf("rhythm says %g", c.nats[models.Rhythm])
	}
}

// A machine client that exports thousands of objects every night, never the same,
// is no news after its first nights. On its key being used for everything by day
// it is.
func TestNightlyExport(t *testing.T) {
	g := newGate(t, earth, nil)
	g.populate(day0.AddDate(0, 0, -3))
	billing := machine("billing")
	r := rand.New(rand.NewPCG(23, 24))
	object := 0
	export := func(at time.Time, objects int, every time.Duration, c *tally) {
		for i := range objects {
			object += 1 + r.IntN(3)
			c.see(g.send(billing, shot{at: at.Add(time.Duration(i) * every), addr: munich, agent: "python-requests/2.32", route: "item",
				path: "/v1/items/" + strconv.Itoa(object), bytes: 20_000}))
		}
	}
	var early, later tally
	for night := range 30 {
		c := &early
		if night >= 3 {
			c = &later
		}
		export(day0.AddDate(0, 0, night).Add(17*time.Hour+time.Duration(r.IntN(300))*time.Second), 2500+r.IntN(1000), 300*time.Millisecond, c)
	}
	early.log(t, "the first three nights")
	later.log(t, "the others")
	if later.first > 0 || later.highest >= 20 {
		t.Errorf("score %.1f of a nightly export", later.highest)
	}
	for _, group := range []models.Group{models.Rate, models.Scrape, models.SlowScrape, models.Path, models.Rhythm} {
		if later.nats[group] >= 0.5 {
			t.Errorf("%s says %g of a nightly export", group, later.nats[group])
		}
	}
}

// The first use of an admin route says more of a clerk, of whose colleagues nobody
// uses one, than of an administrator.
func TestRareForTheRole(t *testing.T) {
	g := newGate(t, earth, nil)
	person := func(name, role string) *models.Identity {
		id := user(name)
		id.Roles = []string{role}
		return id
	}
	work := func(id *models.Identity, class models.Class) {
		for d := range 4 {
			for h := range 3 {
				g.send(id, shot{at: day0.AddDate(0, 0, d).Add(time.Duration(3*h) * time.Hour), addr: home, agent: firefox, ja4: ja4, class: class})
			}
		}
	}
	for i := range 20 {
		work(person("clerk"+strconv.Itoa(i), "clerk"), models.Normal)
		work(person("root"+strconv.Itoa(i), "admin"), models.Admin)
	}
	clerk, admin, rarity := person("newclerk", "clerk"), person("newadmin", "admin"), person("auditor", "auditor")
	for _, id := range []*models.Identity{clerk, admin, rarity} {
		work(id, models.Normal)
	}
	use := func(id *models.Identity) models.Evidence {
		return g.collect(id, shot{at: day0.AddDate(0, 0, 4), addr: home, agent: firefox, ja4: ja4, class: models.Admin}).Evidence[models.Privilege]
	}
	if e := use(clerk); e.Lambda != 2 || e.Facts[1].Code != models.FactRare {
		t.Errorf("a clerk: %+v", e)
	}
	if e := use(admin); e.Lambda != 1 || e.Facts[1].Code != models.NoFact {
		t.Errorf("an administrator: %+v", e)
	}
	if e := use(rarity); e.Lambda != 1 {
		t.Errorf("a role hardly seen: %+v", e)
	}
}
