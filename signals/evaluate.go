package signals

import (
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/behavior"
	"github.com/riskgate/riskgate/signals/device"
	"github.com/riskgate/riskgate/signals/geo"
	"github.com/riskgate/riskgate/signals/identity"
	"github.com/riskgate/riskgate/signals/payload"
	"github.com/riskgate/riskgate/signals/timing"
)

// Evaluate computes the evidence of every group from the features, and from
// nothing else: the same features give the same evidence on every machine, bit
// for bit. States of f are not read.
func Evaluate(f *models.Features, out *models.EvidenceSet) {
	odds := device.Evaluate(f, out)
	geo.Evaluate(f, out, odds)
	timing.Evaluate(f, out)
	behavior.Evaluate(f, out)
	identity.Evaluate(f, out)
	payload.Evaluate(f, out)
}
