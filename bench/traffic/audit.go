package traffic

import (
	"iter"
	"math"
	"slices"
	"time"
)

// Separation says how well one attribute tells the attacks of one kind from
// honest events.
type Separation struct {
	Label     Label
	Variant   Variant
	Attribute string
	// AUC is the area under the ROC curve of a judge that learned the attribute's
	// frequencies from one half of the events and was tested on the other: 0.5 for
	// none, 1 for certainty.
	AUC float64
	// Attacks is how many were judged, Honest by how many events.
	Attacks, Honest int
}

// The bounds of an audit. Of fewer than LeastAudited the AUC of nothing at all is above
// MostSeparation now and then.
const (
	MostSeparation = 0.6
	LeastAudited   = 100
)

// Judged reports whether there are enough attacks, and honest events.
func (s *Separation) Judged() bool { return min(s.Attacks, s.Honest) >= LeastAudited }

// Told reports whether the attacks are told apart by what must not differ.
func (s *Separation) Told() bool { return s.Judged() && s.AUC > MostSeparation }

// The attributes that an audit looks at. None may tell an attack that stands for
// a genuine login, or is made with the account of a genuine user, from one, unless
// the attack is about that attribute.
const (
	AuditHour    = "hour"     // of the day, UTC
	AuditWeekday = "weekday"  // UTC
	AuditRarity  = "rarity"   // logins of the account in the whole world; requests before the attacks
	AuditHistory = "history"  // logins of the account before this one
	AuditGap     = "gap"      // since the account's last login
	AuditUntil   = "until"    // the account's next login
	AuditSource  = "source"   // what sort of network: home, carrier, VPN, hosting
	AuditForm    = "form"     // what sort of device
	AuditRoute   = "route"    // of the request
	AuditStatus  = "status"   // of the answer
	AuditBytes   = "bytes"    // size of the answer's body
	AuditAll     = "together" // the sum of all evidence above

	AuditClientRarity = "client_rarity" // AuditRarity of machine clients
)

// auditNames are those of login worlds but AuditAll.
var auditNames = []string{
	AuditHour, AuditWeekday, AuditRarity, AuditHistory, AuditGap, AuditUntil, AuditSource, AuditForm,
}

// exempt names what an attack on a login world differs by because it is about that.
func exempt(a Attack, attribute string) bool {
	switch {
	case a.Label == ResidentialProxy || a.Variant == VPNExit:
		return attribute == AuditSource
	case a.Variant == OwnHour:
		return attribute == AuditHour || attribute == AuditGap || attribute == AuditUntil
	}
	return false
}

// Audit tries to tell the attacks of a world from what is honest by what must not
// differ, within the days in which there are attacks. An AUC above MostSeparation
// means that whoever is judged on these events may have learned the generator instead
// of the attack. Attributes that an attack is about are left out.
//
// In the worlds A and B each attack is held against honest logins. In the world API
// the first requests of those that are made with somebody's account are held against
// as many honest ones of the same subjects, and the people and clients who are
// attacked against all who came for as long; a campaign of stuffing has no such
// subjects.
func (c Config) Audit() []Separation {
	if c.World != WorldAPI {
		return auditLogins(c.Events())
	}
	s := newSubjects(&c)
	for e := range c.Without(Stuffing).Events() {
		s.take(e)
	}
	return s.judge()
}

func auditLogins(events iter.Seq[*Event]) []Separation { return readAudit(events).judgeAll() }

// auditRow is what an audit remembers of an event: bins of the attributes.
type auditRow struct {
	kind   Attack // Count 0; zero: to be held against every kind
	attack int    // serial number, 0: honest
	half   int    // 0 or 1: the judge learns one and is tested on the other
	bins   [mostAttributes]int8
}

const (
	mostAttributes = 8 // of one event
	auditBins      = 25
)

type audit struct {
	names  []string // of the bins, in their order
	exempt func(Attack, string) bool
	rows   []auditRow
	kinds  []Attack
}

// saw notes a kind of attack.
func (a *audit) saw(kind Attack) {
	if !slices.Contains(a.kinds, kind) {
		a.kinds = append(a.kinds, kind)
	}
}

// account is what an audit counts of one person.
type account struct {
	logins int
	last   time.Time
	row    int // of the last login, -1: before the attacks
}

func readAudit(events iter.Seq[*Event]) *audit {
	a := &audit{names: auditNames, exempt: exempt}
	accounts := map[string]*account{}
	var rows []auditRow
	var people []*account
	first := -1
	for e := range events {
		if first < 0 && e.Label != Honest {
			first = len(rows)
		}
		p := accounts[e.Person]
		if p == nil {
			p = &account{row: -1}
			accounts[e.Person] = p
		}
		gap := e.Time.Sub(p.last)
		r := auditRow{attack: e.Attack}
		if e.Label != Honest {
			r.kind = Attack{Label: e.Label, Variant: e.Variant}
			a.saw(r.kind)
		}
		r.bins = [mostAttributes]int8{
			int8(e.Time.Hour()), int8(e.Time.Weekday()), 0, bin(p.logins), duration(gap, p.logins > 0), 24,
			sourceBin(e), formBin(e),
		}
		if p.row >= 0 {
			rows[p.row].bins[5] = duration(gap, true)
		}
		p.logins++
		p.last, p.row = e.Time, len(rows)
		rows, people = append(rows, r), append(people, p)
	}
	for i, p := range people {
		rows[i].bins[2] = bin(p.logins)
	}
	a.rows = rows[max(0, first):]
	for i := range a.rows {
		a.rows[i].half = i % 2
	}
	return a
}

// bin returns the bin of a count: one for each doubling.
func bin(n int) int8 { return int8(min(24, int(math.Log2(float64(n+1))))) }

// duration returns the bin of a time: 30 s and less, then one for each doubling;
// 24 where there is none.
func duration(d time.Duration, known bool) int8 {
	if !known {
		return 24
	}
	return bin(int(d.Seconds() / 30))
}

func sourceBin(e *Event) int8 {
	if b := blockOf(e.Address); b != nil {
		return int8(b.kind)
	}
	return 24
}

func formBin(e *Event) int8 { return int8(slices.Index(formNames[:], e.DeviceType) + 1) }

// ForAudit returns the world with attacks of each kind enough to be audited, as far as
// it has victims.
func (c Config) ForAudit() Config {
	n := 2 * LeastAudited
	if c.World == WorldAPI {
		n = min(c.Users/35, c.Machines/3)
	}
	c.Attacks = slices.Clone(c.Attacks)
	for i := range c.Attacks {
		c.Attacks[i].Count = max(c.Attacks[i].Count, n)
	}
	return c
}
