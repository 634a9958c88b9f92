package risk

import "github.com/riskgate/riskgate/models"

// The findings about a subject whose accumulated risk rises past a threshold.
const (
	ActorHigh     Finding = "actor_risk_high"
	ActorCritical Finding = "actor_risk_critical"
)

// Crossed names the threshold, step-up or deny, that the actor's risk passed
// upwards with this request, if any.
func (e *Engine) Crossed(f *models.Features, a *models.Assessment, c models.Class) Finding {
	verdict := a.Contributions[models.Verdict].Nats
	before := scoreOf(float64(e.config.Slope*(max(f.Get(models.ActorNats), 0)+verdict)) + e.config.Intercept)
	was, is := e.classes[c].level(before), e.classes[c].level(a.ActorScore)
	switch {
	case is <= was:
		return ""
	case is == models.Critical:
		return ActorCritical
	case is == models.High:
		return ActorHigh
	}
	return ""
}
