package trial

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/riskgate/riskgate/bench/eval/measure"
	"github.com/riskgate/riskgate/bench/eval/results"
)

// byModel groups summaries by world and model.
func byModel(models []Summary) [][]Summary {
	return results.Group(models, func(s *Summary) [2]string { return [2]string{s.World, s.Model} })
}

// rampTarget is how many more step-ups the ramp of trust may cost.
const rampTarget = 0.15

// appendPeople shows what honest people feel.
func appendPeople(dst []byte, models []Summary) []byte {
	if len(models) == 0 {
		return dst
	}
	dst = append(dst, "\nHonest users at the 1 % threshold, medians over the seeds; reasons are those shown for an alarm:\n\n"+
		"| world | model | step-ups per user and month: median | p95 | mean | users with none | at score 30 | alarms that vanish without their reasons | without as many others |\n"+
		"|---|---|---|---|---|---|---|---|---|\n"...)
	for _, of := range byModel(models) {
		dst = fmt.Appendf(dst, "| %s | %s | %.2f | %.2f | %.3f | %.1f %% |", of[0].World, of[0].Model,
			measure.MedianOf(of, func(s *Summary) float64 { return s.Burden.Median }), measure.MedianOf(of, func(s *Summary) float64 { return s.Burden.P95 }),
			measure.MedianOf(of, func(s *Summary) float64 { return s.Burden.Mean }), 100*measure.MedianOf(of, func(s *Summary) float64 { return s.Burden.None }))
		if of[0].Default == nil || of[0].Fidelity == nil {
			dst = append(dst, " | | |\n"...)
			continue
		}
		dst = fmt.Appendf(dst, " %.2f %% | %.1f %% | %.1f %% |\n", 100*measure.MedianOf(of, func(s *Summary) float64 { return s.Default.Rate }),
			100*measure.MedianOf(of, func(s *Summary) float64 { return s.Fidelity.Share(s.Fidelity.Shown) }),
			100*measure.MedianOf(of, func(s *Summary) float64 { return s.Fidelity.Share(s.Fidelity.Random) }))
	}
	return appendRamps(dst, models)
}

// appendRamps shows what the ramp of trust costs.
func appendRamps(dst []byte, models []Summary) []byte {
	head := fmt.Sprintf("\nHonest step-ups at score 30 with the ramp of trust and without it, each learning accordingly; "+
		"target at most %+.0f %%:\n\n| world | model | seeds | with | without | more | of a seed at most |\n|---|---|---|---|---|---|---|\n", 100*rampTarget)
	models = slices.DeleteFunc(slices.Clone(models), func(s Summary) bool { return s.Ramp == nil })
	for _, of := range byModel(models) {
		worst := slices.MaxFunc(of, func(a, b Summary) int { return cmp.Compare(a.Ramp.More, b.Ramp.More) }).Ramp
		dst = fmt.Appendf(dst, "%s| %s | %s | %s | %.3f %% | %.3f %% | %+.1f %% | %+.1f %% [%+.1f, %+.1f] |\n", head, of[0].World, of[0].Model,
			results.Seeds(of, func(s *Summary) uint64 { return s.Seed }),
			100*measure.MedianOf(of, func(s *Summary) float64 { return s.Ramp.With }), 100*measure.MedianOf(of, func(s *Summary) float64 { return s.Ramp.Without }),
			100*measure.MedianOf(of, func(s *Summary) float64 { return s.Ramp.More }), 100*worst.More, 100*worst.CI[0], 100*worst.CI[1])
		head = ""
	}
	return dst
}

// appendEarly shows how often people authenticate again in their first logins.
func appendEarly(dst []byte, models []Summary) []byte {
	head := fmt.Sprintf("\nMedian over users of the share of their first %d logins that are stepped up, where the threshold catches so many of the attacks, "+
		"with hindsight:\n\n| attacker | world | model | 99.9 %% | 99.5 %% | 99 %% | 98 %% |\n|---|---|---|---|---|---|---|\n", publishedLogins)
	for _, attacker := range slices.Sorted(maps.Keys(publishedAUC)) {
		for _, of := range byModel(models) {
			if _, met := of[0].Early[attacker]; !met || of[0].Model == "constant" {
				continue
			}
			dst = fmt.Appendf(dst, "%s| %s | %s | %s |", head, attacker, of[0].World, of[0].Model)
			head = ""
			for i := range published {
				dst = fmt.Appendf(dst, " %.2f |", measure.MedianOf(of, func(s *Summary) float64 { return s.Early[attacker][i] }))
			}
			dst = append(dst, '\n')
		}
	}
	return dst
}
