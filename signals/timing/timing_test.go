package timing

import (
	"testing"

	"github.com/riskgate/riskgate/models"
)

func hourOf(own, total, world float64) models.Evidence {
	f := models.Features{Flags: models.IsLook}
	f.Set(models.TimeOwn, own)
	f.Set(models.TimeTotal, total)
	f.Set(models.TimeGlobal, world)
	var out models.EvidenceSet
	Evaluate(&f, &out)
	return out[models.Time]
}

func TestTime(t *testing.T) {
	const even = 1.0 / 24
	if e := hourOf(19, 19.9, even); e.Confidence != 0 || e.State != models.Learning {
		t.Errorf("with 19.9 looks: %+v", e)
	}
	if e := hourOf(40, 100, even); e.Lambda != float64(float32(-0.7)) {
		t.Errorf("in the favorite hour: %g, want the floor", e.Lambda)
	}
	usual, never := hourOf(100*even, 100, even), hourOf(0, 100, even)
	if usual.Lambda > 1e-6 || usual.Lambda < -1e-6 {
		t.Errorf("an hour like any other says %g", usual.Lambda)
	}
	if never.Lambda < 2 || never.Lambda > 3 || never.State != models.Hit {
		t.Errorf("an hour never used says %g (%s)", never.Lambda, never.State)
	}
	if e := hourOf(0, 1e6, even); e.Lambda != 3 {
		t.Errorf("after a million looks: %g, want the ceiling", e.Lambda)
	}
}

func TestTimeIsHeldInsideASession(t *testing.T) {
	var f models.Features
	var out models.EvidenceSet
	f.Set(models.HeldTime, 1.25)
	f.Set(models.TimeTotal, 100)
	Evaluate(&f, &out)
	if out[models.Time].Lambda != 1.25 {
		t.Errorf("%+v", out[models.Time])
	}
}
