package gateway

import (
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk/adapt"
)

// challenge is a step-up that the score asked for, of one device and network.
type challenge struct {
	moment
	fingerprint, network uint32
	chance               float32 // with which it was asked
	explored             bool
	closed               bool
}

// step takes a decision that asks for a step-up, or at which one ended.
func (o *outcomes) step(e *models.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.on || !e.Established {
		return
	}
	number, waiting := o.pending[e.Pseudonym]
	var c *challenge
	if waiting {
		c = &o.challenges[number%maxChallenges]
	}
	switch {
	case !waiting:
		if e.Denial == models.StepUpRequired {
			o.ask(e)
		}
	case c.fingerprint != e.Observed.Fingerprint || c.network != e.Observed.Network:
	case e.Passed:
		o.settle(c, fromPassed, adapt.Certain)
	case e.Denial == models.StepUpExhausted:
		o.settle(c, fromFailed, adapt.Failed)
	}
}

// ask waits for the end of a challenge. Who has a label in this hour could not get
// another. The caller holds mu.
func (o *outcomes) ask(e *models.Event) {
	if _, labeled := o.labeled[e.Pseudonym]; labeled {
		return
	}
	if o.end-o.first == maxChallenges {
		o.losses[lostFull]++
		return
	}
	chance, explored := float32(1), e.Features.Has(models.Explored)
	if explored {
		chance = o.chance
	}
	o.challenges[o.end%maxChallenges] = challenge{moment: momentOf(e), fingerprint: e.Observed.Fingerprint,
		network: e.Observed.Network, chance: chance, explored: explored}
	o.pending[e.Pseudonym] = o.end
	o.end++
}

// settle ends a challenge with a label; one of a sample has to be passed for that:
// it stands for many, and who ignores it may be anybody. The caller holds mu.
func (o *outcomes) settle(c *challenge, from source, weight float64) {
	c.closed = true
	delete(o.pending, c.subject)
	if c.explored && from != fromPassed {
		return
	}
	o.label(&c.moment, from, adapt.Example{Attack: from != fromPassed, Weight: weight, Chance: float64(c.chance)})
}
