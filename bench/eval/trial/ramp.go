package trial

import (
	"fmt"

	"github.com/riskgate/riskgate/bench/eval/measure"
)

// Ramp is what the ramp of trust (rule R) costs honest people: their step-ups at
// score 30 with it, against a gateway that puts nothing on probation and learns
// accordingly.
type Ramp struct {
	With    float64 `json:"stepups_with"` // share of the honest logins of the test
	Without float64 `json:"stepups_without"`
	More    float64 `json:"more"` // With/Without - 1
	CI      Range   `json:"ci95_more"`
}

// ramp compares a model with itself without the ramp, nil where that steps nobody
// up. The interval is by user.
func (j *judge) ramp(without *judge) *Ramp {
	r := &Ramp{With: j.honest.Share(stepUpOdds), Without: without.honest.Share(stepUpOdds)}
	if r.Without == 0 {
		return nil
	}
	r.More = r.With/r.Without - 1
	stepsUp := reaches(stepUpOdds)
	ratio := func(weights, out []float64) {
		var with, bare float64
		for i, w := range weights {
			with += w * stepsUp(j.series.honest[i])
			bare += w * stepsUp(without.series.honest[i])
		}
		out[0] = with/max(1, bare) - 1
	}
	r.CI = rangeOf(measure.Redraw(j.book.honest.users, j.rounds(), j.config.World.Seed, 1, ratio)[0])
	return r
}

// String returns how many more step-ups the ramp costs, "" where that is unknown.
func (r *Ramp) String() string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("%+.1f %% [%+.1f, %+.1f]", 100*r.More, 100*r.CI[0], 100*r.CI[1])
}
