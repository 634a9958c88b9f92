package siege

import "fmt"

// AppendMarkdown appends what each seed came to.
func (f *Found) AppendMarkdown(dst []byte) []byte {
	for i := range f.Sieges {
		dst = f.Sieges[i].append(dst)
	}
	dst = appendStormsBySeed(dst, f.Storms)
	dst = appendFloodsBySeed(dst, f.Floods)
	return appendPoisonedBySeed(dst, f.Poisoned)
}

func appendStormsBySeed(dst []byte, storms []Storm) []byte {
	if len(storms) > 0 {
		dst = append(dst, "\n## Stuffing\n\nEverybody comes every day; one campaign of 1.18 attempts per address for 4 h. A right password is lost where "+
			"the gate let it through before it was in attack mode.\n\n"+
			"| seed | attempts | attack mode after | sessions stepped up before | during | ratio | logins hindered before | during | right passwords | stopped | lost |\n"+
			"|---|---|---|---|---|---|---|---|---|---|---|\n"...)
	}
	for _, s := range storms {
		b, d := &s.Before, &s.During
		dst = fmt.Appendf(dst, "| %d | %d | %.1f s | %d of %d | %d of %d | %.2f | %d of %d | %d of %d | %d | %d | %d |\n", s.Seed, s.Attempts, s.ModeAfter,
			b.StepUps, b.Sessions, d.StepUps, d.Sessions, s.StepUps, b.Hindered, b.Logins, d.Hindered, d.Logins, s.Taken, s.Stopped, s.Lost)
	}
	return dst
}

func appendFloodsBySeed(dst []byte, floods []Flooded) []byte {
	if len(floods) > 0 {
		dst = append(dst, "\n## A budget of step-ups under a flood\n\n| world | seed | budget | flood | requests | at or above step_up | counted | "+
			"stepped up before | after | shift before | after | at the end | had every request counted | attacks | caught |\n"+
			"|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n"...)
	}
	for i := range floods {
		f := &floods[i]
		b, a := &f.Before, &f.After
		dst = fmt.Appendf(dst, "| %s | %d | %s | %s | %d | %d | %d | %d of %d | %d of %d | %+.2f | %+.2f | %+.2f | %+.2f | %d | %.3f |\n", f.World, f.Seed, f.budget(), f.Flood,
			f.Requests, f.High, f.Counted, b.SteppedUp, b.Sessions, a.SteppedUp, a.Sessions, f.ShiftBefore, f.ShiftAfter, f.ShiftEnd, f.ShiftAll, f.Attacks, f.Caught)
	}
	return dst
}

func appendPoisonedBySeed(dst []byte, poisoned []Poisoned) []byte {
	if len(poisoned) > 0 {
		dst = append(dst, "\n## Poisoning\n\n| world | seed | manner | hours | plans | requests accepted | mean drop | plans accepted | mean drop of those | largest |\n"+
			"|---|---|---|---|---|---|---|---|---|---|\n"...)
	}
	for _, p := range poisoned {
		dst = fmt.Appendf(dst, "| %s | %d | %s | %d | %d | %.1f %% | %.1f | %d | %.1f | %.1f |\n",
			p.World, p.Seed, p.Manner, p.Hours, p.Plans, 100*p.Accepted, p.Drop, p.Got, p.GotDrop, p.Largest)
	}
	return dst
}

func (r *Report) append(dst []byte) []byte {
	dst = fmt.Appendf(dst, "\n## Siege of world %s, seed %d\n\n%d requests. Caught is a step-up, a denial, or a rate of a sixteenth or less for who "+
		"cannot step up.\n\n| attacker | attacks | within 20 requests | within a day | ever | requests: median | p95 | seconds: median | p95 | objects lost: median | p95 | caught or not: median | p95 |\n"+
		"|---|---|---|---|---|---|---|---|---|---|---|---|---|\n", r.World, r.Seed, r.Requests)
	for i := range r.Campaigns {
		c := &r.Campaigns[i]
		dst = fmt.Appendf(dst, "| %s | %d | %.3f | %.3f | %.3f | %.0f | %.0f | %.0f | %.0f | %.0f | %.0f | %.0f | %.0f |\n", c.Attacker, c.Attacks,
			c.Within20, c.WithinDay, c.Ever, c.Requests[0], c.Requests[1], c.Seconds[0], c.Seconds[1], c.Objects[0], c.Objects[1], c.Lost[0], c.Lost[1])
	}
	h := &r.Honest
	dst = append(dst, "\nHonest days of subjects, those with an attack left out:\n\n| who | subject-days | with an alarm | with an alarm by behavior |\n|---|---|---|---|\n"...)
	for _, d := range []struct {
		who  string
		days *Days
	}{{"people", &h.People}, {"of these, with a VPN switched on", &h.Twins}, {"machine clients", &h.Machines}, {"of these, nightly exports", &h.Exports}} {
		n := float64(max(1, d.days.Days))
		dst = fmt.Appendf(dst, "| %s | %d | %d (%.3f %%) | %d (%.3f %%) |\n", d.who, d.days.Days,
			d.days.Alarms, 100*float64(d.days.Alarms)/n, d.days.Behavior, 100*float64(d.days.Behavior)/n)
	}
	return fmt.Appendf(dst, "\n%d of %d sessions of people were stepped up.\n", h.SteppedUp, h.Sessions)
}
