package siege

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/riskgate/riskgate/bench/eval/measure"
	"github.com/riskgate/riskgate/bench/eval/results"
)

// Found is what the seeds of a world API, and what belongs to it, came to.
type Found struct {
	Sieges   []Report
	Storms   []Storm
	Poisoned []Poisoned
	Floods   []Flooded
}

// AppendMedians appends tables of the medians over the seeds, those for development
// and those held out apart.
func (f *Found) AppendMedians(dst []byte) []byte {
	for _, p := range results.Purposes {
		of := Found{
			Sieges:   results.For(p, f.Sieges, func(r *Report) uint64 { return r.Seed }),
			Storms:   results.For(p, f.Storms, func(s *Storm) uint64 { return s.Seed }),
			Poisoned: results.For(p, f.Poisoned, func(p *Poisoned) uint64 { return p.Seed }),
			Floods:   results.For(p, f.Floods, func(f *Flooded) uint64 { return f.Seed }),
		}
		dst = of.appendMedians(dst, p)
	}
	return dst
}

func (f *Found) appendMedians(dst []byte, p results.Purpose) []byte {
	if len(f.Sieges) > 0 {
		dst = fmt.Appendf(dst, "\n## World API: medians over %s %s\n", p, results.Seeds(f.Sieges, func(r *Report) uint64 { return r.Seed }))
		dst = appendCampaigns(dst, f.Sieges)
		dst = appendHonest(dst, f.Sieges)
	}
	if len(f.Storms) > 0 {
		dst = appendStorms(dst, p, f.Storms)
	}
	if len(f.Floods) > 0 {
		dst = appendFloods(dst, p, f.Floods)
	}
	if len(f.Poisoned) > 0 {
		dst = appendPoisoned(dst, p, f.Poisoned)
	}
	return dst
}

func appendCampaigns(dst []byte, sieges []Report) []byte {
	var all []Campaign
	for i := range sieges {
		all = append(all, sieges[i].Campaigns...)
	}
	slices.SortStableFunc(all, func(a, b Campaign) int { return cmp.Compare(a.Attacker, b.Attacker) })
	dst = append(dst, "\n| attacker | seeds | attacks a seed | within 20 requests | within a day | ever | requests until caught | seconds | objects lost | caught or not |\n"+
		"|---|---|---|---|---|---|---|---|---|---|\n"...)
	for _, of := range results.Group(all, func(c *Campaign) string { return c.Attacker }) {
		dst = fmt.Appendf(dst, "| %s | %d | %d | %.3f | %.3f | %.3f | %.0f | %.0f | %.0f | %.0f |\n", of[0].Attacker, len(of),
			measure.MedianOf(of, func(c *Campaign) int { return c.Attacks }),
			measure.MedianOf(of, func(c *Campaign) float64 { return c.Within20 }),
			measure.MedianOf(of, func(c *Campaign) float64 { return c.WithinDay }),
			measure.MedianOf(of, func(c *Campaign) float64 { return c.Ever }),
			measure.MedianOf(of, func(c *Campaign) float64 { return c.Requests[0] }),
			measure.MedianOf(of, func(c *Campaign) float64 { return c.Seconds[0] }),
			measure.MedianOf(of, func(c *Campaign) float64 { return c.Objects[0] }),
			measure.MedianOf(of, func(c *Campaign) float64 { return c.Lost[0] }))
	}
	return dst
}

func appendHonest(dst []byte, sieges []Report) []byte {
	dst = append(dst, "\nHonest days of subjects, those with an attack left out:\n\n"+
		"| who | subject-days a seed | with an alarm | with an alarm by behavior |\n|---|---|---|---|\n"...)
	for _, d := range []struct {
		who string
		of  func(*Report) *Days
	}{
		{"people", func(r *Report) *Days { return &r.Honest.People }},
		{"of these, with a VPN switched on", func(r *Report) *Days { return &r.Honest.Twins }},
		{"machine clients", func(r *Report) *Days { return &r.Honest.Machines }},
		{"of these, nightly exports", func(r *Report) *Days { return &r.Honest.Exports }},
	} {
		dst = fmt.Appendf(dst, "| %s | %d | %.3f %% | %.3f %% |\n", d.who,
			measure.MedianOf(sieges, func(r *Report) int { return d.of(r).Days }),
			100*measure.MedianOf(sieges, func(r *Report) float64 { return part(d.of(r).Alarms, d.of(r).Days) }),
			100*measure.MedianOf(sieges, func(r *Report) float64 { return d.of(r).Share() }))
	}
	return fmt.Appendf(dst, "\n%.3f %% of the sessions of people were stepped up.\n",
		100*measure.MedianOf(sieges, func(r *Report) float64 { return part(r.Honest.SteppedUp, r.Honest.Sessions) }))
}

func part(n, of int) float64 { return float64(n) / float64(max(1, of)) }

