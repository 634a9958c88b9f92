package trial

import (
	"fmt"
	"slices"
	"strings"
)

// AppendMarkdown appends a section for each world and seed: a table of every
// attacker and model, what leaving out a group costs, and what honest people feel.
func AppendMarkdown(dst []byte, rows []Row, models []Summary) []byte {
	for _, run := range runsOf(rows) {
		dst = fmt.Appendf(dst, "\n## World %s, seed %d\n\n", run.world, run.seed)
		mine := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return runOf(&r) != run })
		dst = fmt.Appendf(dst, "%d honest logins in the test. Thresholds are of the days before it; "+
			"brackets are 95 %% intervals by victim; *catch 90* and *99* are the step-ups needed with hindsight.\n\n", mine[0].Honest)
		dst = appendRows(dst, mine)
		dst = appendAblation(dst, mine)
		dst = appendHonest(dst, slices.DeleteFunc(slices.Clone(models), func(s Summary) bool {
			return s.World != run.world || s.Seed != run.seed
		}))
	}
	return dst
}

type run struct {
	world string
	seed  uint64
}

func runOf(r *Row) run { return run{r.World, r.Seed} }

func runsOf(rows []Row) (runs []run) {
	for i := range rows {
		if r := runOf(&rows[i]); !slices.Contains(runs, r) {
			runs = append(runs, r)
		}
	}
	return runs
}

// ablated tells scores of a model without one of its groups.
func ablated(model string) (whole, group string, yes bool) { return strings.Cut(model, "-") }

func appendRows(dst []byte, rows []Row) []byte {
	dst = append(dst, "| attacker | model | attacks | AUC | TPR at 1 % | at 0.1 % | catch 90 | catch 99 | realized 1 % | 0.1 % | PR-AUC |\n"+
		"|---|---|---|---|---|---|---|---|---|---|---|\n"...)
	slices.SortStableFunc(rows, func(a, b Row) int { return strings.Compare(a.Attacker, b.Attacker) })
	for i := range rows {
		r := &rows[i]
		if _, _, yes := ablated(r.Model); yes {
			continue
		}
		dst = fmt.Appendf(dst, "| %s | %s | %d | %.4f | %.3f [%.3f, %.3f] | %.3f | %.2f %% | %.2f %% | %.2f %% | %.3f %% | %.4f |\n",
			r.Attacker, r.Model, r.Attacks, r.AUC, r.TPR1, r.CI1[0], r.CI1[1], r.TPR01,
			100*r.For90, 100*r.For99, 100*r.Realized1, 100*r.Realized01, r.Precision)
	}
	return dst
}

// appendAblation shows TPR at 1 % without each group, less that with all. Groups
// that change nothing for anybody are left out.
func appendAblation(dst []byte, rows []Row) []byte {
	whole := map[[2]string]float64{}
	changes := map[string]map[string]float64{}
	var attackers, names []string
	for _, r := range rows {
		if !slices.Contains(attackers, r.Attacker) {
			attackers = append(attackers, r.Attacker)
		}
		whole[[2]string{r.Attacker, r.Model}] = r.TPR1
	}
	for _, r := range rows {
		of, _, yes := ablated(r.Model)
		change := r.TPR1 - whole[[2]string{r.Attacker, of}]
		if !yes {
			continue
		}
		if changes[r.Model] == nil {
			changes[r.Model] = map[string]float64{}
			names = append(names, r.Model)
		}
		changes[r.Model][r.Attacker] = change
	}
	names = slices.DeleteFunc(names, func(n string) bool {
		for _, c := range changes[n] {
			if c != 0 {
				return false
			}
		}
		return true
	})
	if len(names) == 0 {
		return dst
	}
	dst = append(dst, "\nWhat leaving out a group adds to TPR at 1 %, the rest of the evidence being the same:\n\n| without |"...)
	dst = append(dst, " "+strings.Join(attackers, " | ")+" |\n|---|"+strings.Repeat("---|", len(attackers))+"\n"...)
	for _, n := range names {
		dst = append(dst, "| "+n+" |"...)
		for _, a := range attackers {
			dst = fmt.Appendf(dst, " %+.3f |", changes[n][a])
		}
		dst = append(dst, '\n')
	}
	return dst
}

func appendHonest(dst []byte, models []Summary) []byte {
	if len(models) == 0 {
		return dst
	}
	dst = append(dst, "\nHonest users at the 1 % threshold; calibration at a balanced prior, before and after labels:\n\n"+
		"| model | step-ups per user and month: median | p95 | mean | users with none | at score 30 | the ramp adds | ECE | Brier | slope | intercept | top decile | "+
		"alarms that vanish without their reasons | without others |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n"...)
	for i := range models {
		s := &models[i]
		dst = fmt.Appendf(dst, "| %s | %.2f | %.2f | %.3f | %.1f %% |", s.Model, s.Burden.Median, s.Burden.P95, s.Burden.Mean, 100*s.Burden.None)
		if s.Default == nil || s.Before == nil || s.Fidelity.Alarms == 0 {
			dst = append(dst, " | | | | | | | | |\n"...)
			continue
		}
		dst = fmt.Appendf(dst, " %.2f %% | %s | %.3f → %.3f | %.4f → %.4f | %.2f → %.2f | %+.2f → %+.2f | %.3f → %.3f | %.1f %% | %.1f %% |\n",
			100*s.Default.Rate, s.Ramp, s.Before.ECE, s.After.ECE, s.Before.Brier, s.After.Brier, s.Before.Slope, s.After.Slope,
			s.Before.Intercept, s.After.Intercept, s.Before.TopGap, s.After.TopGap,
			100*s.Fidelity.Share(s.Fidelity.Shown), 100*s.Fidelity.Share(s.Fidelity.Random))
	}
	return dst
}
