package risk

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/riskgate/riskgate/models"
)

// Config is the section risk of the configuration. It is published once per
// change and its hash stands in every decision, so that a decision can be
// recomputed from its event and this section alone.
type Config struct {
	// Mode says whether the score acts on requests (enforce) or is only recorded
	// (shadow). Default enforce.
	Mode models.Mode `yaml:"mode" json:"mode"`
	// Slope turns nats into log-odds; below 1 because the groups of evidence are
	// not independent. In [0.3, 1.2], default 0.6.
	Slope float64 `yaml:"slope" json:"slope"`
	// Intercept is the log-odds of a request without any evidence, in [-6, 0].
	// Default -2.2, a score of 10.
	Intercept float64 `yaml:"intercept" json:"intercept"`
	// Classes holds the thresholds by class of route.
	Classes Classes `yaml:"classes" json:"classes"`
	// Weights multiply the evidence of each group.
	Weights Weights `yaml:"weights" json:"weights"`
	// Caps bound what related groups add together.
	Caps Caps `yaml:"caps" json:"caps"`
	// Budget moves the step_up thresholds while the gateway runs.
	Budget Budget `yaml:"budget" json:"budget,omitzero"`
	// Learning moves weights and slope while the gateway runs.
	Learning Learning `yaml:"learning" json:"learning,omitzero"`
	// Candidates are tried beside this section on the same evidence, without effect,
	// and counted. At most 4. They are no part of the record and its hash.
	Candidates []Candidate `yaml:"candidates" json:"-"`

	// Learned says what a section rests on that was learned. The zero value is one
	// that was configured.
	Learned Learned `yaml:"-" json:"learned,omitzero"`
}

// Budget is what the thresholds are to cost. The zero value keeps them as they
// are configured.
type Budget struct {
	// StepUp is the share of sessions of established callers that are asked to
	// step up, at most 10%. Every step_up threshold is then moved by the same
	// evidence, at most one nat either way, so that this share is met; a move is
	// logged and published like any change of this section. Default 0%: none is
	// moved.
	StepUp models.Share `yaml:"step_up" json:"step_up"`
}

// Classes holds the thresholds by class of route. A class that is left out, and
// a field left out of a class, keep the default of that class.
type Classes struct {
	Normal    Thresholds `yaml:"normal" json:"normal"`
	Sensitive Thresholds `yaml:"sensitive" json:"sensitive"`
	Admin     Thresholds `yaml:"admin" json:"admin"`
	Login     Thresholds `yaml:"login" json:"login"`
}

// Thresholds are the scores, 0 to 100, at which a stricter action begins. A
// score equal to a threshold belongs to the stricter side.
type Thresholds struct {
	// Monitor marks the event for analysts. Default 15.
	Monitor float64 `yaml:"monitor" json:"monitor"`
	// Throttle is where the subject's rate begins to shrink. Default 20.
	Throttle float64 `yaml:"throttle" json:"throttle"`
	// StepUp asks for stronger authentication. Default 30.
	StepUp float64 `yaml:"step_up" json:"step_up"`
	// Deny refuses, if infrastructure, session, payload or a verdict speaks
	// against the request too; else it is a step-up. Default 85.
	Deny float64 `yaml:"deny" json:"deny"`
	// NoStepUp is what a caller gets who is asked to step up by the score and
	// cannot: throttle or deny. Default throttle for normal and login, deny for
	// sensitive and admin.
	NoStepUp Fallback `yaml:"no_step_up" json:"no_step_up"`
}

// Weights multiply the evidence of each group, in [0, 2]; 0 silences a group.
// Default 1, time 0.5, rtt 0.
type Weights struct {
	Network        float64 `yaml:"network" json:"network"`
	Infrastructure float64 `yaml:"infrastructure" json:"infrastructure"`
	Device         float64 `yaml:"device" json:"device"`
	Token          float64 `yaml:"token" json:"token"`
	ClientSanity   float64 `yaml:"client_sanity" json:"client_sanity"`
	Time           float64 `yaml:"time" json:"time"`
	Travel         float64 `yaml:"travel" json:"travel"`
	Rate           float64 `yaml:"rate" json:"rate"`
	Enumeration    float64 `yaml:"enumeration" json:"enumeration"`
	Session        float64 `yaml:"session" json:"session"`
	Failures       float64 `yaml:"failures" json:"failures"`
	Privilege      float64 `yaml:"privilege" json:"privilege"`
	Dormancy       float64 `yaml:"dormancy" json:"dormancy"`
	Payload        float64 `yaml:"payload" json:"payload"`
	Scrape         float64 `yaml:"scrape" json:"scrape"`
	SlowScrape     float64 `yaml:"slow_scrape" json:"slow_scrape"`
	Path           float64 `yaml:"path" json:"path"`
	Rhythm         float64 `yaml:"rhythm" json:"rhythm"`
	// RTT counts for nothing as long as nobody has measured its worth: what round
	// trips say is recorded and explained. Default 0.
	RTT float64 `yaml:"rtt" json:"rtt"`
}

