package risk

import "github.com/riskgate/riskgate/models"

// share divides the points between score and base among the contributions, in
// proportion to their nats. What rounding leaves over goes to the largest, so
// that the points add up exactly.
func (e *Engine) share(s *sum, out *models.Assessment) {
	rest := out.Score - out.Base
	slope := e.slope(out, rest)
	largest := models.Network
	for g, n := range s.nats {
		if n == 0 {
			out.Contributions[g] = models.Contribution{}
			continue
		}
		p := points(float64(slope * n))
		out.Contributions[g] = models.Contribution{Nats: n, Points: p}
		rest -= p
		if abs(n) > abs(s.nats[largest]) {
			largest = models.Group(g)
		}
	}
	out.Contributions[largest].Points += rest
}

// slope returns points per nat. Where the nats cancel out it is the slope of
// the score at the base.
func (e *Engine) slope(out *models.Assessment, rise float64) float64 {
	if out.Nats != 0 {
		return rise / out.Nats
	}
	return float64(e.config.Slope * float64(out.Base*(1-out.Base/100)))
}

// reasons lists the groups that raise the score by reasonNats or more, largest
// first, equal ones in the order of the groups.
func reasons(s *sum, out *models.Assessment) {
	out.NumReasons = 0
	for g, n := range s.nats {
		if n < reasonNats {
			continue
		}
		i := out.NumReasons
		for ; i > 0 && s.nats[out.Reasons[i-1]] < n; i-- {
			out.Reasons[i] = out.Reasons[i-1]
		}
		out.Reasons[i] = models.Group(g)
		out.NumReasons++
	}
	clear(out.Reasons[out.NumReasons:])
}

func abs(x float64) float64 { return max(x, -x) }
