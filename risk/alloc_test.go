//go:build !race

package risk

import (
	"math/rand/v2"
	"testing"

	"github.com/riskgate/riskgate/models"
)

func TestAssessAllocates(t *testing.T) {
	e := New(DefaultConfig())
	f, ev := invented(rand.New(rand.NewPCG(1, 1)))
	var a models.Assessment
	if n := testing.AllocsPerRun(200, func() {
		e.Assess(f, ev, models.Normal, &a)
		e.Resolve(&a, f, models.Normal, false)
	}); n != 0 {
		t.Errorf("Assess and Resolve allocate %v times per request, want 0", n)
	}
}
