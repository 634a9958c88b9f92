package risk

import (
	"testing"

	"github.com/riskgate/riskgate/models"
)

func TestNewsOfMachines(t *testing.T) {
	f := func(name string, want Finding, flags models.Flag, change func(*models.Features)) {
		t.Helper()
		fs := &models.Features{Flags: models.IsMachine | models.IsLook | models.HasAgent}
		fs.Flags ^= flags
		for _, i := range []models.Feature{models.NetTotal, models.NetWeight2, models.DevTotal, models.DevWeight2} {
			fs.Set(i, 5)
		}
		change(fs)
		if got := News(fs); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	network := func(fs *models.Features) { fs.Set(models.NetWeight2, 0) }
	device := func(fs *models.Features) { fs.Set(models.DevWeight2, 0) }
	f("as always", "", 0, func(*models.Features) {})
	f("a new network", NewToMachine, 0, network)
	f("a new device", NewToMachine, 0, device)
	f("inside the session", "", models.IsLook, network)
	f("of a person", "", models.IsMachine, network)
	f("in the first days", "", models.IsEnrolling, network)
	f("from a declared network", "", models.DeclaredSource, network)
	f("confirmed by an analyst", "", models.IsConfirmed, network)
	f("not to be had", "", models.BaselineMissing, network)
	f("without an agent", "", models.HasAgent, device)
	f("of whom nothing is known", "", 0, func(fs *models.Features) { fs.Set(models.NetTotal, 0); network(fs) })
}