// byGroup returns the weights by group, 0 for those that carry none.
func (w *Weights) byGroup() [models.NumGroups]float64 {
	return [models.NumGroups]float64{
		models.Network: w.Network, models.Infrastructure: w.Infrastructure, models.Device: w.Device,
		models.Token: w.Token, models.ClientSanity: w.ClientSanity, models.Time: w.Time, models.Travel: w.Travel,
		models.Rate: w.Rate, models.Enumeration: w.Enumeration, models.Session: w.Session, models.Failures: w.Failures,
		models.Privilege: w.Privilege, models.Dormancy: w.Dormancy, models.Payload: w.Payload,
		models.Scrape: w.Scrape, models.SlowScrape: w.SlowScrape, models.Path: w.Path, models.Rhythm: w.Rhythm,
		models.RTT: w.RTT,
	}
}

// weightsOf is the inverse of byGroup.
func weightsOf(w [models.NumGroups]float64) Weights {
	return Weights{
		Network: w[models.Network], Infrastructure: w[models.Infrastructure], Device: w[models.Device],
		Token: w[models.Token], ClientSanity: w[models.ClientSanity], Time: w[models.Time], Travel: w[models.Travel],
		Rate: w[models.Rate], Enumeration: w[models.Enumeration], Session: w[models.Session], Failures: w[models.Failures],
		Privilege: w[models.Privilege], Dormancy: w[models.Dormancy], Payload: w[models.Payload],
		Scrape: w[models.Scrape], SlowScrape: w[models.SlowScrape], Path: w[models.Path], Rhythm: w[models.Rhythm], RTT: w[models.RTT],
	}
}

// firstConfig is what a record of the first model means by what it does not name:
// groups that did not exist when its decisions were made have no weight, and a
// limit that did not exist is none that can be reached, or the bound of that time.
func firstConfig() Config {
	c := DefaultConfig()
	w := &c.Weights
	w.Scrape, w.SlowScrape, w.Path, w.Rhythm, w.RTT = 0, 0, 0, 0, 0
	c.Caps.Innocence, c.Caps.AttackMode = maxLambda, maxMode
	return c
}

// Caps bound, in nats, what groups that see the same news add together, and what
// an attack on others adds.
type Caps struct {
	// Place bounds network and travel together, in [0, 32]. Default 9.
	Place float64 `yaml:"place" json:"place"`
	// Behavior bounds rate, enumeration, scrape, slow_scrape and path together, in
	// [0, 32]. Default 6.
	Behavior float64 `yaml:"behavior" json:"behavior"`
	// Actor bounds what requests leave behind for later ones, in [0, 32].
	// Default 4.
	Actor float64 `yaml:"actor" json:"actor"`
	// Innocence bounds what network, device, token, infrastructure, time, travel,
	// client_sanity and rtt may together say for a caller, in [0, 32]; 32 is without
	// bound. Default 1.
	Innocence float64 `yaml:"innocence" json:"innocence"`
	// AttackMode bounds, in log-odds, what a wave of failed logins adds to every
	// request to a login route or without a caller, in [0, 1.5]; 0 switches attack
	// mode off. Default 1.5.
	AttackMode float64 `yaml:"attack_mode" json:"attack_mode"`
}

// DefaultConfig returns the documented defaults.
func DefaultConfig() Config {
	open := Thresholds{Monitor: 15, Throttle: 20, StepUp: 30, Deny: 85, NoStepUp: FallbackThrottle}
	guarded := open
	guarded.NoStepUp = FallbackDeny
	return Config{
		Slope:     0.6,
		Intercept: -2.2,
		Classes:   Classes{Normal: open, Sensitive: guarded, Admin: guarded, Login: open},
		Weights: Weights{
			Network: 1, Infrastructure: 1, Device: 1, Token: 1, ClientSanity: 1, Time: 0.5, Travel: 1,
			Rate: 1, Enumeration: 1, Session: 1, Failures: 1, Privilege: 1, Dormancy: 1, Payload: 1,
			Scrape: 1, SlowScrape: 1, Path: 1, Rhythm: 1,
		},
		Caps: Caps{Place: 9, Behavior: 6, Actor: 4, Innocence: 1, AttackMode: maxMode},
	}
}

