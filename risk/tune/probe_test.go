package tune

import (
	"testing"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/risk/replay"
)

func TestReach(t *testing.T) {
	var group models.Group
	var ended float64
	p := NewProbe(risk.DefaultConfig(), func(f *models.Features, out *models.EvidenceSet) {
		*out = models.EvidenceSet{}
		out[group] = models.Evidence{Lambda: f.Get(models.FailedLogins), Confidence: 1}
	})
	f := func(name string, of models.Group, nats, credit float64, flags models.Flag, mode float64, asks, denies bool) {
		t.Helper()
		group = of
		features := models.Features{Flags: flags}
		features.Set(models.FailedLogins, nats)
		features.Set(models.CreditNats, credit)
		features.Set(models.ModeNats, mode)
		features.Set(models.SessionKind, ended)
		stepUp, deny := p.Reach(&replay.Decision{Features: &features, CanStepUp: true})
		if (stepUp >= 20) != asks || (deny >= 20) != denies || deny > 0 && deny != stepUp {
			t.Errorf("%s: %g and %g", name, stepUp, deny)
		}
	}
	f("novelty", models.Network, 3, 0, 0, 0, true, false)
	f("a source of bad repute", models.Infrastructure, 3, 0, 0, 0, true, true)
	f("below the throttle threshold", models.Infrastructure, 1, 0, 0, 0, false, false)
	f("a passed step-up", models.Network, 3, -3, 0, 0, true, false)
	f("an attack elsewhere", models.Network, 0, 0, models.IsLoginRoute, 1.5, false, false)
	f("a session that goes on", models.Session, 6, 0, 0, 0, true, true)
	ended = models.SessionAfterLogout
	f("a session that had ended", models.Session, 6, 0, 0, 0, false, false)
	ended = 0
	f("a machine in its first days", models.Infrastructure, 3, 0, models.IsMachine|models.IsEnrolling, 0, false, false)
}
