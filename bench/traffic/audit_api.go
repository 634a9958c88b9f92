package traffic

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/riskgate/riskgate/models"
)

// auditedRequests is how many of an attack an audit looks at: its first ones.
const auditedRequests = 20

// requestNames are the attributes of requests of the world API but AuditAll. The pace
// is not among them: every attacker has his own.
var requestNames = []string{
	AuditHour, AuditWeekday, AuditSource, AuditForm, AuditRoute, AuditStatus, AuditBytes,
}

// exemptRequests names what an attack on the world API differs by because it is
// about that: an insider's about what he reads, any other about where it comes from
// and, but for the traveler with a browser like the victim's, with what. Thieves of
// passwords come an hour to ten after a visit, which is at their hour.
func exemptRequests(a Attack, attribute string) bool {
	var about []string
	switch a.Label {
	case Enumeration, SlowScrape:
		about = []string{AuditRoute, AuditStatus, AuditBytes}
	case ImpossibleTravel:
		about = []string{AuditSource}
	case NaiveTakeover, ResidentialProxy:
		about = []string{AuditSource, AuditForm, AuditHour}
	default:
		about = []string{AuditSource, AuditForm}
	}
	return slices.Contains(about, attribute)
}

// onlyItself leaves out the sum where there is one attribute.
func onlyItself(_ Attack, attribute string) bool { return attribute == AuditAll }

// subject is what an audit of requests remembers of one: a sample of his honest
// requests in the days of the attacks, and the attack that is made with his account.
type subject struct {
	machine  bool
	before   int // honest requests before the days of the attacks
	during   int // in them
	visit    string
	length   int // of the visit, in these days
	longest  int // of all visits
	sample   []auditRow
	requests []auditRow
}

// numbers gives a bin to each of some names: the same to all after the 24th.
type numbers map[string]int8

func (n numbers) of(name string) int8 {
	b, ok := n[name]
	if !ok {
		b = int8(min(len(n), auditBins-1))
		n[name] = b
	}
	return b
}

// requestBins turns requests into bins.
type requestBins struct{ sources, forms, routes, statuses numbers }

func (b *requestBins) of(e *Event) [mostAttributes]int8 {
	return [mostAttributes]int8{
		int8(e.Time.Hour()), int8(e.Time.Weekday()), b.sources.of(decimal(int64(e.Place.ASN))),
		b.forms.of(e.JA4), b.routes.of(e.Route), b.statuses.of(decimal(int64(e.Status))), bin(int(e.BytesOut)),
	}
}

// subjects are those of a world API.
type subjects struct {
	bins     requestBins
	from, to time.Time // when attacks begin
	r        *rand.Rand
	of       map[string]*subject
	order    []*subject
}

func newSubjects(c *Config) *subjects {
	from, to := (&plot{c: c}).window()
	return &subjects{
		bins: requestBins{numbers{}, numbers{}, numbers{}, numbers{}}, from: from, to: to,
		r: rand.New(rand.NewPCG(c.Seed, auditedRequests)), of: map[string]*subject{},
	}
}

// take looks at a request, unless it has no credential.
func (all *subjects) take(e *Event) {
	if e.CredentialID == "" {
		return
	}
	s := all.of[e.Person]
	if s == nil {
		s = &subject{machine: e.Subject.Kind == models.Client}
		all.of[e.Person], all.order = s, append(all.order, s)
	}
	switch {
	case e.Label != Honest:
		if len(s.requests) < auditedRequests {
			kind := Attack{Label: e.Label, Variant: e.Variant}
			s.requests = append(s.requests, auditRow{kind: kind, attack: e.Attack, bins: all.bins.of(e)})
		}
	case e.Time.Before(all.from):
		s.before++
	case e.Time.Before(all.to):
		all.draw(s, e)
	}
}

// draw lets an honest request into the sample, in which all have the same chance.
func (all *subjects) draw(s *subject, e *Event) {
	if s.visit != e.CredentialID {
		s.visit, s.length = e.CredentialID, 0
	}
	s.length++
	s.longest = max(s.longest, s.length)
	s.during++
	at := len(s.sample)
	if at < auditedRequests {
		s.sample = append(s.sample, auditRow{})
	} else if at = all.r.IntN(s.during); at >= auditedRequests {
		return
	}
	s.sample[at].bins = all.bins.of(e)
}

// judge judges the requests, then who is attacked: whose account is stolen had a
// visit that is long enough.
func (all *subjects) judge() []Separation {
	requests := &audit{names: requestNames, exempt: exemptRequests}
	people := &audit{names: []string{AuditRarity}, exempt: onlyItself}
	clients := &audit{names: []string{AuditClientRarity}, exempt: onlyItself}
	attacks := map[Attack]int{}
	for i, s := range all.order {
		victims := people
		if s.machine {
			victims = clients
		}
		enough := s.longest >= stolenVisit
		row := auditRow{half: i % 2}
		row.bins[0] = bin(s.before)
		if enough {
			victims.rows = append(victims.rows, row)
		}
		if len(s.requests) == 0 {
			continue
		}
		row.kind, row.attack = s.requests[0].kind, s.requests[0].attack
		attacks[row.kind]++
		row.half = attacks[row.kind] % 2
		requests.saw(row.kind)
		requests.add(s, row)
		if enough {
			victims.saw(row.kind)
			victims.rows = append(victims.rows, row)
		}
	}
	return slices.Concat(requests.judgeAll(), people.judgeAll(), clients.judgeAll())
}

// add enters the requests of an attack, and as many honest ones of its subject.
func (a *audit) add(s *subject, attack auditRow) {
	for _, r := range s.requests {
		r.half = attack.half
		a.rows = append(a.rows, r)
	}
	for _, r := range s.sample[:min(len(s.sample), len(s.requests))] {
		r.kind, r.half = attack.kind, attack.half
		a.rows = append(a.rows, r)
	}
}