// Validate returns every mistake, by path within the section.
func (c *Config) Validate() models.Problems {
	var ps models.Problems
	inRange(&ps, "slope", c.Slope, 0.3, 1.2)
	inRange(&ps, "intercept", c.Intercept, -6, 0)
	classes := c.Classes.byClass()
	for i := range classes {
		ps.Under("classes."+models.Class(i).String(), classes[i].validate(c.Intercept))
	}
	weights := c.Weights.byGroup()
	for g := range models.NumGroups {
		if g.Weighed() {
			inRange(&ps, "weights."+g.String(), weights[g], 0, 2)
		}
	}
	inRange(&ps, "caps.place", c.Caps.Place, 0, maxLambda)
	inRange(&ps, "caps.behavior", c.Caps.Behavior, 0, maxLambda)
	inRange(&ps, "caps.actor", c.Caps.Actor, 0, maxLambda)
	inRange(&ps, "caps.innocence", c.Caps.Innocence, 0, maxLambda)
	inRange(&ps, "caps.attack_mode", c.Caps.AttackMode, 0, maxMode)
	if b := c.Budget.StepUp; !(b >= 0 && b <= mostBudget) {
		ps.Add("budget.step_up", b, "want 0% to 10%")
	}
	c.validateLearning(&ps)
	c.validateCandidates(&ps)
	return ps
}

// mostBudget bounds Budget.StepUp.
const mostBudget = 0.1

// Shifted returns c with every step_up threshold moved by so many nats of
// evidence, between throttle and deny of its class.
func (c Config) Shifted(by float64) Config {
	for _, t := range []*Thresholds{&c.Classes.Normal, &c.Classes.Sensitive, &c.Classes.Admin, &c.Classes.Login} {
		moved := scoreOf(float64(c.Slope*(natsAt(&c, t.StepUp)+by)) + c.Intercept)
		t.StepUp = min(max(moved, t.Throttle), t.Deny)
	}
	return c
}

// natsAt returns the evidence that gives a score: -Inf at 0 and +Inf at 100.
func natsAt(c *Config, score float64) float64 {
	share := score / 100
	return (models.Ln(share/(1-share)) - c.Intercept) / c.Slope
}

func (c *Classes) byClass() [models.NumClasses]Thresholds {
	return [models.NumClasses]Thresholds{c.Normal, c.Sensitive, c.Admin, c.Login}
}

func (t *Thresholds) validate(intercept float64) models.Problems {
	var ps models.Problems
	names := []string{"monitor", "throttle", "step_up", "deny"}
	values := []float64{t.Monitor, t.Throttle, t.StepUp, t.Deny}
	for i, name := range names {
		inRange(&ps, name, values[i], 0, 100)
		if i > 0 && values[i-1] > values[i] {
			ps.Add("", names[i-1]+" "+number(values[i-1])+" > "+name+" "+number(values[i]),
				"want monitor <= throttle <= step_up <= deny")
		}
	}
	if base := scoreOf(intercept); len(ps) == 0 && t.Throttle <= base {
		ps.Add("throttle", number(t.Throttle),
			fmt.Sprintf("want more than %.1f, the score of a request without evidence", base))
	}
	return ps
}

// inRange also refuses NaN.
func inRange(ps *models.Problems, path string, v, low, high float64) {
	if !(v >= low && v <= high) {
		ps.Add(path, number(v), "want a number from "+number(low)+" to "+number(high))
	}
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// Fallback is what replaces a step-up that the caller cannot perform. The zero
// value throttles.
type Fallback uint8

// The fallbacks.
const (
	FallbackThrottle Fallback = iota
	FallbackDeny
)

// String returns the name used in configuration.
func (f Fallback) String() string {
	if f == FallbackDeny {
		return "deny"
	}
	return "throttle"
}

// MarshalText writes the same as String.
func (f Fallback) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads throttle or deny.
func (f *Fallback) UnmarshalText(text []byte) error {
	switch string(text) {
	case "throttle":
		*f = FallbackThrottle
	case "deny":
		*f = FallbackDeny
	default:
		return fmt.Errorf("want one of %s", strings.Join(f.Values(), ", "))
	}
	return nil
}

// Values returns the names UnmarshalText reads.
func (f Fallback) Values() []string { return []string{"throttle", "deny"} }
