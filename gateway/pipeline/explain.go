package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/signals"
)

// Explanation is a decision recomputed from its event.
type Explanation struct {
	Event string `json:"event"`
	// Sentence is the decision in words, as in the event; "" for a plain allow.
	Sentence   string  `json:"sentence,omitempty"`
	Score      float64 `json:"score"`
	Base       float64 `json:"base"` // score of no evidence
	Nats       float64 `json:"nats"`
	ActorScore float64 `json:"actor_score"`
	Confidence float64 `json:"confidence"`
	Level      string  `json:"level"`
	Wanted     string  `json:"wanted"` // action that the score asks for
	Applied    string  `json:"applied"`
	// Explored: asked to step up as a sample, whatever the score.
	Explored bool `json:"explored,omitempty"`
	// Learned is what weights or slope of the section were learned from; absent if
	// they are as configured.
	Learned       risk.Learned `json:"learned,omitzero"`
	Thresholds    Thresholds   `json:"thresholds"`
	Contributions []Explained  `json:"contributions"`
	// Counterfactual is absent where the score asks for nothing.
	Counterfactual *Counterfactual `json:"counterfactual,omitempty"`
}

// Counterfactual says what would have had to be different. It is about the score
// alone, whether or not it was enforced, explored, or joined by a policy.
type Counterfactual struct {
	// Goal is let_through, of a request that is asked to step up or refused; unasked,
	// of one that is slowed because its caller cannot step up; or unnoticed, of one
	// that is only marked or slowed.
	Goal string `json:"goal"`
	// Without names the groups of the smallest set without which that would have been
	// so, those with most points first; of several sets it is the one with the fewest
	// points. Absent if none suffices: thresholds or an attack
	// elsewhere decide alone.
	Without []string `json:"without,omitempty"`
	// Action, Refill and Finding are what the score would still have come to: allow or
	// monitor, and which part of its rate the caller's bucket would have had.
	Action  string  `json:"action,omitempty"`
	Refill  float64 `json:"refill,omitempty"`
	Finding string  `json:"finding,omitempty"`
}

// Thresholds are the scores at which actions begin.
type Thresholds struct {
	Monitor  float64 `json:"monitor"`
	Throttle float64 `json:"throttle"`
	StepUp   float64 `json:"step_up"`
	Deny     float64 `json:"deny"`
}

// Explained is one line of a score.
type Explained struct {
	Group      string  `json:"group"`
	State      string  `json:"state"`
	Lambda     float64 `json:"lambda"`
	Confidence float64 `json:"confidence"`
	Nats       float64 `json:"nats"`
	Points     float64 `json:"points"`
	// Words say what groups with points add, and what hits of weight 0 would.
	Words string             `json:"words,omitempty"`
	Facts map[string]float32 `json:"facts,omitempty"`
}

// The ways in which a decision cannot be explained.
var (
	ErrUnscored  = errors.New("pipeline: the request was refused before it was scored")
	ErrConfig    = errors.New("pipeline: the decision was made by another risk section")
	ErrDifferent = errors.New("pipeline: recomputed differently")
)

// Explain recomputes the decision recorded in e from its features alone and
// compares it bit for bit: every figure of the assessment, the state and the
// facts of every group, and the action that the score asks for. Engine must be of
// the risk section whose hash stands in the event, else the error is ErrConfig.
// ErrDifferent says that the event and this build disagree.
func Explain(e *models.Event, engine *risk.Engine) (*Explanation, error) {
	evidence, again, err := recompute(e, engine)
	if err != nil {
		return nil, err
	}
	return explanation(e, evidence, again, engine), nil
}

// Verify is Explain without the explanation: it returns the same errors.
func Verify(e *models.Event, engine *risk.Engine) error {
	_, _, err := recompute(e, engine)
	return err
}

func recompute(e *models.Event, engine *risk.Engine) (*models.EvidenceSet, *models.Assessment, error) {
	switch {
	case e.Assessment.Base == 0:
		return nil, nil, fmt.Errorf("%w: %s", ErrUnscored, e.Denial)
	case e.ConfigHash != engine.Hash():
		return nil, nil, fmt.Errorf("%w: %x, want %x", ErrConfig, engine.Hash(), e.ConfigHash)
	}
	var evidence models.EvidenceSet
	var again models.Assessment
	signals.Evaluate(&e.Features, &evidence)
	engine.Assess(&e.Features, &evidence, e.Class, &again)
	for _, err := range []error{
		compareAssessments(&e.Assessment, &again), compareEvidence(e, &evidence), compareMarks(e, engine),
		compareActions(e, &again, engine),
	} {
		if err != nil {
			return nil, nil, err
		}
	}
	return &evidence, &again, nil
}

func different(what string, was, now any) error {
	return fmt.Errorf("%w: %s is %v, the event says %v", ErrDifferent, what, now, was)
}

