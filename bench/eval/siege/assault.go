package siege

import (
	"slices"
	"strings"
	"time"

	"github.com/riskgate/riskgate/bench/eval/measure"
	"github.com/riskgate/riskgate/bench/eval/trial"
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
)

// Campaign is what became of the attacks of one kind. Medians and percentiles are
// over the attacks that were caught.
type Campaign struct {
	Attacker string `json:"attacker"`
	Attacks  int    `json:"attacks"`
	// Within20 is the share caught at one of the first 20 requests, WithinDay in
	// the first 24 h, Ever at all.
	Within20  float64 `json:"caught_within_20_requests"`
	WithinDay float64 `json:"caught_within_a_day"`
	Ever      float64 `json:"caught"`
	// Requests, Seconds and Objects are up to the catch, that request included in
	// the first. Objects are those read from routes with an id in the path.
	Requests Spread `json:"requests_until_caught"`
	Seconds  Spread `json:"seconds_until_caught"`
	Objects  Spread `json:"objects_lost"`
	// Lost is the objects of all attacks: those that were never caught lose
	// everything.
	Lost Spread `json:"objects_lost_caught_or_not"`
	// Reasons counts by which group, the largest reason first, they were caught.
	Reasons map[string]int `json:"first_reasons"`
}

// Spread is a median and a 95th percentile.
type Spread [2]float64

// raid is one attack.
type raid struct {
	kind     string
	victim   string
	begin    time.Time
	requests int
	objects  int
	highest  highest // scores in the first early requests
	caught   bool
	at       Spread // requests and seconds until then
	reason   string
}

const early = 20

type assault struct {
	raids map[int]*raid
	order []*raid
}

func newAssault() *assault { return &assault{raids: map[int]*raid{}} }

func (a *assault) take(e *traffic.Event, ev *models.Event, scores []float32) {
	r := a.raids[e.Attack]
	if r == nil {
		r = &raid{kind: trial.KindOf(e), victim: e.Person, begin: e.Time}
		a.raids[e.Attack] = r
		a.order = append(a.order, r)
	}
	if r.requests++; r.requests <= early {
		r.highest.take(scores)
	}
	if r.caught {
		return
	}
	if Caught(ev) {
		r.caught, r.at = true, Spread{float64(r.requests), e.Time.Sub(r.begin).Seconds()}
		if top := ev.Assessment.Top(); len(top) > 0 {
			r.reason = top[0].String()
		}
		return
	}
	if e.Object >= 0 && ev.Denial == "" && ev.Status < 300 {
		r.objects++
	}
}

func (a *assault) report() []Campaign {
	by := map[string][]*raid{}
	var kinds []string
	for _, r := range a.order {
		if by[r.kind] == nil {
			kinds = append(kinds, r.kind)
		}
		by[r.kind] = append(by[r.kind], r)
	}
	slices.SortFunc(kinds, strings.Compare)
	var all []Campaign
	for _, k := range kinds {
		all = append(all, campaign(k, by[k]))
	}
	return all
}

func campaign(kind string, raids []*raid) Campaign {
	c := Campaign{Attacker: kind, Attacks: len(raids), Reasons: map[string]int{}}
	var requests, seconds, objects, lost []float64
	var within, day, ever int
	for _, r := range raids {
		lost = append(lost, float64(r.objects))
		if !r.caught {
			continue
		}
		ever++
		if r.at[0] <= early {
			within++
		}
		if r.at[1] <= 24*60*60 {
			day++
		}
		c.Reasons[r.reason]++
		requests, seconds, objects = append(requests, r.at[0]), append(seconds, r.at[1]), append(objects, float64(r.objects))
	}
	n := float64(len(raids))
	c.Within20, c.WithinDay, c.Ever = float64(within)/n, float64(day)/n, float64(ever)/n
	c.Requests, c.Seconds, c.Objects, c.Lost = spread(requests), spread(seconds), spread(objects), spread(lost)
	return c
}

func spread(v []float64) Spread { return Spread{measure.Quantile(v, 0.5), measure.Quantile(v, 0.95)} }
