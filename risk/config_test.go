package risk

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/models"
)

func TestValidate(t *testing.T) {
	f := func(change func(c *Config), want ...string) {
		t.Helper()
		c := DefaultConfig()
		change(&c)
		var got []string
		for _, p := range c.Validate() {
			got = append(got, p.String())
		}
		if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
			t.Errorf("problems:\n%s\nwant:\n%s", g, w)
		}
	}
	f(func(*Config) {})
	f(func(c *Config) { c.Classes.Normal.Throttle = 40 },
		"classes.normal: throttle 40 > step_up 30, want monitor <= throttle <= step_up <= deny")
	f(func(c *Config) { c.Classes.Admin = Thresholds{Monitor: 50, Throttle: 40, StepUp: 30, Deny: 20} },
		"classes.admin: monitor 50 > throttle 40, want monitor <= throttle <= step_up <= deny",
		"classes.admin: throttle 40 > step_up 30, want monitor <= throttle <= step_up <= deny",
		"classes.admin: step_up 30 > deny 20, want monitor <= throttle <= step_up <= deny")
	f(func(c *Config) { c.Classes.Login.Deny = 850 },
		"classes.login.deny: 850, want a number from 0 to 100")
	f(func(c *Config) { c.Classes.Normal.Monitor, c.Classes.Normal.Throttle = 1, 5 },
		"classes.normal.throttle: 5, want more than 10.0, the score of a request without evidence")
	f(func(c *Config) { c.Weights.Network = -1; c.Weights.Payload = 3 },
		"weights.network: -1, want a number from 0 to 2",
		"weights.payload: 3, want a number from 0 to 2")
	f(func(c *Config) { c.Slope = math.NaN(); c.Intercept = 1 },
		"slope: NaN, want a number from 0.3 to 1.2",
		"intercept: 1, want a number from -6 to 0",
		"classes.normal.throttle: 20, want more than 73.1, the score of a request without evidence",
		"classes.sensitive.throttle: 20, want more than 73.1, the score of a request without evidence",
		"classes.admin.throttle: 20, want more than 73.1, the score of a request without evidence",
		"classes.login.throttle: 20, want more than 73.1, the score of a request without evidence")
	f(func(c *Config) { c.Learning = Learning{Weights: true, Calibration: true, Explore: 0.01} })
	f(func(c *Config) { c.Learning.Explore = 0.011 }, "learning.explore: 1.1%, want 0% to 1%")
	f(func(c *Config) { c.Learning.Explore, c.Budget.StepUp = 0.005, 0.005 },
		"learning.explore: 0.5%, want less than budget.step_up, 0.5%")
	f(func(c *Config) { c.Learned = Learned{Labels: 1, Attacks: 2} },
		"learned.attacks: 2, want 0 to as many as there are labels")
	f(func(c *Config) {
		c.Caps = Caps{Place: -1, Behavior: 33, Actor: math.Inf(1), Innocence: -1, AttackMode: 1.6}
	},
		"caps.place: -1, want a number from 0 to 32",
		"caps.behavior: 33, want a number from 0 to 32",
		"caps.actor: +Inf, want a number from 0 to 32",
		"caps.innocence: -1, want a number from 0 to 32",
		"caps.attack_mode: 1.6, want a number from 0 to 1.5")
	f(func(c *Config) { c.Caps.AttackMode = 0 })
}

func TestEveryWeighedGroupHasAWeight(t *testing.T) {
	fields := reflect.VisibleFields(reflect.TypeFor[Weights]())
	if len(fields) != models.WeighedGroups {
		t.Fatalf("%d weights, want %d", len(fields), models.WeighedGroups)
	}
	var w Weights
	weighed := weighedGroups()
	for i, field := range fields {
		name := weighed[i].String()
		if yaml, json := field.Tag.Get("yaml"), field.Tag.Get("json"); yaml != name || json != name {
			t.Errorf("weight %d is called %q and %q, want %q", i, yaml, json, name)
		}
		reflect.ValueOf(&w).Elem().Field(i).SetFloat(float64(i + 1))
	}
	weights := w.byGroup()
	for i, g := range weighed {
		if v := weights[g]; v != float64(i+1) {
			t.Errorf("group %s gets weight %g of another", g, v-1)
		}
	}
	for _, g := range []models.Group{models.RecentBehavior, models.Verdict, models.Credit} {
		if weights[g] != 0 || g.Weighed() {
			t.Errorf("group %s has weight %g", g, weights[g])
		}
	}
}

// whole is the default section with a weight for the groups that have none by default.
func whole() Config {
	c := DefaultConfig()
	c.Weights.RTT = 1
	return c
}

func weighedGroups() (list []models.Group) {
	for g := range models.NumGroups {
		if g.Weighed() {
			list = append(list, g)
		}
	}
	return list
}

