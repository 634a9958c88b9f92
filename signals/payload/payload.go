// Package payload judges the oddities of a request's form.
package payload

import (
	"math/bits"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

const most = 3.0

// Evaluate computes the evidence of this family: Payload, min(3, n) nats of n kinds of
// structural fault, 0 to 3. Faults add up as anomaly scores do in the OWASP Core Rule
// Set; what each is worth is riskgate's own.
func Evaluate(f *models.Features, out *models.EvidenceSet) {
	n := max(0, f.Get(models.FaultCount))
	e := baseline.Say(min(most, n))
	if n > 0 {
		e.Facts[0] = models.Fact{Code: models.FactFaults, Value: float32(n)}
	}
	out[models.Payload] = e
}

// Faults counts the structural faults of a request.
func Faults(f models.Fault) int { return bits.OnesCount16(uint16(f)) }
