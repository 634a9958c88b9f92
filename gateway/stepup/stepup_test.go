package stepup

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

var start = time.Unix(1_800_000_000, 0)

func testConfig() Config {
	c := DefaultConfig()
	c.ACRLevels = []string{"urn:pwd", "urn:mfa", "urn:hw"}
	return c
}

func newTest() *Service { return New(testConfig(), NewTable(256)) }

func user(acr string, at time.Time) *models.Identity {
	return &models.Identity{Subject: models.Subject{Kind: models.User}, Credential: models.JWT, ACR: acr, AuthTime: at}
}

func key(n byte) Key { return Key{Subject: models.Pseudonym{n}, Fingerprint: 1, ASN: 2} }

var mfa = Want{ACR: "urn:mfa"}

// The members of the challenge in RFC 9470 section 3.
func TestChallengeField(t *testing.T) {
	f := func(edit func(*Config), w Want, auth time.Time, want string) {
		t.Helper()
		c := testConfig()
		edit(&c)
		got, exhausted := New(c, NewTable(256)).Ask(user("urn:pwd", auth), key(1), w, start)
		if exhausted || got.Field != want {
			t.Errorf("got  %s\nwant %s", got.Field, want)
		}
	}
	const head = `Bearer realm="riskgate", error="insufficient_user_authentication", error_description="Stronger authentication is required"`
	same := func(*Config) {}
	old := start.Add(-time.Hour)
	f(same, Want{}, old, head+`, acr_values="urn:hw", max_age="300"`)
	f(same, mfa, old, head+`, acr_values="urn:mfa urn:hw", max_age="300"`)
	f(same, Want{ACR: "urn:mfa", MaxAge: time.Minute}, old, head+`, acr_values="urn:mfa urn:hw", max_age="60"`)
	f(same, Want{ACR: "urn:other"}, old, head+`, acr_values="urn:other", max_age="300"`)
	f(same, mfa, time.Time{}, head+`, acr_values="urn:mfa urn:hw", max_age="300"`)
	f(same, mfa, start.Add(-time.Minute), head+`, acr_values="urn:mfa urn:hw", max_age="0"`)
	f(func(c *Config) { c.ACRLevels = nil }, Want{}, old, head+`, max_age="300"`)
	f(func(c *Config) { c.Realm = "" }, mfa, old, strings.Replace(head, `realm="riskgate", `, "", 1)+`, acr_values="urn:mfa urn:hw", max_age="300"`)
}

func TestMeets(t *testing.T) {
	s := newTest()
	f := func(acr string, age time.Duration, w Want, want bool) {
		t.Helper()
		if got := s.Meets(user(acr, start.Add(-age)), w, start); got != want {
			t.Errorf("%q %v ago for %+v: %v", acr, age, w, got)
		}
	}
	f("urn:mfa", 0, mfa, true)
	f("urn:hw", 0, mfa, true)
	f("urn:pwd", 0, mfa, false)
	f("", 0, mfa, false)
	f("urn:unknown", 0, mfa, false)
	f("urn:mfa", 0, Want{}, false)
	f("urn:other", 0, Want{ACR: "urn:other"}, true)
	f("urn:hw", 0, Want{ACR: "urn:other"}, false)
	f("urn:mfa", 5*time.Minute+30*time.Second, mfa, true)
	f("urn:mfa", 5*time.Minute+31*time.Second, mfa, false)
	f("urn:mfa", -30*time.Second, mfa, true)
	f("urn:mfa", -31*time.Second, mfa, false)
	if s.Meets(user("urn:mfa", time.Time{}), mfa, start) {
		t.Error("a token without auth_time is recent")
	}
}

