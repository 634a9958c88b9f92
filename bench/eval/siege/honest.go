package siege

import (
	"math"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
)

// Honest is what honest subjects felt, by day and subject, once the gate is warm.
// Days on which a subject was attacked, and the day after, are not counted.
type Honest struct {
	People   Days `json:"people"`
	Machines Days `json:"machines"`
	// Exports are the days of machines with a nightly export, counted in Machines
	// too.
	Exports Days `json:"nightly_exports"`
	// Twins are the days of people who switched on a VPN in the middle of a visit,
	// counted in People too.
	Twins Days `json:"vpn_switched_on"`
	// Sessions and SteppedUp are of people.
	Sessions  int `json:"sessions"`
	SteppedUp int `json:"sessions_stepped_up"`
}

// Days counts days of subjects.
type Days struct {
	Days int `json:"subject_days"`
	// Alarms are those with a request that was caught; Behavior those with one
	// that would not have been without what the subject did: rate, objects, path,
	// session and the like, whereas place, device, token and hour did not suffice.
	Alarms   int            `json:"with_alarm"`
	Behavior int            `json:"with_alarm_by_behavior"`
	Reasons  map[string]int `json:"first_reasons"`
}

// Share is the part of the days with an alarm by behavior.
func (d Days) Share() float64 { return float64(d.Behavior) / float64(max(1, d.Days)) }

// today is one subject's day so far.
type today struct {
	day             int // -1: never called
	highest         highest
	machine, export bool
	twin            bool
	alarm, behavior bool
	reason          string
	lastAttack      time.Time
	session         string
	stepped         bool // in this session
}

type honest struct {
	Honest
	config       *Config
	subjects     map[string]*today
	before, days []highest // scores of a day, before and after attacks begin
	firstAttack  int       // day
}

func newHonest(c *Config) *honest {
	return &honest{config: c, subjects: map[string]*today{}, firstAttack: c.World.FirstAttackDay()}
}

func (h *honest) day(at time.Time) int { return int(at.Sub(h.config.World.Start).Hours() / 24) }

func (h *honest) subject(person string) *today {
	t := h.subjects[person]
	if t == nil {
		t = &today{day: -1}
		h.subjects[person] = t
	}
	return t
}

// attacked notes that a subject is not alone today.
func (h *honest) attacked(e *traffic.Event) {
	if e.Label != traffic.Stuffing {
		h.subject(e.Person).lastAttack = e.Time
	}
}

// take counts an honest request of an authenticated subject.
func (h *honest) take(e *traffic.Event, ev *models.Event, scores []float32) {
	t := h.subject(e.Person)
	if day := h.day(e.Time); day != t.day {
		h.close(t)
		*t = today{day: day, lastAttack: t.lastAttack, session: t.session, stepped: t.stepped, machine: ev.Machine}
	}
	t.highest.take(scores)
	t.export = t.export || e.Variant == traffic.NightExport
	t.twin = t.twin || e.Variant == traffic.BenignTwin
	caught := Caught(ev)
	if h.warm(e.Time) && !ev.Machine {
		h.visit(t, e.CredentialID, caught)
	}
	if !caught {
		return
	}
	if !t.alarm {
		t.alarm = true
		if top := ev.Assessment.Top(); len(top) > 0 {
			t.reason = top[0].String()
		}
	}
	t.behavior = t.behavior || byBehavior(ev, h.config.Risk.Classes.Normal.StepUp)
}

func (h *honest) visit(t *today, session string, caught bool) {
	if session != t.session {
		t.session, t.stepped = session, false
		h.Sessions++
	}
	if caught && !t.stepped {
		t.stepped = true
		h.SteppedUp++
	}
}

func (h *honest) warm(at time.Time) bool { return at.Sub(h.config.World.Start) >= Warm }

// close counts a day that is over.
func (h *honest) close(t *today) {
	if t.day < int(Warm.Hours()/24) {
		return
	}
	if !t.lastAttack.IsZero() && t.day <= h.day(t.lastAttack)+1 {
		return
	}
	if t.day < h.firstAttack {
		h.before = append(h.before, t.highest)
	} else {
		h.days = append(h.days, t.highest)
	}
	d := &h.People
	if t.machine {
		d = &h.Machines
	}
	d.count(t)
	if t.export {
		h.Exports.count(t)
	}
	if t.twin {
		h.Twins.count(t)
	}
}

func (d *Days) count(t *today) {
	d.Days++
	if t.alarm {
		if d.Reasons == nil {
			d.Reasons = map[string]int{}
		}
		d.Alarms++
		d.Reasons[t.reason]++
	}
	if t.behavior {
		d.Behavior++
	}
}

func (h *honest) end() {
	for _, t := range h.subjects {
		h.close(t)
	}
}

// who and where somebody is: the groups that are no behavior.
var standing = map[models.Group]bool{
	models.Network: true, models.Infrastructure: true, models.Device: true, models.Token: true, models.ClientSanity: true,
	models.Time: true, models.Travel: true, models.Failures: true, models.Privilege: true, models.Dormancy: true,
	models.Payload: true, models.Verdict: true, models.Credit: true, models.RTT: true,
}

// byBehavior reports whether the score would stay below the threshold without the
// groups of behavior.
func byBehavior(ev *models.Event, threshold float64) bool {
	nats, behavior := ev.Assessment.Nats, 0.0
	for g := range models.NumGroups {
		if !standing[g] {
			behavior += max(0, ev.Assessment.Contributions[g].Nats)
		}
	}
	if behavior == 0 || nats == 0 {
		return false
	}
	// Log-odds are linear in nats: the slope follows from the score and its base.
	base := math.Log(ev.Assessment.Base / (100 - ev.Assessment.Base))
	slope := (float64(logOdds(ev.Assessment.Score)) - base) / nats
	return slope*(nats-behavior)+base < math.Log(threshold/(100-threshold))
}
