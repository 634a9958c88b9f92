package pipeline

import (
	"errors"
	"fmt"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/signals"
)

// Explanation is a decision recomputed from its event.
type Explanation struct {
	Event         string      `json:"event"`
	Score         float64     `json:"score"`
	Base          float64     `json:"base"` // score of no evidence
	Nats          float64     `json:"nats"`
	ActorScore    float64     `json:"actor_score"`
	Confidence    float64     `json:"confidence"`
	Level         string      `json:"level"`
	Wanted        string      `json:"wanted"` // action that the score asks for
	Applied       string      `json:"applied"`
	Thresholds    Thresholds  `json:"thresholds"`
	Contributions []Explained `json:"contributions"`
	// Removing names the fewest groups without which the score would not have
	// asked for anything.
	Removing []string `json:"allowed_without,omitempty"`
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
	Group      string             `json:"group"`
	State      string             `json:"state"`
	Lambda     float64            `json:"lambda"`
	Confidence float64            `json:"confidence"`
	Nats       float64            `json:"nats"`
	Points     float64            `json:"points"`
	Facts      map[string]float32 `json:"facts,omitempty"`
}

// The ways in which a decision cannot be explained.
var (
	ErrUnscored  = errors.New("pipeline: the request was refused before it was scored")
	ErrConfig    = errors.New("pipeline: the decision was made by another risk section")
	ErrDifferent = errors.New("pipeline: recomputed differently")
)

// Explain recomputes the decision recorded in e from its features alone and
// compares every figure bit for bit. Engine must be of the risk section whose
// hash stands in the event, else the error is ErrConfig. ErrDifferent says that
// the event and this build disagree.
func Explain(e *models.Event, engine *risk.Engine) (*Explanation, error) {
	switch {
	case e.Assessment.Base == 0:
		return nil, fmt.Errorf("%w: %s", ErrUnscored, e.Denial)
	case e.ConfigHash != engine.Hash():
		return nil, fmt.Errorf("%w: %x, want %x", ErrConfig, engine.Hash(), e.ConfigHash)
	}
	var evidence models.EvidenceSet
	var again models.Assessment
	signals.Evaluate(&e.Features, &evidence)
	engine.Assess(&e.Features, &evidence, e.Class, &again)
	if err := compare(e, &evidence, &again); err != nil {
		return nil, err
	}
	return explanation(e, &evidence, &again, engine), nil
}

// compare returns the first figure that differs.
func compare(e *models.Event, evidence *models.EvidenceSet, again *models.Assessment) error {
	was := &e.Assessment
	for _, f := range []struct {
		name     string
		old, new float64
	}{
		{"score", was.Score, again.Score},
		{"actor_score", was.ActorScore, again.ActorScore},
		{"nats", was.Nats, again.Nats},
		{"confidence", was.Confidence, again.Confidence},
	} {
		if f.old != f.new {
			return fmt.Errorf("%w: %s is %v, the event says %v", ErrDifferent, f.name, f.new, f.old)
		}
	}
	for g := models.Network; g < models.NumGroups; g++ {
		if old, now := was.Contributions[g], again.Contributions[g]; old != now {
			return fmt.Errorf("%w: %s contributes %v, the event says %v", ErrDifferent, g, now, old)
		}
		if old, now := e.Features.States[g], evidence[g].State; old != now {
			return fmt.Errorf("%w: %s is %s, the event says %s", ErrDifferent, g, now, old)
		}
	}
	return nil
}

func explanation(e *models.Event, evidence *models.EvidenceSet, a *models.Assessment, engine *risk.Engine) *Explanation {
	t := engine.Thresholds(e.Class)
	x := &Explanation{
		Event: string(appendUUID(nil, e.ID)), Score: a.Score, Base: a.Base, Nats: a.Nats, ActorScore: a.ActorScore,
		Confidence: a.Confidence, Level: a.Level.String(), Wanted: a.Wanted.String(), Applied: e.Action.String(),
		Thresholds: Thresholds{t.Monitor, t.Throttle, t.StepUp, t.Deny},
		Removing:   without(e, evidence, a, engine),
	}
	for g := models.Network; g < models.NumGroups; g++ {
		x.Contributions = append(x.Contributions, explained(g, &evidence[g], a.Contributions[g]))
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

// without returns the fewest reasons, largest first, without whose evidence the
// score would have asked for nothing. It is nil where nothing was asked for.
func without(e *models.Event, evidence *models.EvidenceSet, a *models.Assessment, engine *risk.Engine) []string {
	if a.Wanted == models.Allow {
		return nil
	}
	less, features, names := *evidence, e.Features, []string{}
	var again models.Assessment
	for _, g := range a.Top() {
		less[g] = models.Evidence{}
		if g == models.RecentBehavior {
			features.Set(models.ActorNats, 0)
		}
		if g == models.Verdict {
			features.Set(models.VerdictNats, 0)
		}
		names = append(names, g.String())
		if engine.Assess(&features, &less, e.Class, &again); again.Wanted == models.Allow {
			return names
		}
	}
	return names
}
