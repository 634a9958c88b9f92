package trial

import (
	"testing"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/risk"
)

var start = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

func small(w traffic.World, seed uint64) Config {
	return Config{
		World: traffic.NewWorld(w, seed, start, traffic.Size{Users: 2000, Days: 60}),
		Risk:  risk.DefaultConfig(), Rounds: 200,
	}
}

func TestScratch(t *testing.T) {
	began := time.Now()
	r, err := Run(small(traffic.WorldA, 1))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%v %+v", time.Since(began), r.Events)
	for _, row := range r.Rows {
		t.Logf("%-20s %-18s n=%d AUC %.4f TPR1 %.3f %v TPR01 %.3f for90 %.4f for99 %.4f real %.4f %.4f", row.Attacker, row.Model, row.Attacks, row.AUC, row.TPR1, row.CI1, row.TPR01, row.For90, row.For99, row.Realized1, row.Realized01)
	}
	for _, s := range r.Models {
		t.Logf("%s %+v fid %+v def %+v", s.Model, s.Burden, s.Fidelity, s.Default)
		if s.Before != nil {
			s.Before.Bins, s.After.Bins = nil, nil
			t.Logf("  before %+v after %+v fit %v", s.Before, s.After, *s.Fit)
		}
	}
}
