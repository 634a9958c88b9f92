package baseline

import (
	"testing"

	"github.com/riskgate/riskgate/models"
)

// changed is the request of a look that changed the password.
func changed(ev *models.Event) *models.Event {
	ev.Activity = models.PasswordChange
	return ev
}

// taughtBy is a profile of ten days at home, into which a thief brought his network and
// device that many days ago, and every day since.
func taughtBy(days uint32) (p Profile, at uint32) {
	p, at = history()
	for range days {
		Learn(&p, success(at))
		Learn(&p, strangeLook(at+3600))
		at += day
	}
	return p, at
}

func TestChangedPasswordForgetsTheWeekBefore(t *testing.T) {
	for days := range uint32(8) {
		if days == 0 {
			continue
		}
		p, at := taughtBy(days)
		if !p.Own.KnowsNetwork(82) || !p.Own.KnowsFingerprint(84) {
			t.Fatalf("%d days: the thief's look was not learned", days)
		}
		Learn(&p, changed(success(at)))
		if p.Own.KnowsNetwork(82) || p.Own.KnowsFingerprint(84) {
			t.Errorf("%d days: what the thief taught is known", days)
		}
		if !p.Own.KnowsNetwork(2) || !p.Own.KnowsFingerprint(4) || p.Own.Trust(OnASN, 2, true) != 1 {
			t.Errorf("%d days: what was known before is lost, or not trusted", days)
		}
		if p.Local.Sessions != [MaxSessions]Session{} || p.Own.Location.At != 0 {
			t.Errorf("%d days: sessions or place go on", days)
		}
		if !p.Own.frozen(at+frozenDays*day-1) || p.Own.frozen(at+frozenDays*day) {
			t.Errorf("%d days: not frozen for a week", days)
		}
	}
}

// What is known longer, but still on probation, begins its probation anew.
func TestChangedPasswordRestartsProbations(t *testing.T) {
	p, at := taughtBy(15)
	before := p.Own.Trust(OnASN, 82, true)
	Learn(&p, changed(success(at)))
	if after := p.Own.Trust(OnASN, 82, true); before <= 0.1 || after != 0 || !p.Own.KnowsNetwork(82) {
		t.Errorf("trusted with %g before and %g after", before, after)
	}
}

// A thief who changes the password himself forgets his own look.
func TestWhoeverChangesIt(t *testing.T) {
	p, at := history()
	Learn(&p, changed(strangeLook(at)))
	if p.Own.KnowsNetwork(82) || !p.Own.KnowsNetwork(2) {
		t.Error("his network is known, or the owner's is not")
	}
}

// Who has proved himself keeps what he comes with, at once and in full; the thief's is
// forgotten all the same.
func TestProvenOwnerGoesOn(t *testing.T) {
	for name, prove := range map[string]func(*models.Event){
		"passed": func(ev *models.Event) { ev.Passed = true },
		"credit": func(ev *models.Event) { ev.Features.Flags |= models.HoldsCredit },
	} {
		p, at := taughtBy(3)
		ev := changed(success(at))
		ev.Observed.Network, ev.Observed.Fingerprint, ev.Observed.Family = 72, 74, 75
		prove(ev)
		Learn(&p, ev)
		if !p.Own.KnowsNetwork(72) || !p.Own.KnowsFingerprint(74) || p.Own.Trust(OnASN, 72, true) != 1 || p.Own.frozen(at) {
			t.Errorf("%s: his look is not known, not trusted, or nothing more is learned", name)
		}
		if p.Own.KnowsNetwork(82) {
			t.Errorf("%s: the thief's network is known", name)
		}
	}
}

// A thief on the network of a carrier that its victim proved himself on, with the same
// model of telephone, holds what is left of the credit. The token he was given is not
// trusted for that; one that was, is.
func TestCreditTrustsNoToken(t *testing.T) {
	for name, trusted := range map[string]bool{"thief": false, "owner": true} {
		p, at := history()
		show := func(ev *models.Event) *models.Event {
			ev.Observed.DeviceToken = 99
			ev.Features.Set(models.TokenStatus, models.TokenValid)
			return ev
		}
		Learn(&p, show(success(at)))
		if trusted {
			p.Own.vouch(OnToken, 99)
		}
		before := p.Own.Trust(OnToken, 99, false)
		ev := show(changed(success(at + 3600)))
		ev.Features.Flags |= models.HoldsCredit
		Learn(&p, ev)
		if after := p.Own.Trust(OnToken, 99, false); after != before || (after == 1) != trusted {
			t.Errorf("%s: a token trusted with %g is trusted with %g", name, before, after)
		}
		ev.Passed = true
		if Learn(&p, ev); p.Own.Trust(OnToken, 99, false) != 1 {
			t.Errorf("%s: a token with which a step-up was passed is not trusted", name)
		}
	}
}

// Nor does credit prove anything where the request was forwarded in shadow only.
func TestCreditOfWhoShouldBeAsked(t *testing.T) {
	p, at := history()
	ev := changed(strangeLook(at))
	ev.Features.Flags |= models.HoldsCredit
	ev.Assessment.Score = watchfulScore
	Learn(&p, ev)
	if p.Own.KnowsNetwork(82) || !p.Own.frozen(at) {
		t.Error("his network is known, or the profile is not frozen")
	}
}

// The first password of an account is often changed on its first day: there is nothing
// older to protect, and nothing is frozen.
func TestYoungAccountsGoOn(t *testing.T) {
	var p Profile
	for d := range uint32(changedDays) {
		Learn(&p, changed(success(t0+d*day)))
	}
	if p.Own.frozen(t0+changedDays*day) || !p.Own.KnowsNetwork(2) || p.Own.Days != changedDays {
		t.Errorf("frozen %v, %d days", p.Own.frozen(t0+changedDays*day), p.Own.Days)
	}
}

// Machine clients have no password.
func TestMachinesChangeNone(t *testing.T) {
	p, at := history()
	ev := changed(strangeLook(at))
	ev.Subject = models.Client
	Learn(&p, ev)
	if p.Own.frozen(at) || !p.Own.KnowsNetwork(82) {
		t.Error("a machine client was frozen, or forgot")
	}
}
