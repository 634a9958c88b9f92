package traffic

import "fmt"

// The noise of world B: shares of logins.
const (
	oddAgent   = 0.47 // with an agent string of a build that nobody else shows
	oddNetwork = 0.10 // from an operator anywhere
)

// blur makes a face of world B as unsteady as the published data set is.
func (w *logins) blur(f *face, p *person, v visit) {
	r := w.dice.aim(noiseStream, uint64(p.number)<<32|uint64(v.key)|uint64(v.again)<<24)
	if chance(r, oddAgent) {
		odd := *f.claim
		build := r.Uint32N(1 << 20)
		odd.agent = fmt.Sprintf("%s Build/%05x", odd.agent, build)
		f.claim = &odd
	}
	if chance(r, oddNetwork) {
		t := &theWorld().territories[r.IntN(len(countries))]
		o := &t.operators[r.IntN(len(t.operators))]
		f.at = o.homes[r.IntN(len(o.homes))]
		f.address = f.at.address(r.Uint32())
	}
}
