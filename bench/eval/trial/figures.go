package trial

import (
	"math"

	"github.com/riskgate/riskgate/bench/eval/measure"
)

// Curve is a line of a figure. X and Y are of equal length.
type Curve struct {
	Name string
	X, Y []float64
}

// Figures is what is worth drawing, by attacker.
type Figures struct {
	ROC              map[string][]Curve // step-up rate, share caught
	StepUps          map[string][]Curve // share caught, step-up rate needed
	Reauthentication map[string][]Curve // login number, mean share of logins stepped up
	Reliability      []Curve            // forecast, observed
	// Scores has, by model, the share of logins in bins of score: of honest ones
	// and of each attacker.
	Scores map[string][]Curve
}

const (
	leastRate   = 1e-4
	rocPoints   = 121
	scoreBins   = 50
	leastCaught = 0.5
)

// draw adds the curves of one name.
func (j *judge) draw(f *Figures, sum *Summary) {
	for k, kind := range j.book.kinds {
		name := kind.String()
		attacks := measure.NewScores(j.attacks(uint8(k), numStrata).scores, nil)
		put(&f.ROC, name, j.roc(attacks))
		put(&f.StepUps, name, j.stepUps(attacks))
		put(&f.Reauthentication, name, Curve{j.series.name, upTo(maxNumber), sum.Reauthentication[name]})
	}
	if sum.Before == nil {
		return
	}
	f.Reliability = append(f.Reliability,
		reliability(j.series.name+" as it is", sum.Before), reliability(j.series.name+" after labels", sum.After))
	put(&f.Scores, j.series.name, histogram("honest", j.series.honest))
	for k, kind := range j.book.kinds {
		put(&f.Scores, j.series.name, histogram(kind.String(), j.attacks(uint8(k), numStrata).scores))
	}
}

func put(m *map[string][]Curve, key string, c Curve) {
	if *m == nil {
		*m = map[string][]Curve{}
	}
	(*m)[key] = append((*m)[key], c)
}

func (j *judge) roc(attacks measure.Scores) Curve {
	c := Curve{Name: j.series.name}
	for _, p := range measure.ROC(attacks, j.honest, leastRate, rocPoints) {
		c.X, c.Y = append(c.X, p.Rate), append(c.Y, p.TPR)
	}
	return c
}

// stepUps goes from half of the attacks caught to all but one in a thousand.
func (j *judge) stepUps(attacks measure.Scores) Curve {
	c := Curve{Name: j.series.name}
	for i := range 100 {
		caught := leastCaught + (0.999-leastCaught)*float64(i)/99
		c.X = append(c.X, caught)
		c.Y = append(c.Y, max(leastRate, measure.RateFor(attacks, j.honest, caught)))
	}
	return c
}

func reliability(name string, c *measure.Calibration) Curve {
	curve := Curve{Name: name}
	for _, b := range c.Bins {
		curve.X, curve.Y = append(curve.X, b.Forecast), append(curve.Y, b.Observed)
	}
	return curve
}

// histogram counts log-odds by the score they come to.
func histogram(name string, logOdds []float32) Curve {
	c := Curve{Name: name, X: make([]float64, scoreBins), Y: make([]float64, scoreBins)}
	for i := range c.X {
		c.X[i] = (float64(i) + 0.5) * 100 / scoreBins
	}
	for _, l := range logOdds {
		score := 100 / (1 + math.Exp(-float64(l)))
		c.Y[min(scoreBins-1, int(score*scoreBins/100))] += 1 / float64(len(logOdds))
	}
	return c
}

func upTo(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(i + 1)
	}
	return v
}