func appendStorms(dst []byte, p results.Purpose, storms []Storm) []byte {
	dst = fmt.Appendf(dst, "\n## Stuffing: medians over %s %s\n\n"+
		"| attack mode after | sessions stepped up before | during | ratio | logins hindered before | during | right passwords let through | of these before attack mode |\n"+
		"|---|---|---|---|---|---|---|---|\n", p, results.Seeds(storms, func(s *Storm) uint64 { return s.Seed }))
	median := func(value func(*Storm) float64) float64 { return measure.MedianOf(storms, value) }
	return fmt.Appendf(dst, "| %.1f s | %.2f %% | %.2f %% | %.2f | %.2f %% | %.2f %% | %.1f %% | %.0f |\n",
		median(func(s *Storm) float64 { return s.ModeAfter }),
		100*median(func(s *Storm) float64 { return s.Before.stepUps() }), 100*median(func(s *Storm) float64 { return s.During.stepUps() }),
		median(func(s *Storm) float64 { return s.StepUps }),
		100*median(func(s *Storm) float64 { return part(s.Before.Hindered, s.Before.Logins) }),
		100*median(func(s *Storm) float64 { return part(s.During.Hindered, s.During.Logins) }),
		100*median(func(s *Storm) float64 { return part(s.Taken-s.Stopped, s.Taken) }),
		median(func(s *Storm) float64 { return float64(s.Lost) }))
}

func appendFloods(dst []byte, p results.Purpose, floods []Flooded) []byte {
	dst = fmt.Appendf(dst, "\n## A budget of step-ups under a flood: medians over %s %s\n\n"+
		"Thresholds that stay where they are configured, and thresholds that keep a budget, counting one session an hour of each established "+
		"caller. The flood's accounts are new, or were ordinary users for long. Shifts are in nats; attacks are takeovers of the days after the flood.\n\n"+
		"| budget | flood | requests | at or above step_up | counted | realized before | after | shift before | after | at the end | had every request counted | attacks caught |\n"+
		"|---|---|---|---|---|---|---|---|---|---|---|---|\n", p, results.Seeds(floods, func(f *Flooded) uint64 { return f.Seed }))
	for _, of := range results.Group(floods, func(f *Flooded) [2]string { return [2]string{f.budget(), f.Flood} }) {
		median := func(value func(*Flooded) float64) float64 { return measure.MedianOf(of, value) }
		dst = fmt.Appendf(dst, "| %s | %s | %.0f | %.0f | %.0f | %.2f %% | %.2f %% | %+.2f | %+.2f | %+.2f | %+.2f | %.3f |\n", of[0].budget(), of[0].Flood,
			median(func(f *Flooded) float64 { return float64(f.Requests) }), median(func(f *Flooded) float64 { return float64(f.High) }),
			median(func(f *Flooded) float64 { return float64(f.Counted) }),
			100*median(func(f *Flooded) float64 { return f.Before.Share }), 100*median(func(f *Flooded) float64 { return f.After.Share }),
			median(func(f *Flooded) float64 { return f.ShiftBefore }), median(func(f *Flooded) float64 { return f.ShiftAfter }),
			median(func(f *Flooded) float64 { return f.ShiftEnd }), median(func(f *Flooded) float64 { return f.ShiftAll }),
			median(func(f *Flooded) float64 { return f.Caught }))
	}
	return dst
}

// budget names it.
func (f *Flooded) budget() string {
	if f.Budget == 0 {
		return "none"
	}
	return fmt.Sprintf("%g %%", 100*f.Budget)
}

func appendPoisoned(dst []byte, purpose results.Purpose, poisoned []Poisoned) []byte {
	dst = fmt.Appendf(dst, "\n## Poisoning: medians over %s %s\n\nOne quiet request an hour from a new ASN abroad; points by which the attack then scores lower than at the "+
		"same moment without them, over all plans, and over those of which a request got through.\n\n"+
		"| world | manner | hours | plans a seed | requests accepted | mean drop | mean drop of plans accepted | largest |\n|---|---|---|---|---|---|---|---|\n",
		purpose, results.Seeds(poisoned, func(p *Poisoned) uint64 { return p.Seed }))
	type key struct {
		world, manner string
		hours         int
	}
	for _, of := range results.Group(poisoned, func(p *Poisoned) key { return key{p.World, p.Manner, p.Hours} }) {
		p := &of[0]
		dst = fmt.Appendf(dst, "| %s | %s | %d | %d | %.1f %% | %.1f | %.1f | %.1f |\n", p.World, p.Manner, p.Hours,
			measure.MedianOf(of, func(p *Poisoned) int { return p.Plans }),
			100*measure.MedianOf(of, func(p *Poisoned) float64 { return p.Accepted }),
			measure.MedianOf(of, func(p *Poisoned) float64 { return p.Drop }), measure.MedianOf(of, func(p *Poisoned) float64 { return p.GotDrop }),
			measure.MedianOf(of, func(p *Poisoned) float64 { return p.Largest }))
	}
	return dst
}
