package siege

import "fmt"

// AppendMarkdown appends what sieges, storms and poisoning found.
func AppendMarkdown(dst []byte, reports []Report, storms []Storm, poisoned []Poisoned) []byte {
	for i := range reports {
		dst = reports[i].append(dst)
	}
	if len(storms) > 0 {
		dst = append(dst, "\n## Stuffing\n\nEverybody comes every day; one campaign of 1.18 attempts per address for 4 h.\n\n"+
			"| seed | attempts | attack mode after | sessions stepped up before | during | ratio | logins hindered before | during | right passwords | stopped |\n"+
			"|---|---|---|---|---|---|---|---|---|---|\n"...)
	}
	for _, s := range storms {
		b, d := &s.Before, &s.During
		dst = fmt.Appendf(dst, "| %d | %d | %.1f s | %d of %d | %d of %d | %.2f | %d of %d | %d of %d | %d | %d |\n", s.Seed, s.Attempts, s.ModeAfter,
			b.StepUps, b.Sessions, d.StepUps, d.Sessions, s.StepUps, b.Hindered, b.Logins, d.Hindered, d.Logins, s.Taken, s.Stopped)
	}
	if len(poisoned) > 0 {
		dst = append(dst, "\n## Poisoning\n\nOne quiet request an hour from a new ASN abroad; points by which the attack then scores lower than at the "+
			"same moment without them, over all plans, and over those of which a request got through.\n\n"+
			"| world | seed | manner | hours | plans | requests accepted | mean drop | plans accepted | mean drop of those |\n|---|---|---|---|---|---|---|---|---|\n"...)
	}
	for _, p := range poisoned {
		dst = fmt.Appendf(dst, "| %s | %d | %s | %d | %d | %.1f %% | %.1f | %d | %.1f |\n",
			p.World, p.Seed, p.Manner, p.Hours, p.Plans, 100*p.Accepted, p.Drop, p.Got, p.GotDrop)
	}
	return dst
}

func (r *Report) append(dst []byte) []byte {
	dst = fmt.Appendf(dst, "\n## Siege of world %s, seed %d\n\n%d requests. Caught is a step-up, a denial, or a rate of a sixteenth or less for who "+
		"cannot step up.\n\n| attacker | attacks | within 20 requests | within a day | ever | requests: median | p95 | seconds: median | p95 | objects lost: median | p95 |\n"+
		"|---|---|---|---|---|---|---|---|---|---|---|\n", r.World, r.Seed, r.Requests)
	for i := range r.Campaigns {
		c := &r.Campaigns[i]
		dst = fmt.Appendf(dst, "| %s | %d | %.3f | %.3f | %.3f | %.0f | %.0f | %.0f | %.0f | %.0f | %.0f |\n", c.Attacker, c.Attacks,
			c.Within20, c.WithinDay, c.Ever, c.Requests[0], c.Requests[1], c.Seconds[0], c.Seconds[1], c.Objects[0], c.Objects[1])
	}
	h := &r.Honest
	dst = append(dst, "\nHonest days of subjects, those with an attack left out:\n\n| who | subject-days | with an alarm | with an alarm by behavior |\n|---|---|---|---|\n"...)
	for _, d := range []struct {
		who  string
		days *Days
	}{{"people", &h.People}, {"machine clients", &h.Machines}, {"of these, nightly exports", &h.Exports}} {
		n := float64(max(1, d.days.Days))
		dst = fmt.Appendf(dst, "| %s | %d | %d (%.3f %%) | %d (%.3f %%) |\n", d.who, d.days.Days,
			d.days.Alarms, 100*float64(d.days.Alarms)/n, d.days.Behavior, 100*float64(d.days.Behavior)/n)
	}
	return fmt.Appendf(dst, "\n%d of %d sessions of people were stepped up.\n", h.SteppedUp, h.Sessions)
}