func TestAnswer(t *testing.T) {
	f := func(name string, id *models.Identity, k Key, after time.Duration, want bool) {
		t.Helper()
		s := newTest()
		s.Ask(user("urn:pwd", start.Add(-time.Hour)), key(1), mfa, start)
		now := start.Add(after)
		if got := s.Answered(id, k, now); got != want {
			t.Errorf("%s: %v", name, got)
		}
		if want && s.Answered(id, k, now) {
			t.Errorf("%s: answered twice", name)
		}
	}
	fresh := start.Add(time.Minute)
	f("class and time", user("urn:mfa", fresh), key(1), time.Minute, true)
	f("higher class", user("urn:hw", fresh), key(1), time.Minute, true)
	f("clock behind by the leeway", user("urn:mfa", start.Add(-30*time.Second)), key(1), time.Minute, true)
	f("authenticated before", user("urn:mfa", start.Add(-31*time.Second)), key(1), time.Minute, false)
	f("the same token again", user("urn:pwd", start.Add(-time.Hour)), key(1), time.Minute, false)
	f("lower class", user("urn:pwd", fresh), key(1), time.Minute, false)
	f("no class", user("", fresh), key(1), time.Minute, false)
	f("no auth_time", user("urn:mfa", time.Time{}), key(1), time.Minute, false)
	f("older than max_age", user("urn:mfa", start), key(1), 6*time.Minute, false)
	f("authenticated in the future", user("urn:mfa", start.Add(time.Hour)), key(1), time.Minute, false)
	f("another subject", user("urn:mfa", fresh), key(2), time.Minute, false)
	f("another device", user("urn:mfa", fresh), Key{models.Pseudonym{1}, 9, 2}, time.Minute, false)
	f("another network", user("urn:mfa", fresh), Key{models.Pseudonym{1}, 1, 9}, time.Minute, false)
	f("the challenge is forgotten", user("urn:mfa", start.Add(16*time.Minute)), key(1), 16*time.Minute, false)
	if newTest().Answered(user("urn:hw", fresh), key(1), fresh) {
		t.Error("answered without a challenge")
	}
}

func TestUnansweredChallengesExhaust(t *testing.T) {
	s := newTest()
	id := user("urn:pwd", start.Add(-time.Hour))
	f := func(at time.Duration, want bool) {
		t.Helper()
		if _, exhausted := s.Ask(id, key(1), mfa, start.Add(at)); exhausted != want {
			t.Errorf("after %v: exhausted %v", at, exhausted)
		}
	}
	f(0, false)
	f(500*time.Millisecond, false) // the same challenge
	f(999*time.Millisecond, false)
	f(1*time.Second, false)
	f(2*time.Second, false)
	f(2500*time.Millisecond, false) // with the third
	f(3*time.Second, true)
	f(14*time.Minute, true)
	if _, exhausted := s.Ask(id, Key{models.Pseudonym{1}, 7, 2}, mfa, start.Add(4*time.Second)); exhausted {
		t.Error("another device of the subject is refused")
	}
	if !s.Answered(user("urn:mfa", start.Add(14*time.Minute)), key(1), start.Add(14*time.Minute)) {
		t.Error("an answer after the last challenge does not count")
	}
	f(14*time.Minute, false)
	f(14*time.Minute+1*time.Second, false)
	f(14*time.Minute+2*time.Second, false)
	f(14*time.Minute+3*time.Second, true)
	f(29*time.Minute+2*time.Second, true)
	f(29*time.Minute+3*time.Second, false) // forgiven
}

func TestReloadKeepsPendingChallengesAndCredits(t *testing.T) {
	table := NewTable(256)
	s := New(testConfig(), table)
	s.Ask(user("urn:pwd", start.Add(-time.Hour)), key(1), mfa, start)
	s.Grant(key(2), 3, start)
	c := testConfig()
	c.ACRLevels = []string{"urn:none", "urn:pwd", "urn:mfa", "urn:hw"}
	next := New(c, table)
	if next.Credit(key(2), start) != -3 {
		t.Error("the credit is lost")
	}
	if !next.Answered(user("urn:hw", start), key(1), start) {
		t.Error("the challenge is lost")
	}
}

func TestCreditHalvesAndIsBoundToDeviceAndNetwork(t *testing.T) {
	s := newTest()
	s.Grant(key(1), 4, start)
	f := func(k Key, after time.Duration, want float64) {
		t.Helper()
		if got := s.Credit(k, start.Add(after)); math.Abs(got-want) > 1e-9 {
			t.Errorf("%+v after %v: %g, want %g", k, after, got, want)
		}
	}
	f(key(1), 0, -4)
	f(key(1), -time.Minute, -4)
	f(key(1), 30*time.Minute, -2)
	f(key(1), time.Hour, -1)
	f(key(1), 15*time.Minute, -4*math.Sqrt(0.5))
	f(key(2), 0, 0)
	f(Key{models.Pseudonym{1}, 9, 2}, 0, 0)
	f(Key{models.Pseudonym{1}, 1, 9}, 0, 0)
	s.Grant(key(1), 1, start) // less than is left
	f(key(1), 0, -4)
	s.Grant(key(1), math.NaN(), start)
	s.Grant(key(1), -9, start)
	s.Grant(key(1), math.Inf(1), start)
	f(key(1), 0, -4)
	s.Grant(key(3), 4, start)
	s.Void(models.Pseudonym{1})
	f(key(1), 0, 0)
	f(key(3), 0, -4)
	f(key(3), 10*time.Hour, 0)
	f(key(3), 0, 0) // forgotten for good
}

