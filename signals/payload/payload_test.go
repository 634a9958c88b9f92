package payload

import (
	"testing"

	"github.com/riskgate/riskgate/models"
)

func TestOneNatPerFault(t *testing.T) {
	f := func(faults models.Fault, want float64, state models.State) {
		t.Helper()
		var in models.Features
		var out models.EvidenceSet
		in.Set(models.FaultCount, float64(Faults(faults)))
		Evaluate(&in, &out)
		if e := out[models.Payload]; e.Lambda != want || e.State != state {
			t.Errorf("%b: %g (%s), want %g (%s)", faults, e.Lambda, e.State, want, state)
		}
	}
	f(0, 0, models.Clean)
	f(models.DoubleSlash, 1, models.Hit)
	f(models.DoubleSlash|models.BodyOnGet, 2, models.Hit)
	f(models.DoubleSlash|models.BodyOnGet|models.DotSegment|models.NonASCIIPath, 3, models.Hit)
}
