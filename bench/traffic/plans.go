package traffic

import (
	"iter"
	"slices"
	"time"
)

// WithPlans returns the world with those attackers too whom reports let loose on
// worlds of their own: of each manner of Poisoning one for 400 subjects, no fewer
// than two, and one ThresholdFlood of so many requests; 0: ten for each subject.
// Their requests come in addition: all others stay what they are, and their
// attacks have the numbers that follow.
//
// Reports without them stay comparable, which is why NewWorld leaves them out.
func (c Config) WithPlans(flood int) Config {
	subjects := c.Users + c.Machines
	n := max(2, subjects/400)
	c.Attacks = append(slices.Clone(c.Attacks), Attack{ThresholdFlood, Plain, or(flood, 10*subjects)},
		Attack{Poisoning, VictimsAgent, n}, Attack{Poisoning, KeepsCookie, n}, Attack{Poisoning, OwnDevice, n})
	return c
}

// isPlan reports whether attacks of a label come in addition to a world.
func (l Label) isPlan() bool { return l == Poisoning || l == ThresholdFlood }

// Staged is how many attacks of one kind happen.
type Staged struct {
	Attack
	Happen int    // at most Count
	Why    string // fewer happen than Count
}

// Staged tells of every kind of attack in Attacks how often it happens: a small
// world has too few victims. It is for a World.
func (c Config) Staged() []Staged {
	if c.World == WorldAPI {
		p := newPlot(&c)
		p.scripts()
		return append(p.staged, p.plans().staged...)
	}
	w := newLogins(&c)
	return append(w.staged, w.plans().staged...)
}

const (
	plannedVisits = 2 // that a victim made before the days of the attacks
	floodOver     = 4 * time.Hour
	floodAccounts = 20
)

// waits are the hours for which attackers wait, one after the other: those first
// that fit into a small world.
var waits = []int{72, 25, 168, 1, 720}

// plans are the attackers of WithPlans with their victims.
type plans struct {
	c      *Config
	first  int // number of the attack before
	poison []PoisonPlan
	flood  *FloodPlan // nil: none
	staged []Staged
}

// newPlans chooses victims. Last returns an honest event of a person, and false if
// he cannot be a victim.
func newPlans(c *Config, first int, last func(person int) (Event, bool)) *plans {
	p := &plans{c: c, first: first}
	if !slices.ContainsFunc(c.Attacks, func(a Attack) bool { return a.Label.isPlan() }) {
		return p
	}
	order := c.random(poisonStream, 1<<50).Perm(c.Users)
	victim := func() (e Event, ok bool) {
		for !ok && len(order) > 0 {
			e, ok = last(order[0])
			order = order[1:]
		}
		return e, ok
	}
	for _, a := range c.Attacks {
		if a.Label.isPlan() {
			p.stage(a, victim)
		}
	}
	return p
}

// stage plans the attacks of one kind.
func (p *plans) stage(a Attack, victim func() (Event, bool)) {
	s := Staged{Attack: a}
	add, count := p.addPoison, a.Count
	if a.Label == ThresholdFlood {
		add, count = p.addFlood, min(1, a.Count)
	}
	for i := range count {
		e, ok := victim()
		if !ok {
			s.Why = "nobody is left who came twice before the days of the attacks"
			break
		}
		if !add(a, i, e) {
			s.Why = "the days of the attacks are too few"
			break
		}
		s.Happen += a.Count / count
	}
	p.staged = append(p.staged, s)
}

// addPoison lets somebody wait for as long as the world lasts or less, and reports
// whether it lasts long enough.
func (p *plans) addPoison(a Attack, i int, victim Event) bool {
	from, end := p.c.Start.AddDate(0, 0, p.c.FirstAttackDay()), p.c.end()
	most, hours := int(end.Sub(from).Hours())-1, 0
	for _, h := range waits {
		if h <= min(most, waits[i%len(waits)]) {
			hours = max(hours, h)
		}
	}
	if hours == 0 {
		return false
	}
	number := p.first + len(p.poison) + 1
	r := p.c.random(poisonStream, 1<<49|uint64(number))
	spare := end.Sub(from) - time.Duration(hours+1)*time.Hour
	victim.Time = from.Add(time.Duration(r.Float64() * float64(spare)))
	p.poison = append(p.poison, PoisonPlan{
		Victim: victim, Manner: a.Variant, Hours: hours, Seed: p.c.Seed<<16 | uint64(number),
	})
	return true
}

// addFlood lets the flood begin on the first day of the attacks.
func (p *plans) addFlood(a Attack, _ int, victim Event) bool {
	from := p.c.Start.AddDate(0, 0, p.c.FirstAttackDay())
	if p.c.end().Sub(from) < 24*time.Hour {
		return false
	}
	r := p.c.random(floodStream, 1<<49)
	victim.Time = from.Add(time.Duration(r.Float64() * float64(24*time.Hour-floodOver)))
	p.flood = &FloodPlan{Victim: victim, Over: floodOver, Requests: a.Count, Accounts: floodAccounts, Seed: p.c.Seed}
	return true
}

// with merges the attacks into a world.
func (p *plans) with(world iter.Seq[*Event]) iter.Seq[*Event] {
	if len(p.poison) > 0 {
		world = Merge(world, p.waiting())
	}
	if p.flood != nil {
		world = Merge(world, p.flooding())
	}
	return world
}

// waiting returns the requests of Poisoning in order of time: of each number the
// last one is what the others were for.
func (p *plans) waiting() iter.Seq[*Event] {
	var all []Event
	for i, one := range p.poison {
		number := p.first + i + 1
		add := func(e *Event) {
			all = append(all, *e)
			all[len(all)-1].Attack = number
		}
		for e := range one.Quiet() {
			add(e)
		}
		add(one.Attack())
	}
	slices.SortStableFunc(all, func(a, b Event) int { return a.Time.Compare(b.Time) })
	return func(yield func(*Event) bool) {
		for i := range all {
			if !yield(&all[i]) {
				return
			}
		}
	}
}

// flooding returns the flood, then the takeover that it was for, which has the
// next number.
func (p *plans) flooding() iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		for e := range p.flood.Events() {
			e.Attack += p.first + len(p.poison)
			if !yield(e) {
				return
			}
		}
	}
}