// A weight of 0 silences each group, and silences no other.
func TestWeightZeroSilences(t *testing.T) {
	for _, g := range weighedGroups() {
		ev := new(models.EvidenceSet)
		for other := range ev {
			ev[other] = models.Evidence{Lambda: 0.25, Confidence: 1}
		}
		c := whole()
		for i, other := range weighedGroups() {
			if other == g {
				reflect.ValueOf(&c.Weights).Elem().Field(i).SetFloat(0)
			}
		}
		var with, without models.Assessment
		New(whole()).Assess(new(models.Features), ev, models.Normal, &with)
		New(c).Assess(new(models.Features), ev, models.Normal, &without)
		for other := range ev {
			was, is := with.Contributions[other].Nats, without.Contributions[other].Nats
			if want := map[bool]float64{true: 0, false: was}[models.Group(other) == g]; is != want {
				t.Errorf("without %s, %s adds %g nats, want %g", g, models.Group(other), is, want)
			}
		}
		if with.Contributions[g].Nats == 0 {
			t.Errorf("%s adds nothing where it has a weight", g)
		}
	}
}

func TestRecordReadsBack(t *testing.T) {
	c := DefaultConfig()
	c.Mode, c.Weights.Network, c.Classes.Login.StepUp = models.Shadow, 0.1, 33.25
	e := New(c)
	back, err := ParseJSON(e.JSON())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, c) {
		t.Errorf("read back %+v, want %+v", back, c)
	}
	if New(back).Hash() != e.Hash() {
		t.Error("the same section has two hashes")
	}
	if New(DefaultConfig()).Hash() == e.Hash() {
		t.Error("two sections have one hash")
	}
}

func TestRecordIsCanonical(t *testing.T) {
	const want = `{"mode":"enforce","slope":0.6,"intercept":-2.2,"classes":{` +
		`"normal":{"monitor":15,"throttle":20,"step_up":30,"deny":85,"no_step_up":"throttle"},` +
		`"sensitive":{"monitor":15,"throttle":20,"step_up":30,"deny":85,"no_step_up":"deny"},` +
		`"admin":{"monitor":15,"throttle":20,"step_up":30,"deny":85,"no_step_up":"deny"},` +
		`"login":{"monitor":15,"throttle":20,"step_up":30,"deny":85,"no_step_up":"throttle"}},` +
		`"weights":{"network":1,"infrastructure":1,"device":1,"token":1,"client_sanity":1,"time":0.5,` +
		`"travel":1,"rate":1,"enumeration":1,"session":1,"failures":1,"privilege":1,"dormancy":1,"payload":1,` +
		`"scrape":1,"slow_scrape":1,"path":1,"rhythm":1,"rtt":0},` +
		`"caps":{"place":9,"behavior":6,"actor":4,"innocence":1,"attack_mode":1.5}}`
	if got := string(New(DefaultConfig()).JSON()); got != want {
		t.Errorf("record\n%s\nwant\n%s", got, want)
	}
}

func TestParseJSONRefuses(t *testing.T) {
	f := func(src string) {
		t.Helper()
		if _, err := ParseJSON([]byte(src)); !errors.Is(err, ErrRecord) {
			t.Errorf("%s: error %v, want ErrRecord", src, err)
		}
	}
	f(``)
	f(`[]`)
	f(`{"mode":"off"}`)
	f(`{"slope":0.6,"unheard_of":1}`)
	f(`{"slope":9}`)
	f(`{} {}`)
}

func FuzzParseJSON(f *testing.F) {
	f.Add(New(DefaultConfig()).JSON())
	f.Add([]byte(`{"weights":{"time":0.25}}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := ParseJSON(src)
		if err != nil {
			return
		}
		e := New(c)
		back, err := ParseJSON(e.JSON())
		if err != nil || !reflect.DeepEqual(back, c) {
			t.Fatalf("read back %+v (%v), want %+v", back, err, c)
		}
	})
}

func TestShiftedMovesEveryStepUp(t *testing.T) {
	c := DefaultConfig()
	c.Classes.Admin.StepUp, c.Classes.Login.Deny = 25, 31
	up := c.Shifted(0.5)
	for i, t0 := range c.Classes.byClass() {
		was, is := t0.StepUp, up.Classes.byClass()[i].StepUp
		if i == int(models.Login) {
			if is != 31 {
				t.Errorf("login: step_up %g, want no more than deny, 31", is)
			}
			continue
		}
		if d := natsAt(&up, is) - natsAt(&c, was); math.Abs(d-0.5) > 1e-6 {
			t.Errorf("%s: moved by %g nats, want 0.5", models.Class(i), d)
		}
	}
	down := c.Shifted(-1)
	if got := down.Classes.Normal.StepUp; got != c.Classes.Normal.Throttle {
		t.Errorf("step_up %g, want no less than throttle, %g", got, c.Classes.Normal.Throttle)
	}
	if c.Classes.Normal.StepUp != 30 || down.Classes.Normal.Monitor != 15 || len(down.Validate()) != 0 {
		t.Errorf("the configuration itself was changed, or is not valid: %v", down.Validate())
	}
}
