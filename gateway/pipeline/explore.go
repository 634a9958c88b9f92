package pipeline

import (
	"math"
	"time"

	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/keyed"
)

// exploredFor is how long the choice of an explored session holds, and how long
// who has stepped up is not chosen.
const exploredFor = time.Hour

// SteppedUp is what a credential shows whose holder has stepped up of late. Make
// it ready in the snapshot's stepup.Service.
var SteppedUp = stepup.Want{MaxAge: exploredFor}

// Explorer chooses the sessions that are asked to step up although their score
// does not ask for it, by a keyed hash: the same choice for every request of a
// session within an hour, on every gateway with the same key, and nobody outside
// can tell which. The zero value chooses none.
type Explorer struct {
	hash  keyed.Hash
	below uint64
}

// NewExplorer chooses a share of sessions in [0, 1).
func NewExplorer(key [32]byte, share models.Share) Explorer {
	return Explorer{hash: keyed.New(key), below: uint64(float64(share) * (1 << 64))}
}

// chooses reports whether the session of a subject and a credential is chosen.
func (x *Explorer) chooses(p models.Pseudonym, credential uint32, now time.Time) bool {
	if x.below == 0 {
		return false
	}
	who := x.hash.Sum(keyed.Session, p[:])
	hour := uint64(now.Unix() / int64(exploredFor/time.Second))
	return x.hash.Pair(keyed.Session, who, uint64(credential)<<32|hour&math.MaxUint32) < x.below
}

// mark notes in the features what the score says nothing about: that the section
// was learned, and that this session is explored. Who is explored is established,
// can step up and has not, and is asked for nothing by an enforced score.
func (p *Pipeline) mark(d *decision) {
	e, s := &d.event, d.snapshot
	if s.Risk.Learned() {
		e.Features.Flags |= models.LearnedWeights
	}
	if e.Mode != models.Enforce || !e.CanStepUp || !e.Established || e.Assessment.Wanted >= models.StepUp ||
		e.Features.Has(models.HoldsCredit) || !s.Explore.chooses(e.Pseudonym, e.Observed.Credential, d.view.Time) ||
		s.StepUp.Meets(d.identity, SteppedUp, d.view.Time) {
		return
	}
	e.Features.Flags |= models.Explored
	p.Metrics.explored.Inc()
}
