package siege

import (
	"fmt"
	"math"
	"slices"

	"github.com/riskgate/riskgate/bench/eval/rival"
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
)

// Poisoned is what an attacker bought by waiting: one quiet request an hour from
// a new ASN abroad, then the attack from there.
type Poisoned struct {
	World  string `json:"world"`
	Seed   uint64 `json:"seed"`
	Manner string `json:"manner"`
	Hours  int    `json:"hours"`
	Plans  int    `json:"plans"`
	// Accepted is the share of quiet requests that got through; Got how many plans
	// got one through.
	Accepted float64 `json:"accepted"`
	Got      int     `json:"plans_accepted"`
	// Drop is the mean of the points by which the attack scored lower than at the
	// same moment in a world without the quiet requests; GotDrop that of the plans
	// of which a request got through.
	Drop    float64 `json:"mean_drop"`
	GotDrop float64 `json:"mean_drop_accepted"`
	// Largest is the most that any of those plans bought.
	Largest float64 `json:"largest_drop"`
}

// Durations are for how many hours attackers wait.
var Durations = []int{1, 25, 72, 168, 720}

var manners = []traffic.Variant{traffic.VictimsAgent, traffic.KeepsCookie, traffic.OwnDevice}

// act is one request of a plan: a quiet one, or, after so many hours, the attack,
// which is scored and does not happen.
type act struct {
	event traffic.Event
	plan  int
	hours int // 0: quiet
}

// plan is one attacker and his victim.
type plan struct {
	manner          traffic.Variant
	quiet, accepted int
	usual           bool            // the victim uses that network himself: it is not new
	drops           map[int]float64 // by hours
	share           map[int]float64 // accepted until then
}

// Poison lets so many attackers of each manner wait in a login world. Two models
// live through it, one without the attackers. Those whose network the victim uses
// himself are left out.
func Poison(c Config, victims int) ([]Poisoned, error) {
	plans, acts := c.plot(victims)
	poisoned, err := rival.NewOurs(rival.Config{Name: "poisoned", Risk: c.Risk, Tokens: true}, c.World.Start)
	if err != nil {
		return nil, fmt.Errorf("poison: %w", err)
	}
	defer func() { _ = poisoned.Close() }() // nothing is stored
	clean, err := rival.NewOurs(rival.Config{Name: "clean", Risk: c.Risk, Tokens: true}, c.World.Start)
	if err != nil {
		return nil, fmt.Errorf("poison: %w", err)
	}
	defer func() { _ = clean.Close() }()
	n := 0
	for e := range c.World.Events() {
		for ; len(acts) > 0 && acts[0].event.Time.Before(e.Time); acts = acts[1:] {
			perform(&acts[0], plans, poisoned, clean)
		}
		if e.Label != traffic.Honest {
			continue
		}
		for _, o := range []*rival.Ours{poisoned, clean} {
			score(o, e)
			o.Learn(e)
		}
		if n++; c.Progress != nil && n%1024 == 0 {
			c.Progress(n, e.Time)
		}
	}
	for ; len(acts) > 0; acts = acts[1:] {
		perform(&acts[0], plans, poisoned, clean)
	}
	return c.sum(plans), nil
}

// known is how many logins a victim has made when the waiting begins.
const known = 8

// plot chooses victims among those who log in after the middle of the world, early
// enough for the longest plan to end within it.
func (c *Config) plot(victims int) (plans []*plan, acts []act) {
	from := c.World.Start.AddDate(0, 0, c.World.Days/2)
	until := c.World.Start.AddDate(0, 0, c.World.Days-31)
	logins, taken := map[string]int{}, map[string]bool{}
	for e := range c.World.Events() {
		if e.Label != traffic.Honest {
			continue
		}
		logins[e.Person]++
		if len(plans) == victims*len(manners) || taken[e.Person] || logins[e.Person] < known || e.Time.Before(from) || e.Time.After(until) {
			continue
		}
		taken[e.Person] = true
		p := traffic.PoisonPlan{Victim: *e, Manner: manners[len(plans)%len(manners)], Seed: c.World.Seed<<16 | uint64(len(plans))}
		acts = append(acts, actsOf(p, len(plans))...)
		plans = append(plans, &plan{manner: p.Manner, drops: map[int]float64{}, share: map[int]float64{}})
	}
	slices.SortStableFunc(acts, func(a, b act) int { return a.event.Time.Compare(b.event.Time) })
	return plans, acts
}

func actsOf(p traffic.PoisonPlan, number int) (acts []act) {
	for _, h := range Durations {
		p.Hours = h
		acts = append(acts, act{event: *p.Attack(), plan: number, hours: h})
	}
	for e := range p.Quiet() {
		acts = append(acts, act{event: *e, plan: number})
	}
	return acts
}

func perform(a *act, plans []*plan, poisoned, clean *rival.Ours) {
	p := plans[a.plan]
	if a.hours > 0 {
		p.drops[a.hours] = score(clean, &a.event) - score(poisoned, &a.event)
		p.share[a.hours] = float64(p.accepted) / float64(max(1, p.quiet))
		return
	}
	score(poisoned, &a.event)
	if p.quiet++; p.quiet == 1 {
		p.usual = poisoned.Features().Get(models.NetWeight2) > 0
	}
	if poisoned.LearnAttack(&a.event) {
		p.accepted++
	}
}

// score returns the score, 0 to 100.
func score(o *rival.Ours, e *traffic.Event) float64 {
	var out [1]float32
	o.Score(e, out[:])
	return 100 / (1 + math.Exp(-float64(out[0])))
}

func (c *Config) sum(plans []*plan) (all []Poisoned) {
	for _, m := range manners {
		for _, h := range Durations {
			p := Poisoned{World: string(c.World.World), Seed: c.World.Seed, Manner: m.String(), Hours: h}
			for _, one := range plans {
				if one.manner != m || one.usual {
					continue
				}
				p.Plans++
				p.Accepted += one.share[h]
				p.Drop += one.drops[h]
				if one.share[h] > 0 {
					p.Got++
					p.GotDrop += one.drops[h]
					p.Largest = max(p.Largest, one.drops[h])
				}
			}
			p.Accepted /= float64(max(1, p.Plans))
			p.Drop /= float64(max(1, p.Plans))
			p.GotDrop /= float64(max(1, p.Got))
			all = append(all, p)
		}
	}
	return all
}