// Against a plain map: credits are never positive and never those of another
// key. (Keys are few, so that none is pushed out.)
func TestCreditAgainstAPlainModel(t *testing.T) {
	s := newTest()
	type credit struct {
		nats float64
		at   time.Time
	}
	model := map[Key]credit{}
	left := func(k Key, now time.Time) float64 {
		c := model[k]
		v := c.nats * math.Exp2(-float64(now.Sub(c.at))/float64(30*time.Minute))
		if v < worthless {
			return 0
		}
		return v
	}
	r := rand.New(rand.NewPCG(1, 2))
	now := start
	for range 20_000 {
		now = now.Add(time.Duration(r.IntN(300)) * time.Second)
		k := Key{models.Pseudonym{byte(r.IntN(3))}, uint32(r.IntN(2)), uint32(r.IntN(2))}
		switch r.IntN(4) {
		case 0:
			nats := float64(float32(r.Float64() * 8))
			if nats > left(k, now) {
				model[k] = credit{nats, now}
			}
			s.Grant(k, nats, now)
		case 1:
			if r.IntN(20) == 0 {
				s.Void(k.Subject)
				for other := range model {
					if other.Subject == k.Subject {
						delete(model, other)
					}
				}
			}
		default:
			got, want := s.Credit(k, now), -left(k, now)
			if got > 0 || math.Abs(got-want) > 1e-6 {
				t.Fatalf("credit %g, want %g", got, want)
			}
		}
	}
}

func TestOneSubjectCannotPushOutOthers(t *testing.T) {
	s := New(testConfig(), NewTable(256))
	id := user("urn:pwd", start.Add(-time.Hour))
	for i := range 4 { // others, one challenge short of exhaustion
		for n := range 3 {
			s.Ask(id, key(byte(i)), mfa, start.Add(time.Duration(n)*time.Second))
		}
	}
	now := start.Add(10 * time.Second)
	for i := range 20_000 { // a flood of devices by one subject
		s.Ask(id, Key{models.Pseudonym{99}, uint32(i), uint32(i >> 8)}, mfa, now)
	}
	for i := range 4 {
		if _, exhausted := s.Ask(id, key(byte(i)), mfa, now); !exhausted {
			t.Errorf("subject %d got its challenges back", i)
		}
	}
}

func TestConfigMistakes(t *testing.T) {
	if p := DefaultConfig().Validate(); len(p) != 0 {
		t.Errorf("defaults: %v", p)
	}
	c := Config{ACRLevels: []string{"a", "a", `q"`}, Realm: `x\`, Leeway: -1}
	var got []string
	for _, p := range c.Validate() {
		got = append(got, p.Path)
	}
	want := "acr_levels[1] acr_levels[2] max_age forget leeway credit challenges entries realm"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("mistakes at %s, want %s", s, want)
	}
}

func TestForgiveForgetsChallengesOfOneSubject(t *testing.T) {
	s := newTest()
	id := user("urn:pwd", start.Add(-time.Hour))
	ask := func(k Key, at time.Duration) (exhausted bool) {
		_, exhausted = s.Ask(id, k, Want{}, start.Add(at))
		return exhausted
	}
	other := Key{Subject: models.Pseudonym{9}}
	for i := range testConfig().Challenges {
		ask(key(1), time.Duration(i)*time.Minute)
		ask(other, time.Duration(i)*time.Minute)
	}
	s.Forgive(models.Pseudonym{1})
	s.Forgive(models.Pseudonym{77}) // of whom nothing is known
	if ask(key(1), 4*time.Minute) || !ask(other, 4*time.Minute) {
		t.Error("the forgiven one is still locked out, or another one no longer")
	}
}
