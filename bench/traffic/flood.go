package traffic

import (
	"iter"
	"math/rand/v2"
	"time"

	"github.com/riskgate/riskgate/models"
)

// FloodPlan is somebody who sends very many requests with high scores, so that a
// threshold that follows the scores moves above him, then attacks.
type FloodPlan struct {
	// Victim is an honest event of the victim of the attack at the end, from whose
	// time on the flood lasts Over. Its class and route are those of the flood.
	Victim   Event
	Over     time.Duration // above 0
	Requests int           // 1,000,000 in reports
	// Accounts is how many the attacker has: half of the requests show a valid token
	// of one of them, the rest no credential.
	Accounts int
	// Own, unless empty, are accounts that he has in the world for long, instead of
	// Accounts new ones.
	Own  []string
	Seed uint64
}

// Events returns the flood in order of time, Attack 1, then the takeover of the
// victim, Attack 2. Every request comes from another network of the world with
// another device. The event passed on is reused.
func (p FloodPlan) Events() iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		r := rand.New(rand.NewPCG(p.Seed, mix(floodStream<<56)))
		known := claims{map[[3]int]*claim{}}
		step := p.Over / time.Duration(p.Requests+1)
		var e Event
		for n := range p.Requests + 1 {
			e = p.Victim
			e.Time = p.Victim.Time.Add(time.Duration(n+1) * step)
			e.Label, e.Attack, e.TokenLost, e.Device = ThresholdFlood, 1, false, 0
			if n == p.Requests {
				e.Attack = 2
				e.CredentialID, e.AuthTime = e.Person+"-flood", e.Time
			} else {
				p.account(&e, r)
			}
			to := foreign(r, &p.Victim)
			if p.Victim.DeviceType == "" { // of the world API
				e.move(to)
				newDevice(r, chance(r, 0.4)).show(&e, 0)
			} else {
				f := face{claim: known.of(drawModel(r, form(r.IntN(3))), r.IntN(8), r.IntN(builds)), address: to, at: blockOf(to)}
				f.show(&e)
			}
			if !yield(&e) {
				return
			}
		}
	}
}

// account fills in who one request of the flood is of.
func (p FloodPlan) account(e *Event, r *rand.Rand) {
	e.Person = "flood-" + decimal(int64(r.IntN(max(1, p.Accounts))))
	if len(p.Own) > 0 {
		e.Person = pick(r, p.Own)
	}
	if p.Accounts+len(p.Own) == 0 || chance(r, 0.5) {
		e.Subject, e.Credential, e.CredentialID, e.AuthTime = models.Subject{}, models.NoCredential, "", time.Time{}
		return
	}
	e.Subject = models.Subject{Kind: models.User, Issuer: UserIssuer, ID: e.Person}
	e.Credential, e.CredentialID, e.AuthTime = models.JWT, e.Person+"-"+decimal(r.Int64N(1<<40)), e.Time
}
