package measure

import (
	"cmp"
	"math"
	"slices"
)

// Outcome is a forecast and what came of it.
type Outcome struct {
	LogOdds float64 // of an attack, as forecast
	Attack  bool
	Weight  float64
}

// P returns the forecast probability of an attack.
func (o *Outcome) P() float64 { return 1 / (1 + math.Exp(-o.LogOdds)) }

func (o *Outcome) truth() float64 {
	if o.Attack {
		return 1
	}
	return 0
}

// Bin is a group of outcomes with neighboring forecasts.
type Bin struct {
	Forecast float64 `json:"forecast"` // mean forecast probability
	Observed float64 `json:"observed"` // share of attacks
	Weight   float64 `json:"weight"`
}

// Calibration says how well forecasts are probabilities.
type Calibration struct {
	ECE       float64 `json:"ece"`       // mean gap between forecast and observed, over bins of equal weight
	Brier     float64 `json:"brier"`     // mean squared error of the forecast
	Slope     float64 `json:"slope"`     // of the logistic regression of the outcome on the log-odds; 1 is best
	Intercept float64 `json:"intercept"` // of the same; 0 is best
	TopGap    float64 `json:"top_gap"`   // gap in the tenth with the highest forecasts, in probability
	Bins      []Bin   `json:"bins,omitempty"`
}

// Balance sets the weights so that attacks and honest ones weigh the same
// together, 0.5 each.
func Balance(outcomes []Outcome) {
	attacks := 0.0
	for i := range outcomes {
		attacks += outcomes[i].truth()
	}
	honest := float64(len(outcomes)) - attacks
	for i := range outcomes {
		if o := &outcomes[i]; o.Attack {
			o.Weight = 0.5 / attacks
		} else {
			o.Weight = 0.5 / honest
		}
	}
}

// Calibrate judges the forecasts in so many bins. It sorts the outcomes. The zero
// value comes back for none.
func Calibrate(outcomes []Outcome, bins int) Calibration {
	var c Calibration
	total := 0.0
	for i := range outcomes {
		total += outcomes[i].Weight
	}
	if total == 0 {
		return c
	}
	slices.SortFunc(outcomes, func(a, b Outcome) int { return cmp.Compare(a.LogOdds, b.LogOdds) })
	for i := range outcomes {
		o := &outcomes[i]
		d := o.P() - o.truth()
		c.Brier += o.Weight * d * d / total
	}
	c.Bins = binned(outcomes, total/float64(bins))
	for _, b := range c.Bins {
		c.ECE += b.Weight / total * math.Abs(b.Forecast-b.Observed)
	}
	top := top(outcomes, total/10)
	c.TopGap = math.Abs(top.Forecast - top.Observed)
	c.Slope, c.Intercept = Logistic(outcomes)
	return c
}

// binned cuts sorted outcomes into bins of at least that weight, the last may be
// lighter.
func binned(outcomes []Outcome, weight float64) (bins []Bin) {
	var b Bin
	for i := range outcomes {
		b.add(&outcomes[i])
		if b.Weight >= weight*(1-1e-9) || i == len(outcomes)-1 {
			bins = append(bins, b.mean())
			b = Bin{}
		}
	}
	return bins
}

// top returns the bin of the highest forecasts of that weight.
func top(outcomes []Outcome, weight float64) Bin {
	var b Bin
	for i := len(outcomes) - 1; i >= 0 && b.Weight < weight*(1-1e-9); i-- {
		b.add(&outcomes[i])
	}
	return b.mean()
}

func (b *Bin) add(o *Outcome) {
	b.Forecast += o.Weight * o.P()
	b.Observed += o.Weight * o.truth()
	b.Weight += o.Weight
}

func (b Bin) mean() Bin { return Bin{b.Forecast / b.Weight, b.Observed / b.Weight, b.Weight} }
