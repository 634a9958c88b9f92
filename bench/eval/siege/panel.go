package siege

import (
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/mileusna/useragent"

	"github.com/riskgate/riskgate/bench/eval/rival"
	"github.com/riskgate/riskgate/bench/eval/trial"
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// panel are the models that score what passes a gate: the gate's own; the same
// evidence without each of its groups; and those that are published, which know only
// who comes from where with what. They judge a visit by its first request, and by
// each at which address or agent changed.
type panel struct {
	names   []string
	groups  []models.Group
	without []*risk.Engine // by groups
	rivals  []rival.Model
	from    time.Time // earlier than that groups are not left out
	looks   map[sender]*visit
	agents  map[string]useragent.UserAgent
	left    map[string]*leftovers // by person

	scores   []float32
	changed  models.Features
	assessed models.Assessment
}

// leftovers are the nats that a subject's requests leave behind where a group is left
// out.
type leftovers struct {
	at   time.Time
	nats []float64 // by panel.groups
}

// sender is a person or client, or an attack.
type sender struct {
	person string
	attack int
}

// visit is what the published models made of the last one.
type visit struct {
	address    netip.Addr
	agent      string
	credential string
	day        int
	scores     []float32
}

// newPanel returns the models; only the gate's own with alone.
func newPanel(c *Config) *panel {
	p := &panel{
		names: []string{trial.WithToken}, from: c.World.Start.Add(Warm),
		looks: map[sender]*visit{}, agents: map[string]useragent.UserAgent{},
		left: map[string]*leftovers{},
	}
	if c.Ablate {
		for _, g := range rival.Weighing(c.Risk) {
			p.names, p.groups = append(p.names, trial.WithToken+"-"+g.String()), append(p.groups, g)
			p.without = append(p.without, risk.New(rival.Without(c.Risk, g)))
		}
	}
	p.rivals = []rival.Model{rival.Constant{}, rival.NewRules(), rival.NewFreeman(), rival.NewFreemanWithoutAddress()}
	for _, m := range p.rivals {
		p.names = append(p.names, m.Names()...)
	}
	p.scores = make([]float32, len(p.names))
	return p
}

// score returns the scores of a request that the gate has decided, by name, until the
// next call. What is honest is learned.
func (p *panel) score(e *traffic.Event, ev *models.Event) []float32 {
	whole := logOdds(ev.Assessment.Score)
	p.scores[0] = whole
	for i := range p.groups {
		p.scores[1+i] = whole
	}
	if !e.Time.Before(p.from) {
		p.leaveOut(e, ev)
	}
	copy(p.scores[1+len(p.groups):], p.visit(e).scores)
	return p.scores
}

// leaveOut scores the request without each group, as far as it makes a difference:
// without one of behavior earlier requests left less behind too.
func (p *panel) leaveOut(e *traffic.Event, ev *models.Event) {
	l := p.left[e.Person]
	if l == nil {
		l = &leftovers{e.Time, make([]float64, len(p.groups))}
		p.left[e.Person] = l
	}
	fade := math.Exp2(-max(0, e.Time.Sub(l.at).Seconds()) / behaviorLife)
	l.at = e.Time
	carries := ev.Features.Get(models.ActorNats) > 0
	for i, g := range p.groups {
		l.nats[i] *= fade
		behaves, f := !standing[g], &ev.Features
		if ev.Evidence[g].Lambda == 0 && !(behaves && carries) {
			l.nats[i] = max(l.nats[i], ev.Assessment.ActorNats)
			continue
		}
		if behaves {
			p.changed, f = ev.Features, &p.changed
			f.Set(models.ActorNats, l.nats[i])
		}
		p.without[i].Assess(f, &ev.Evidence, ev.Class, &p.assessed)
		p.scores[1+i] = logOdds(p.assessed.Score)
		l.nats[i] = max(l.nats[i], p.assessed.ActorNats)
	}
}

// behaviorLife is the half-life of what requests leave behind, in seconds.
const behaviorLife = 15 * 60

func (p *panel) visit(e *traffic.Event) *visit {
	key, day := sender{e.Person, e.Attack}, e.Time.YearDay()
	v := p.looks[key]
	if v == nil {
		v = &visit{scores: make([]float32, len(p.rivals))}
		p.looks[key] = v
	} else if v.address == e.Address && v.agent == e.Agent && v.credential == e.CredentialID && v.day == day {
		return v
	}
	v.address, v.agent, v.credential, v.day = e.Address, e.Agent, e.CredentialID, day
	login := p.claimed(e)
	for i, m := range p.rivals {
		m.Score(&login, v.scores[i:i+1])
		if e.Label == traffic.Honest && e.Credential != models.NoCredential {
			m.Learn(&login)
		}
	}
	return v
}

// claimed fills in what the agent of an event claims.
func (p *panel) claimed(e *traffic.Event) traffic.Event {
	ua, ok := p.agents[e.Agent]
	if !ok {
		ua = useragent.Parse(e.Agent)
		p.agents[e.Agent] = ua
	}
	login := *e
	login.Browser, login.OS, login.DeviceType = ua.Name+" "+ua.Version, ua.OS+" "+ua.OSVersion, "desktop"
	switch {
	case ua.Tablet:
		login.DeviceType = "tablet"
	case ua.Mobile:
		login.DeviceType = "mobile"
	}
	return login
}

func logOdds(score float64) float32 {
	s := score / 100
	return float32(math.Log(s / (1 - s)))
}

// highest keeps the highest scores by name. The zero value has none.
type highest []float32

func (h *highest) take(scores []float32) {
	if *h == nil {
		*h = slices.Clone(scores)
		return
	}
	for i, s := range scores {
		(*h)[i] = max((*h)[i], s)
	}
}

// of returns the scores of name i.
func of(all []highest, i int) []float32 {
	out := make([]float32, len(all))
	for k, h := range all {
		out[k] = h[i]
	}
	return out
}

// rows hold the highest of an attack's first 20 requests against the highest of an
// honest subject's day, model by model.
func (p *panel) rows(c *Config, h *honest, a *assault) (all []trial.Row) {
	for i, name := range p.names {
		s := trial.Sample{World: c.World, Model: name, Validation: of(h.before, i), Honest: of(h.days, i)}
		for _, r := range a.order {
			s.Attacks = append(s.Attacks, trial.Attempt{Kind: r.kind, Victim: r.victim, Score: r.highest[i]})
		}
		all = append(all, trial.Judge(s)...)
	}
	return all
}
