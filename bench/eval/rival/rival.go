// Package rival scores logins by riskgate's own model and by those it is compared
// with.
package rival

import (
	"math"

	"github.com/riskgate/riskgate/bench/traffic"
)

// Model scores logins. It learns from nothing but what Learn is given. Not safe
// for concurrent use.
type Model interface {
	// Names returns a name for each score.
	Names() []string
	// Score writes one score for each name to out: higher means riskier, the unit
	// is the model's own. It changes nothing that a later score depends on.
	Score(e *traffic.Event, out []float32)
	// Learn takes in an honest event, scored just before.
	Learn(e *traffic.Event)
}

// Unscored is the score of a login that a model does not judge: it lets it pass.
var Unscored = float32(math.Inf(-1))

// Succeeded reports whether a login is one that histories remember.
func Succeeded(e *traffic.Event) bool { return e.Status >= 200 && e.Status < 400 }

// Constant scores everything the same.
type Constant struct{}

// Names returns "constant".
func (Constant) Names() []string { return []string{"constant"} }

// Score gives 0.
func (Constant) Score(_ *traffic.Event, out []float32) { out[0] = 0 }

// Learn does nothing.
func (Constant) Learn(*traffic.Event) {}
