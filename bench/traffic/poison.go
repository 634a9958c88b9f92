package traffic

import (
	"iter"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/riskgate/riskgate/models"
)

// PoisonPlan is an attacker who has a victim's session and waits: one quiet
// request an hour from an ASN abroad that the victim never used, in the hope that
// it is learned, then the attack from the same place.
type PoisonPlan struct {
	// Victim is an honest event of the victim: who he is, what he shows, and when
	// the waiting begins.
	Victim Event
	// Manner is VictimsAgent, KeepsCookie or OwnDevice. In the last two whoever
	// plays the plan keeps the attacker's cookies from one request to the next.
	Manner Variant
	// Hours is for how long he waits, and how many requests that is: 1, 25, 72,
	// 168 and 720 are what reports show. 0: the attack comes unprepared.
	Hours int
	// Seed draws network, device and minutes.
	Seed uint64
}

// Quiet returns the requests that wait to be learned, in order of time. The event
// passed on is reused.
func (p PoisonPlan) Quiet() iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		r := rand.New(rand.NewPCG(p.Seed, mix(poisonStream<<56)))
		shown := p.face(r)
		for h := range p.Hours {
			e := shown
			e.Time = p.Victim.Time.Add(time.Duration((float64(h) + 0.4 + 0.2*r.Float64()) * float64(time.Hour)))
			if !yield(&e) {
				return
			}
		}
	}
}

// Attack returns the request that the waiting was for, an hour after the last
// quiet one. Its score against that of a plan of no hours is what was bought.
func (p PoisonPlan) Attack() *Event {
	e := p.face(rand.New(rand.NewPCG(p.Seed, mix(poisonStream<<56))))
	e.Time = p.Victim.Time.Add(time.Duration(p.Hours)*time.Hour + 30*time.Minute)
	return &e
}

// face is what the attacker shows, with the first numbers of r.
func (p PoisonPlan) face(r *rand.Rand) Event {
	e := p.Victim
	e.Label, e.Variant, e.Attack, e.TokenLost, e.HoldsToken = Poisoning, p.Manner, 1, false, false
	e.CredentialID, e.AuthTime, e.Device = p.Victim.Person+"-poison-"+decimal(int64(p.Seed)), p.Victim.Time, 0
	e.move(foreign(r, &p.Victim))
	own := drawModel(r, form(r.IntN(2)))
	if p.Manner == OwnDevice && e.DeviceType != "" {
		c := claims{map[[3]int]*claim{}}
		f := face{claim: c.of(own, 2, 1), address: e.Address, at: blockOf(e.Address)}
		f.show(&e)
	} else if p.Manner == OwnDevice {
		otherDevice(r, e.JA4).show(&e, 0)
	}
	return e
}

// move puts an event at another address.
func (e *Event) move(to netip.Addr) {
	e.Address, e.Place, e.Classes, e.Region = to, models.Place{}, 0, ""
	if b := blockOf(to); b != nil {
		e.Place, e.Classes, e.Region = b.place, b.classes, b.region
	}
}

// foreign draws an address in a home network of another country than the
// victim's place, of the same kind of world.
func foreign(r *rand.Rand, victim *Event) netip.Addr {
	for {
		to := hostIn(pick(r, abroad), r.Uint32())
		if b := blockOf(victim.Address); b == nil || b.country >= 0 {
			in := r.IntN(len(countries))
			to = theWorld().territories[in].home(r, 0).address(r.Uint32())
		}
		if blockOf(to).place.Country != victim.Place.Country {
			return to
		}
	}
}
