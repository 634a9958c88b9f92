package rival

import "github.com/riskgate/riskgate/bench/traffic"

// rulePoints are added for each value that the user's successful logins did not
// show before.
var rulePoints = [numValues]float32{address: 10, asn: 10, country: 30, agent: 10, browser: 10}

// Rules adds points for what is new to a user, as many products do: 30 for a
// country, 10 each for address, network, agent string and browser. A first login
// is not scored. Make it with NewRules.
type Rules struct {
	names names
	known map[uint32]map[value]bool
}

type value struct {
	kind uint8
	of   uint32
}

// NewRules returns rules that know nobody.
func NewRules() *Rules { return &Rules{names: newNames(), known: map[uint32]map[value]bool{}} }

// Names returns "rules".
func (r *Rules) Names() []string { return []string{"rules"} }

// Score adds up the points, 0 to 70.
func (r *Rules) Score(e *traffic.Event, out []float32) {
	known := r.known[r.names.user(e)]
	if known == nil {
		out[0] = Unscored
		return
	}
	l := r.names.read(e)
	sum := float32(0)
	for i, points := range rulePoints {
		if points > 0 && !known[value{uint8(i), l[i]}] {
			sum += points
		}
	}
	out[0] = sum
}

// Learn remembers the values of a successful login.
func (r *Rules) Learn(e *traffic.Event) {
	if !Succeeded(e) {
		return
	}
	u := r.names.user(e)
	if r.known[u] == nil {
		r.known[u] = map[value]bool{}
	}
	for i, v := range r.names.read(e) {
		if rulePoints[i] > 0 {
			r.known[u][value{uint8(i), v}] = true
		}
	}
}
