package trial

import (
	"fmt"
	"slices"
	"strings"

	"github.com/riskgate/riskgate/bench/eval/measure"
)

// AppendMedians appends a table of the medians over the seeds of each world.
func AppendMedians(dst []byte, rows []Row) []byte {
	type key struct{ world, attacker, model string }
	groups := map[key][]Row{}
	var keys []key
	for _, r := range rows {
		if _, _, yes := ablated(r.Model); yes {
			continue
		}
		k := key{r.World, r.Attacker, r.Model}
		if groups[k] == nil {
			keys = append(keys, k)
		}
		groups[k] = append(groups[k], r)
	}
	slices.SortStableFunc(keys, func(a, b key) int {
		return strings.Compare(a.world+a.attacker, b.world+b.attacker)
	})
	dst = append(dst, "\n## Medians over the seeds\n\n| world | attacker | model | seeds | AUC | TPR at 1 % | at 0.1 % | catch 90 | realized 1 % |\n"+
		"|---|---|---|---|---|---|---|---|---|\n"...)
	for _, k := range keys {
		of := groups[k]
		median := func(value func(*Row) float64) float64 {
			v := make([]float64, len(of))
			for i := range of {
				v[i] = value(&of[i])
			}
			return measure.Quantile(v, 0.5)
		}
		dst = fmt.Appendf(dst, "| %s | %s | %s | %s | %.4f | %.3f | %.3f | %.2f %% | %.2f %% |\n", k.world, k.attacker, k.model, seedsOf(of),
			median(func(r *Row) float64 { return r.AUC }), median(func(r *Row) float64 { return r.TPR1 }),
			median(func(r *Row) float64 { return r.TPR01 }), 100*median(func(r *Row) float64 { return r.For90 }),
			100*median(func(r *Row) float64 { return r.Realized1 }))
	}
	return dst
}

func seedsOf(rows []Row) string {
	var seeds []string
	for _, r := range rows {
		seeds = append(seeds, fmt.Sprint(r.Seed))
	}
	return strings.Join(seeds, " ")
}
