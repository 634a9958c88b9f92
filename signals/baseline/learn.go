package baseline

import (
	"math"
	"time"

	"github.com/riskgate/riskgate/models"
)

// The limits of learning.
const (
	calmScore      = 20 // scores below teach with half a success
	watchfulScore  = 30 // scores below teach with a tenth
	behaviorLife   = 15 * 60
	enrollingLimit = 200 // verified successes
	enrollingDays  = 7
	enrollingLeast = 3    // distinct days, however many successes they had
	quietNats      = 0.5  // of behavior, below which a machine client does what it always does
	pathWeight     = 0.25 // of a success from which on the order of endpoints is learned
)

// Stamp is a time as profiles keep it: unix seconds, zero before 1970.
func Stamp(t time.Time) uint32 {
	return uint32(min(max(t.Unix(), 0), math.MaxUint32))
}

// Learn folds one event into the profile of its subject. But for Correct it is the
// only way a profile changes. It reads nothing but its arguments, so that recorded events
// can be learned again, in their order. It reports whether the event may also
// teach what is normal for the world.
func Learn(p *Profile, ev *models.Event) (share bool) {
	now := Stamp(ev.Time)
	share = p.learn(ev, now)
	if ev.Activity == models.PasswordChange && ev.Subject == models.User {
		p.changePassword(ev, now)
	}
	return share
}

func (p *Profile) learn(ev *models.Event, now uint32) (share bool) {
	ended := ev.Features.AfterLogout()
	if ended && ev.Denial != "" { // else who holds an old token could have its owner refused
		return false
	}
	weight := p.Own.weigh(ev, now)
	p.Local.count(ev, weight >= pathWeight, now)
	if ev.Subject == models.Anonymous {
		return false
	}
	p.Own.countStepUp(ev, now)
	if ended { // it belongs to no session any more
		return false
	}
	if weight > 0 {
		p.Local.peak(uint16(now / 3600))
	}
	session := p.Local.attend(&p.Own, ev, now)
	if weight == 0 {
		return false
	}
	// The look of a session teaches; where it was refused or failed, its first
	// verified success does. A passed step-up always does.
	// Only a look that was due to something new tells how often novelty is normal,
	// and what is common in the world.
	teaches := ev.Passed || session.Token&taught == 0
	again := session.Token&renewed != 0
	if teaches {
		p.Own.learnLook(ev, weight, now, again)
		session.Token |= taught
	}
	p.Own.succeed(now)
	p.Local.Classes |= 1 << ev.Class
	hour := uint16(now / 3600)
	share = teaches && !again && p.Local.GlobalHour != hour
	if share {
		p.Local.GlobalHour = hour
	}
	return share
}

// weigh returns what an event teaches this subject: nothing while it is frozen.
func (c *Contribution) weigh(ev *models.Event, now uint32) float64 {
	if ev.Subject == models.Anonymous || !ev.Passed && c.frozen(now) {
		return 0
	}
	return omega(ev)
}

// count notes what every request leaves behind, refused ones included. Calm says
// that its place in the order of endpoints is learned.
func (l *Local) count(ev *models.Event, calm bool, now uint32) {
	gap := l.Gap(now)
	l.decay(now)
	l.roll(now)
	l.Minute = min(l.Minute+1, maxWeight)
	l.Hour = min(l.Hour+1, maxWeight)
	l.Bytes = min(l.Bytes+float32(max(0, ev.BytesOut)), maxBytes)
	l.Actor = max(l.Actor, float32(ev.Assessment.ActorNats))
	others := l.Objects.See(ev.Observed.Object, ev.Observed.ObjectSeq, now)
	l.Daily.See(ev.Observed.Object, uint16(now/day))
	l.Daily.Longest = max(l.Daily.Longest, l.Objects.Run)
	if refusedByScore(ev) {
		l.Classes |= refusedToday
	}
	l.Paths.See(ev.Observed.Endpoint, gap, calm, now)
	l.Rhythm.See(gap)
	if withheld(ev) {
		l.Objects.Refused = saturate(uint32(l.Objects.Refused) + others)
	}
	if ev.Login == models.LoginFailed {
		l.Fail(now)
	}
}