// compareAssessments returns the first figure that differs.
func compareAssessments(was, now *models.Assessment) error {
	for g := models.Network; g < models.NumGroups; g++ {
		if was.Contributions[g] != now.Contributions[g] {
			return different("contribution of "+g.String(), was.Contributions[g], now.Contributions[g])
		}
	}
	for _, f := range []struct {
		name     string
		was, now any
	}{
		{"score", was.Score, now.Score}, {"actor_score", was.ActorScore, now.ActorScore},
		{"nats", was.Nats, now.Nats}, {"actor_nats", was.ActorNats, now.ActorNats}, {"base", was.Base, now.Base},
		{"confidence", was.Confidence, now.Confidence}, {"refill", was.Refill, now.Refill},
		{"level", was.Level, now.Level}, {"wanted", was.Wanted, now.Wanted},
		{"reasons", names(was.Top()), names(now.Top())},
	} {
		if f.was != f.now {
			return different(f.name, f.was, f.now)
		}
	}
	if *was != *now {
		return different("assessment", *was, *now)
	}
	return nil
}

func names(groups []models.Group) string {
	all := make([]string, len(groups))
	for i, g := range groups {
		all[i] = g.String()
	}
	return strings.Join(all, ", ")
}

func compareEvidence(e *models.Event, now *models.EvidenceSet) error {
	for g := models.Network; g < models.NumGroups; g++ {
		if was := e.Features.States[g]; was != now[g].State {
			return different("state of "+g.String(), was, now[g].State)
		}
		was := e.Evidence[g]
		if was.Lambda == 0 && was.Confidence == 0 { // the event leaves them to its features
			was.Lambda, was.Confidence = now[g].Lambda, now[g].Confidence
		}
		if was != now[g] {
			return different("evidence of "+g.String(), was, now[g])
		}
	}
	return nil
}

// compareMarks compares what the event says of the section with the section.
func compareMarks(e *models.Event, engine *risk.Engine) error {
	if learned := e.Features.Has(models.LearnedWeights); learned != engine.Learned() {
		return different("learned", learned, engine.Learned())
	}
	if e.Features.Has(models.Explored) && engine.Config().Learning.Explore == 0 {
		return different("explored", true, false)
	}
	return nil
}

// compareActions compares what the score came to. What was done depends on policy
// and on the bucket too, but is never milder than an enforced score.
func compareActions(e *models.Event, a *models.Assessment, engine *risk.Engine) error {
	byRisk := engine.Resolve(a, &e.Features, e.Class, e.CanStepUp).Action
	switch {
	case e.ByRisk != byRisk:
		return different("by_risk", e.ByRisk, byRisk)
	case e.Mode != engine.Mode():
		return different("mode", e.Mode, engine.Mode())
	case e.Mode == models.Enforce && e.Action < byRisk:
		return different("action", e.Action, byRisk.String()+" or stricter")
	}
	return nil
}

func explanation(e *models.Event, evidence *models.EvidenceSet, a *models.Assessment, engine *risk.Engine) *Explanation {
	t := engine.Thresholds(e.Class)
	x := &Explanation{
		Event: string(appendUUID(nil, e.ID)), Score: a.Score, Base: a.Base, Nats: a.Nats, ActorScore: a.ActorScore,
		Confidence: a.Confidence, Level: a.Level.String(), Wanted: a.Wanted.String(), Applied: e.Action.String(),
		Thresholds: Thresholds{t.Monitor, t.Throttle, t.StepUp, t.Deny},
		Explored:   e.Features.Has(models.Explored), Learned: engine.Config().Learned,
		Counterfactual: counterfactual(e, evidence, a, engine),
	}
	if models.Remarkable(e) {
		x.Sentence = string(models.AppendSentence(nil, e))
	}
	weights := engine.Weights()
	for g := models.Network; g < models.NumGroups; g++ {
		line := explained(g, &evidence[g], a.Contributions[g])
		if a.Contributions[g].Points != 0 || g.Weighed() && weights[g] == 0 && evidence[g].State == models.Hit {
			line.Words = string(models.AppendWords(nil, g, &evidence[g], a.Contributions[g].Points))
		}
		x.Contributions = append(x.Contributions, line)
	}
	return x
}

func explained(g models.Group, v *models.Evidence, c models.Contribution) Explained {
	line := Explained{
		Group: g.String(), State: v.State.String(), Lambda: v.Lambda, Confidence: v.Confidence,
		Nats: c.Nats, Points: c.Points,
	}
	for _, f := range v.Facts {
		if f.Code != models.NoFact {
			if line.Facts == nil {
				line.Facts = map[string]float32{}
			}
			line.Facts[f.Code.String()] = f.Value
		}
	}
	return line
}

// counterfactual asks the engine; it is nil where the score asks for nothing.
func counterfactual(e *models.Event, evidence *models.EvidenceSet, a *models.Assessment, engine *risk.Engine) *Counterfactual {
	found := engine.Without(&e.Features, evidence, e.Class, e.CanStepUp)
	if found.Goal == risk.NoGoal {
		return nil
	}
	x := &Counterfactual{Goal: found.Goal.String()}
	if found.Groups == nil {
		return x
	}
	slices.SortStableFunc(found.Groups, func(x, y models.Group) int {
		return cmp.Compare(a.Contributions[y].Points, a.Contributions[x].Points)
	})
	for _, g := range found.Groups {
		x.Without = append(x.Without, g.String())
	}
	x.Action, x.Refill, x.Finding = found.Left.Action.String(), found.Left.Refill, string(found.Left.Finding)
	return x
}
