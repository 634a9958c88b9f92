package trial

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/riskgate/riskgate/bench/eval/measure"
	"github.com/riskgate/riskgate/bench/eval/results"
)

// AppendMedians appends tables of the medians over the seeds of each world, those for
// development and those held out apart.
func AppendMedians(dst []byte, rows []Row, models []Summary, drifts []Drift) []byte {
	for _, p := range results.Purposes {
		of := results.For(p, rows, func(r *Row) uint64 { return r.Seed })
		sums := results.For(p, models, func(s *Summary) uint64 { return s.Seed })
		moved := results.For(p, drifts, func(d *Drift) uint64 { return d.Seed })
		if len(of)+len(sums)+len(moved) > 0 {
			dst = appendMedians(dst, p, of, sums, moved)
		}
	}
	return dst
}

func appendMedians(dst []byte, p results.Purpose, rows []Row, models []Summary, drifts []Drift) []byte {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { _, _, less := ablated(r.Model); return less })
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.World, b.World), cmp.Compare(a.Attacker, b.Attacker))
	})
	type key struct{ world, attacker, model string }
	groups := results.Group(rows, func(r *Row) key { return key{r.World, r.Attacker, r.Model} })
	dst = fmt.Appendf(dst, "\n## Medians over %s\n\n| world | attacker | model | seeds | AUC | TPR at 1 %% | at 0.1 %% | catch 90 | catch 99 | realized 1 %% | 0.1 %% | PR-AUC |\n"+
		"|---|---|---|---|---|---|---|---|---|---|---|---|\n", p)
	for _, of := range groups {
		median := func(value func(*Row) float64) float64 { return measure.MedianOf(of, value) }
		r := &of[0]
		dst = fmt.Appendf(dst, "| %s | %s | %s | %s | %.4f | %.3f | %.3f | %.2f %% | %.2f %% | %.2f %% | %.3f %% | %.4f |\n", r.World, r.Attacker, r.Model,
			results.Seeds(of, func(r *Row) uint64 { return r.Seed }),
			median(func(r *Row) float64 { return r.AUC }), median(func(r *Row) float64 { return r.TPR1 }),
			median(func(r *Row) float64 { return r.TPR01 }), 100*median(func(r *Row) float64 { return r.For90 }),
			100*median(func(r *Row) float64 { return r.For99 }), 100*median(func(r *Row) float64 { return r.Realized1 }),
			100*median(func(r *Row) float64 { return r.Realized01 }), median(func(r *Row) float64 { return r.Precision }))
	}
	dst = appendAcceptance(dst, groups)
	dst = appendHistories(dst, groups)
	dst = appendPeople(dst, models)
	dst = appendEarly(dst, models)
	return appendCalibrations(dst, models, drifts)
}

// accepted is how close to the published AUC of the baseline a world is to be.
const accepted = 0.04

// publishedAUC are those of Freeman et al. on the published data set.
var publishedAUC = map[string]float64{"naive": 0.93, "vpn": 0.91, "targeted": 0.67}

// appendAcceptance says how much easier than the published data set a world is for
// the published algorithm.
func appendAcceptance(dst []byte, groups [][]Row) []byte {
	head := "\nThe published algorithm on the published data set and here:\n\n| world | attacker | published AUC | here | so this world is |\n|---|---|---|---|---|\n"
	for _, of := range groups {
		r := &of[0]
		was, known := publishedAUC[r.Attacker]
		if !known || r.Model != "freeman" {
			continue
		}
		now := measure.MedianOf(of, func(r *Row) float64 { return r.AUC })
		verdict := "within 0.04"
		switch {
		case now > was+accepted:
			verdict = "easier"
		case now < was-accepted:
			verdict = "harder"
		}
		dst = fmt.Appendf(dst, "%s| %s | %s | %.2f | %.3f | %s |\n", head, r.World, r.Attacker, was, now, verdict)
		head = ""
	}
	return dst
}

// appendHistories shows the strata.
func appendHistories(dst []byte, groups [][]Row) []byte {
	head := "\nBy the victim's verified logins before, at the thresholds of all:\n\n" +
		"| world | attacker | model | none: attacks | AUC | TPR at 1 % | realized | 1 to 4: attacks | AUC | TPR at 1 % | realized | 5 or more: attacks | AUC | TPR at 1 % | realized |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n"
	for _, of := range groups {
		if of[0].Strata == nil || of[0].Model == "constant" {
			continue
		}
		dst = fmt.Appendf(dst, "%s| %s | %s | %s |", head, of[0].World, of[0].Attacker, of[0].Model)
		head = ""
		for _, name := range stratumNames {
			dst = appendStratum(dst, of, name)
		}
		dst = append(dst, '\n')
	}
	return dst
}

func appendStratum(dst []byte, of []Row, name string) []byte {
	var all []Merit
	for i := range of {
		if m, ok := of[i].Strata[name]; ok {
			all = append(all, m)
		}
	}
	if len(all) == 0 {
		return append(dst, " | | | |"...)
	}
	return fmt.Appendf(dst, " %d | %.3f | %.3f | %.2f %% |", measure.MedianOf(all, func(m *Merit) int { return m.Attacks }),
		measure.MedianOf(all, func(m *Merit) float64 { return m.AUC }), measure.MedianOf(all, func(m *Merit) float64 { return m.TPR1 }),
		100*measure.MedianOf(all, func(m *Merit) float64 { return m.Realized1 }))
}
