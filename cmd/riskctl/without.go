package main

import (
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// allowedWithout takes away the group that raises the score most, again and
// again, until the score asks for nothing, and returns the groups. A group that
// another one spoke for comes forward when that one is gone, so the score is
// computed anew each time. Enough is false if the score asks for something
// without any evidence against the request.
func allowedWithout(e *models.Event, engine *risk.Engine) (groups []string, enough bool) {
	evidence, features, again := e.Evidence, e.Features, e.Assessment
	for again.Wanted != models.Allow {
		g := largest(&again)
		if again.Contributions[g].Nats <= 0 {
			return groups, false
		}
		groups = append(groups, g.String())
		evidence[g] = models.Evidence{}
		switch g {
		case models.RecentBehavior:
			features.Set(models.ActorNats, 0)
		case models.Verdict:
			features.Set(models.VerdictNats, 0)
		}
		engine.Assess(&features, &evidence, e.Class, &again)
	}
	return groups, true
}

// largest returns the group that raises the score most.
func largest(a *models.Assessment) models.Group {
	most := models.Network
	for g := models.Network; g < models.NumGroups; g++ {
		if a.Contributions[g].Nats > a.Contributions[most].Nats {
			most = g
		}
	}
	return most
}
