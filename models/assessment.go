package models

// Contribution is one group's share of a score.
type Contribution struct {
	Nats   float64 // w*c*lambda after caps; the contributions add up to the evidence exactly
	Points float64 // of 100; points add up to the score less the score of no evidence
}

// Assessment is what the risk engine makes of the evidence about one request.
type Assessment struct {
	Score      float64 // request risk, 0..100
	ActorScore float64 // actor risk, 0..100
	Nats       float64 // sum of the contributions
	ActorNats  float64 // what this subject's requests leave behind, this one included; decays by ActorHalfLife
	Base       float64 // score of no evidence, where the points start
	Confidence float64 // 0..1: how much of the evidence could be assessed
	Level      Level
	// Wanted is the action the score asks for: Allow, Monitor, StepUp or Deny.
	// Throttling is a slope beside it, see Refill.
	Wanted Action
	// Refill is the share of the base rate at which the subject's bucket fills,
	// in [1/64, 1].
	Refill        float64
	Contributions [NumGroups]Contribution
	Reasons       [NumGroups]Group // groups that raise the score most, largest first
	NumReasons    int
}

// Top returns the reasons, largest first.
func (a *Assessment) Top() []Group { return a.Reasons[:a.NumReasons] }
