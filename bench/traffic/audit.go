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
	// Attacks is how many were judged.
	Attacks int
}

// The attributes that an audit looks at. None may tell an attack that stands for
// a genuine login from one, unless the attack is about that attribute.
const (
	AuditHour    = "hour"     // of the day, UTC
	AuditWeekday = "weekday"  // UTC
	AuditRarity  = "rarity"   // logins of the account in the whole world
	AuditHistory = "history"  // logins of the account before this one
	AuditGap     = "gap"      // since the account's last login
	AuditUntil   = "until"    // the account's next login
	AuditSource  = "source"   // what sort of network: home, carrier, VPN, hosting
	AuditForm    = "form"     // what sort of device
	AuditAll     = "together" // the sum of all evidence above
)

var auditNames = []string{
	AuditHour, AuditWeekday, AuditRarity, AuditHistory, AuditGap, AuditUntil, AuditSource, AuditForm, AuditAll,
}

// exempt names what an attack differs by because it is about that.
func exempt(a Attack, attribute string) bool {
	switch {
	case a.Label == ResidentialProxy || a.Variant == VPNExit:
		return attribute == AuditSource
	case a.Variant == OwnHour:
		return attribute == AuditHour || attribute == AuditGap || attribute == AuditUntil
	}
	return false
}

// Audit tries to tell the attacks of a login world from honest logins by what
// must not differ, within the days in which there are attacks. An AUC above 0.6
// means that whoever is judged on these events may have learned the generator
// instead of the attack. Attributes that an attack is about are left out.
func Audit(events iter.Seq[*Event]) []Separation {
	a := readAudit(events)
	var found []Separation
	for _, kind := range a.kinds {
		found = append(found, a.judge(kind)...)
	}
	return found
}

// auditRow is what an audit remembers of an event: bins of the attributes.
type auditRow struct {
	attack Attack // Count 0
	bins   [attributes]int8
}

// attributes is how many an audit looks at one by one: all names but the last.
const attributes = 8

type audit struct {
	rows  []auditRow
	kinds []Attack
}

// account is what an audit counts of one person.
type account struct {
	logins int
	last   time.Time
	row    int // of the last login, -1: before the attacks
}

func readAudit(events iter.Seq[*Event]) *audit {
	a := &audit{}
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
		r := auditRow{attack: Attack{Label: e.Label, Variant: e.Variant}}
		r.bins = [attributes]int8{
			int8(e.Time.Hour()), int8(e.Time.Weekday()), 0, bin(p.logins), duration(gap, p.logins > 0), 24,
			sourceBin(e), formBin(e),
		}
		if p.row >= 0 {
			rows[p.row].bins[5] = duration(gap, true)
		}
		p.logins++
		p.last, p.row = e.Time, len(rows)
		rows, people = append(rows, r), append(people, p)
		if r.attack.Label != Honest && !slices.Contains(a.kinds, r.attack) {
			a.kinds = append(a.kinds, r.attack)
		}
	}
	for i, p := range people {
		rows[i].bins[2] = bin(p.logins)
	}
	a.rows = rows[max(0, first):]
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
