package measure

import "math"

const (
	logisticSteps = 100
	logisticClose = 1e-10
)

// Logistic returns slope and intercept of the weighted logistic regression of the
// outcome on the log-odds, by Newton's method with halved steps where one
// overshoots. Where attacks and honest ones are told apart without error there is
// no finite slope, and the last one is returned.
func Logistic(outcomes []Outcome) (slope, intercept float64) {
	slope = 1
	loss := logisticLoss(outcomes, slope, intercept)
	for range logisticSteps {
		ds, di := newton(outcomes, slope, intercept)
		step, next := 1.0, math.Inf(1)
		for ; step > 1e-6; step /= 2 {
			next = logisticLoss(outcomes, slope+step*ds, intercept+step*di)
			if next <= loss {
				break
			}
		}
		if !(next <= loss) {
			break
		}
		slope, intercept = slope+step*ds, intercept+step*di
		done := loss-next < logisticClose*(1+math.Abs(loss))
		loss = next
		if done {
			break
		}
	}
	return slope, intercept
}

// newton returns the step towards the least loss.
func newton(outcomes []Outcome, slope, intercept float64) (ds, di float64) {
	var gs, gi, hss, hsi, hii float64
	for i := range outcomes {
		o := &outcomes[i]
		p := 1 / (1 + math.Exp(-(slope*o.LogOdds + intercept)))
		g, h := o.Weight*(p-o.truth()), o.Weight*p*(1-p)
		gs += g * o.LogOdds
		gi += g
		hss += h * o.LogOdds * o.LogOdds
		hsi += h * o.LogOdds
		hii += h
	}
	det := hss*hii - hsi*hsi
	if !(math.Abs(det) > 1e-300) {
		return 0, 0
	}
	return -(hii*gs - hsi*gi) / det, -(hss*gi - hsi*gs) / det
}

// logisticLoss is the weighted cross-entropy.
func logisticLoss(outcomes []Outcome, slope, intercept float64) float64 {
	loss := 0.0
	for i := range outcomes {
		o := &outcomes[i]
		z := slope*o.LogOdds + intercept
		if o.Attack {
			z = -z
		}
		loss += o.Weight * (max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))))
	}
	return loss
}

// Intercept returns the best intercept for a given slope: the one with which the
// forecasts add up to the attacks.
func Intercept(outcomes []Outcome, slope float64) float64 {
	low, high := -100.0, 100.0
	for range 80 {
		middle := (low + high) / 2
		excess := 0.0
		for i := range outcomes {
			o := &outcomes[i]
			excess += o.Weight * (1/(1+math.Exp(-(slope*o.LogOdds+middle))) - o.truth())
		}
		if excess > 0 {
			high = middle
		} else {
			low = middle
		}
	}
	return (low + high) / 2
}