// withheld reports whether upstream or policy kept an object from the caller.
// What the score refused is no evidence: it would feed the score that refused it.
func withheld(ev *models.Event) bool {
	return (ev.Status == 403 || ev.Status == 404) && !refusedByScore(ev)
}

func refusedByScore(ev *models.Event) bool {
	return ev.Denial == models.RiskDenied || ev.Denial == models.StepUpExhausted
}

// Fail notes a failed login of the subject.
func (l *Local) Fail(now uint32) {
	l.decay(now)
	l.Failures = min(l.Failures+1, maxWeight)
}

// decay brings the counters to time now.
func (l *Local) decay(now uint32) {
	if now > l.At {
		l.Minute *= float32(halved(l.At, now, 60))
		hour, quarter := float32(halved(l.At, now, 3600)), float32(halved(l.At, now, behaviorLife))
		l.Hour *= hour
		l.Bytes *= hour
		l.Failures *= quarter
		l.Actor *= quarter
		l.At = now
	}
}

// countStepUp notes a passed or a failed step-up.
func (c *Contribution) countStepUp(ev *models.Event, now uint32) {
	if ev.Passed {
		c.Passed += min(1, ^c.Passed)
		c.thaw()
	}
	if ev.Denial == models.StepUpExhausted {
		c.Failed += min(1, ^c.Failed)
		c.freeze(now)
	}
}

// Teaches reports whether an event is a verified success that is learned from.
func Teaches(ev *models.Event) bool { return omega(ev) > 0 }

// omega returns what an event teaches: the weight of a verified success, 0 for
// everything else.
func omega(ev *models.Event) float64 {
	f := &ev.Features
	score := ev.Assessment.Score
	switch {
	case !verified(ev):
		return 0
	case ev.Passed || f.Has(models.IsConfirmed):
		return 1
	case f.Get(models.VerdictNats) > 0:
		return 0
	case f.Has(models.IsMachine | models.DeclaredSource):
		return 0.5
	case f.Has(models.IsMachine | models.IsEnrolling):
		return 0.25
	case score < calmScore:
		return 0.5
	case score < watchfulScore, movedMachine(ev):
		return 0.1
	}
	return 0
}

// movedMachine reports whether a machine client does what it always does, but from
// elsewhere or with something else. It cannot step up, so that its use of a new
// place has to count in the end whatever the place costs: see machineTrust.
func movedMachine(ev *models.Event) bool {
	return ev.Features.Has(models.IsMachine) && ev.Assessment.ActorNats < quietNats
}

// verified reports whether a request was let through, answered well, and showed
// no sign of attack besides novelty.
func verified(ev *models.Event) bool {
	e := &ev.Evidence
	return ev.Denial == "" && ev.Status >= 200 && ev.Status < 400 &&
		ev.Login != models.LoginFailed &&
		e[models.Session].State != models.Hit &&
		e[models.Payload].State != models.Hit &&
		e[models.Infrastructure].State != models.Hit
}

// succeed counts a verified success.
func (c *Contribution) succeed(now uint32) {
	if c.First == 0 {
		c.First = now
	}
	if c.Successes < math.MaxUint32 {
		c.Successes++
	}
	if c.Days == 0 || now/day > c.Last/day {
		c.Days = saturate(uint32(c.Days) + 1)
	}
	c.Last = max(c.Last, now)
}

// Enrolling reports whether a machine client is still in its first days.
func (c *Contribution) Enrolling(now uint32) bool {
	return (c.Successes < enrollingLimit || c.Days < enrollingLeast) && (c.First == 0 || now < c.First+enrollingDays*day)
}
