package rival

import (
	"math"

	"github.com/riskgate/riskgate/bench/traffic"
)

// feature is a value with its coarser forms, finest first.
type feature struct {
	first  int // of its values in a login
	weight []float64
}

// The features and weights that the authors of the RBA data set published.
var (
	addressFeature = feature{address, []float64{0.6, 0.3, 0.1}}
	agentFeature   = feature{agent, []float64{0.5386653840551359, 0.2680451498625666, 0.18818295100109536, 0.0051065150812021525}}
)

// unseenFactor is what a feature contributes of which a user showed no form yet.
const unseenFactor = 4

// Freeman is the model of Freeman et al. (NDSS 2016) without attack data, in the
// form of the notebook that Wiefling et al. published with "Pump Up Password
// Security!" (https://github.com/das-group/rba-algorithm): address and agent, each
// interpolated over its coarser forms; smoothing for the finest form and the
// global share only; a first login is not scored; history is unlimited and holds
// successful logins only. One simplification: a value is taken to have one coarser
// form, where the notebook counts how many there are. Make it with NewFreeman.
type Freeman struct {
	name     string
	features []feature
	names    names
	counts   [numValues]map[uint32]int // of all logins
	total    int
	users    map[uint32]*history
}

// history is what one user's logins had.
type history struct {
	logins int
	counts [numValues]map[uint32]int
}

// NewFreeman returns the model with both features, called "freeman".
func NewFreeman() *Freeman { return newFreeman("freeman", addressFeature, agentFeature) }

// NewFreemanWithoutAddress returns it with the agent alone, called
// "freeman_without_ip".
func NewFreemanWithoutAddress() *Freeman { return newFreeman("freeman_without_ip", agentFeature) }

func newFreeman(name string, features ...feature) *Freeman {
	f := &Freeman{name: name, features: features, names: newNames(), users: map[uint32]*history{}}
	for i := range f.counts {
		f.counts[i] = map[uint32]int{}
	}
	return f
}

// Names returns the one name.
func (f *Freeman) Names() []string { return []string{f.name} }

// Score gives the natural logarithm of the published risk score.
func (f *Freeman) Score(e *traffic.Event, out []float32) {
	h := f.users[f.names.user(e)]
	if h == nil {
		out[0] = Unscored
		return
	}
	l := f.names.read(e)
	s := 1.0
	for i := range f.features {
		global, local := f.global(&f.features[i], &l), h.share(&f.features[i], &l)
		if local == 0 {
			s *= unseenFactor
		} else {
			s *= global / local
		}
	}
	attacked, logsIn := 1/float64(len(f.users)), float64(h.logins)/float64(f.total)
	out[0] = float32(math.Log(s * attacked / logsIn))
}

// global returns the share of the value among all logins, interpolated over its
// forms.
func (f *Freeman) global(feat *feature, l *login) float64 {
	p := 0.0
	for i, w := range feat.weight {
		v := feat.first + i
		if i == 0 {
			p += w * f.smoothed(feat, l[v])
		} else {
			p += w * float64(f.counts[v][l[v]]) / float64(f.total)
		}
	}
	return p
}

// smoothed returns the share of a finest value, twice smoothed: among all logins
// by the number of coarser values there are, and among those with this value by
// the number of its own coarser forms, one for each level.
func (f *Freeman) smoothed(feat *feature, v uint32) float64 {
	n, unseen := float64(f.total), 1.0
	for i := 1; i < len(feat.weight); i++ {
		unseen += float64(len(f.counts[feat.first+i]))
	}
	c := float64(f.counts[feat.first][v])
	if c == 0 {
		return 1 / (n + unseen)
	}
	forms := float64(len(feat.weight))
	return (1 - forms/(c+forms)) * c / n * (1 - unseen/(n+unseen))
}

// share returns the share of the value among the user's logins, interpolated over
// its forms, without smoothing.
func (h *history) share(feat *feature, l *login) float64 {
	p := 0.0
	for i, w := range feat.weight {
		v := feat.first + i
		p += w * float64(h.counts[v][l[v]]) / float64(h.logins)
	}
	return p
}

// Learn adds a successful login to the histories.
func (f *Freeman) Learn(e *traffic.Event) {
	if !Succeeded(e) {
		return
	}
	u, l := f.names.user(e), f.names.read(e)
	h := f.users[u]
	if h == nil {
		h = &history{}
		f.users[u] = h
	}
	for i := range f.features {
		for k := range f.features[i].weight {
			v := f.features[i].first + k
			if h.counts[v] == nil {
				h.counts[v] = map[uint32]int{}
			}
			h.counts[v][l[v]]++
			f.counts[v][l[v]]++
		}
	}
	h.logins++
	f.total++
}
