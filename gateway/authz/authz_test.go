package authz

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cedar "github.com/cedar-policy/cedar-go"

	"github.com/riskgate/riskgate/models"
)

var (
	routes = []Route{{"orders", models.Normal}, {"status", models.Normal}, {"console", models.Admin}}
	noon   = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

	reader = person("alice", "", "read")
	clerk  = person("bob", "clerk", "read")
	admin  = person("carol", "admin", "read")
	batch  = &models.Identity{Subject: models.Subject{Kind: models.Client, ID: "batch"}, Credential: models.APIKey, Declared: true}
	fake   = &models.Identity{Subject: models.Subject{Kind: models.Client, Issuer: "https://idp", ID: "batch"}, Credential: models.JWT}
)

func person(id, role, scope string) *models.Identity {
	i := &models.Identity{Subject: models.Subject{Kind: models.User, Issuer: "https://idp", ID: id},
		Credential: models.JWT, Scopes: []string{scope}}
	if role != "" {
		i.Roles = []string{role}
	}
	return i
}

func newTest(t testing.TB, edit ...func(*Config)) *Authorizer {
	t.Helper()
	c := DefaultConfig()
	c.Policies = "testdata/policies"
	for _, e := range edit {
		e(&c)
	}
	a, err := New(c, routes)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// input is an unsuspicious request at noon.
func input(id *models.Identity, method, route string, edit ...func(*Input)) *Input {
	in := &Input{
		Identity: id, Method: []byte(method), Route: route, Address: netip.MustParseAddr("192.0.2.1"),
		Assessment: &models.Assessment{Score: 10}, Evidence: &models.EvidenceSet{}, Time: noon,
	}
	for _, e := range edit {
		e(in)
	}
	return in
}

func score(s float64) func(*Input) { return func(in *Input) { in.Assessment.Score = s } }

func TestDecide(t *testing.T) {
	a := newTest(t)
	f := func(in *Input, action models.Action, policies string) {
		t.Helper()
		var d Decision
		a.Decide(in, &d)
		if d.Action != action || d.Policies != policies {
			t.Errorf("%s %s: %s by %q, want %s by %q", in.Method, in.Route, d.Action, d.Policies, action, policies)
		}
		if (d.Denial == models.PolicyDenied) != (action == models.Deny) || (d.Denial == models.StepUpRequired) != (action == models.StepUp) {
			t.Errorf("%s with denial %q", d.Action, d.Denial)
		}
	}
	hosting := func(in *Input) { in.Hosting = true }

	f(input(reader, "GET", "orders"), models.Allow, "read")
	f(input(reader, "POST", "orders"), models.Deny, "")
	f(input(clerk, "POST", "orders"), models.Allow, "clerk-write")
	f(input(nil, "GET", "orders"), models.Deny, "")
	f(input(nil, "GET", "status"), models.Allow, "public")
	f(input(nil, "HEAD", "status"), models.Deny, "")
	f(input(reader, "GET", "status"), models.Allow, "read,public")
	f(input(reader, "GET", "console"), models.Deny, "admins")
	f(input(admin, "GET", "console"), models.Allow, "read")
	f(input(reader, "PROPFIND", "orders"), models.Deny, "")
	f(input(batch, "PROPFIND", "orders"), models.Allow, "batch")
	f(input(batch, "GET", "console"), models.Deny, "admins")
	// a client of the same name from an issuer is another one
	f(input(fake, "GET", "orders"), models.Deny, "")
	// a score belongs to the stricter side only from the threshold on
	f(input(clerk, "POST", "orders", score(19.99)), models.Allow, "clerk-write")
	f(input(clerk, "POST", "orders", score(20)), models.StepUp, "step-up-writes")
	f(input(reader, "POST", "orders", score(20)), models.Deny, "") // no permit: nothing to step up for
	f(input(clerk, "POST", "orders", score(90), hosting), models.Deny, "hot")
	f(input(reader, "GET", "orders", score(69.9), hosting), models.Allow, "read")
	f(input(reader, "GET", "orders", score(70), hosting), models.Deny, "hot")
	f(input(reader, "GET", "orders", score(math.NaN()), hosting), models.Deny, "hot")
	f(input(reader, "GET", "orders", func(in *Input) { in.Device = DeviceNew }), models.Monitor, "watch-new-device")
	f(input(reader, "GET", "orders", func(in *Input) { in.Evidence[models.Network].State = models.Unavailable }), models.Monitor, "watch-new-device")
	f(input(batch, "GET", "orders", func(in *Input) { in.Address = netip.MustParseAddr("198.51.100.1") }), models.Throttle, "office")
	f(input(batch, "GET", "orders", func(in *Input) { in.Address = netip.Addr{} }), models.Throttle, "office")
	f(input(batch, "GET", "orders", func(in *Input) { in.Address = netip.MustParseAddr("::ffff:192.0.2.9") }), models.Allow, "batch")
	// a forbid that cannot be evaluated counts as if it applied
	f(input(clerk, "DELETE", "orders"), models.Deny, "overflow")
	if a.Status().Failed == 0 {
		t.Error("the failed evaluation is not counted")
	}
	// a route that was not announced has no exception from the policies
	f(input(reader, "GET", "unlisted"), models.Allow, "read")
	f(input(reader, "GET", "unlisted", func(in *Input) { in.Class = models.Admin }), models.Deny, "admins")
}

func TestStepUpSaysWhatIsWanted(t *testing.T) {
	a := newTest(t)
	want := Want{"urn:mfa", 2 * time.Minute}
	var d Decision
	a.Decide(input(clerk, "POST", "orders", score(50)), &d)
	if d.Want != want {
		t.Errorf("want %+v", d.Want)
	}
	if got := a.Wants(); !slices.Equal(got, []Want{want}) {
		t.Errorf("wants %+v", got)
	}
	stepped := *clerk
	stepped.ACR = "urn:mfa"
	if a.Decide(input(&stepped, "POST", "orders", score(50)), &d); d.Action != models.Allow {
		t.Errorf("after the step-up: %+v", d)
	}
}

func TestShadow(t *testing.T) {
	night := func(in *Input) { in.Time = noon.Add(-9 * time.Hour) }
	f := func(a *Authorizer, in *Input, want Decision) {
		t.Helper()
		var d Decision
		if a.Decide(in, &d); d != want {
			t.Errorf("got %+v, want %+v", d, want)
		}
	}
	a := newTest(t)
	f(a, input(clerk, "POST", "orders", night), Decision{Policies: "clerk-write", Shadow: models.Deny, ShadowPolicies: "night"})
	f(a, input(clerk, "POST", "orders"), Decision{Policies: "clerk-write", ShadowPolicies: "clerk-write"})
	a = newTest(t, func(c *Config) { c.Mode = "shadow" })
	f(a, input(nil, "GET", "orders"), Decision{Shadow: models.Deny})
	f(a, input(reader, "GET", "orders"), Decision{ShadowPolicies: "read"})
}

func TestWithoutPoliciesAllIsPermitted(t *testing.T) {
	a := newTest(t, func(c *Config) { c.Policies = "" })
	d := Decision{Action: models.Deny}
	if a.Decide(input(nil, "DELETE", "console"), &d); d != (Decision{}) {
		t.Errorf("%+v", d)
	}
}

// someInput draws every part from few values, so that every policy is hit.
func someInput(r *rand.Rand) *Input {
	in := input(nil, "GET", "orders")
	for part := range parts {
		redraw(r, in, part)
	}
	return in
}

const parts = 12

// redraw draws one part of an input anew.
func redraw(r *rand.Rand, in *Input, part int) {
	switch part {
	case 0:
		in.Identity = []*models.Identity{nil, reader, clerk, admin, batch, fake}[r.IntN(6)]
	case 1:
		in.Method = []byte([]string{"GET", "HEAD", "POST", "DELETE", "PROPFIND"}[r.IntN(5)])
	case 2:
		in.Route = routes[r.IntN(3)].ID
	case 3:
		in.Assessment.Score = float64(10*r.IntN(11)) + r.Float64()
	case 4:
		in.Assessment.ActorScore = float64(49+r.IntN(3)) + r.Float64()
	case 5:
		in.Assessment.Confidence, in.Assessment.Level = float64(r.IntN(3))/2, models.Level(r.IntN(4))
	case 6:
		in.Hosting, in.VPN, in.Tor, in.Listed = r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(2) == 0
	case 7:
		in.Place.ASN, in.Place.Country = uint32(r.IntN(3)), [2]byte{'D', "EK"[r.IntN(2)]}
	case 8:
		in.Device = DeviceState(r.IntN(int(numDeviceStates)))
	case 9:
		in.Time = noon.Add(time.Duration(5*r.IntN(10)) * time.Hour)
	case 10:
		in.Address = netip.AddrFrom4([4]byte{192, 0, byte(2 + r.IntN(2)), byte(r.IntN(3))})
	case 11:
		for g := range in.Evidence {
			in.Evidence[g].State = models.State(r.IntN(int(models.NumStates)))
		}
	}
}

// morePolicies read the context in every way there is.
const morePolicies = `
@id("all") permit (principal, action, resource);
@id("a") @riskgate("monitor") forbid (principal, action == Action::"GET", resource) when { context.risk.actor > 50 };
@id("b") @riskgate("throttle") forbid (principal, action, resource == Route::"orders") when { context.geo has country && context.geo.country == "DK" };
@id("c") forbid (principal, action == Action::"POST", resource) when { context.risk == context.risk && context.evidence.rate == "hit" && context.time.weekday == 2 };
@id("d") @riskgate("monitor") forbid (principal, action == Action::"HEAD", resource) when { context has acr && context.geo.asn == 1 };
@id("e") @riskgate("throttle") forbid (principal, action, resource is Route in Class::"admin") when { if context.device.state like "p*" then context.risk.confidence < 50 else context.credential == "jwt" };
@id("f") @riskgate("monitor") forbid (principal is User, action in [Action::"GET", Action::"DELETE"], resource) unless { ["low", "medium"].contains(context.risk.level) };
`

func policySets(t *testing.T) []*Authorizer {
	file := filepath.Join(t.TempDir(), "more.cedar")
	if err := os.WriteFile(file, []byte(morePolicies), 0o600); err != nil {
		t.Fatal(err)
	}
	return []*Authorizer{newTest(t), newTest(t, func(c *Config) { c.Policies, c.Remember = file, 256 })}
}

// Inputs that differ in one part from those remembered get the decision that a
// fresh evaluation with every fact in sight gives.
func TestRememberedDecisionsEqualFreshOnes(t *testing.T) {
	for _, a := range policySets(t) {
		r := rand.New(rand.NewPCG(3, 4))
		in, hits := someInput(r), 0
		for i := range 6000 {
			if redraw(r, in, r.IntN(parts)); i%50 == 0 {
				in = someInput(r)
			}
			s := a.routes[in.Route].slices[actionIndex(in.Method)]
			k := memoryKey{slice: s}
			if k.facts.read(in, s.sees); a.memory.get(&k) != nil {
				hits++
			}
			var got Decision
			a.Decide(in, &got)
			open := *s
			open.sees = seesAll
			var f facts
			f.read(in, seesAll)
			if want := a.evaluate(&open, &f); got != *want {
				t.Fatalf("remembered %+v, fresh %+v for %+v", got, *want, in)
			}
		}
		if hits < 500 {
			t.Errorf("only %d of 6000 decisions were remembered", hits)
		}
	}
}

// The verdict of Cedar over the whole, unsliced policy set.
func TestSlicesDecideLikeTheWholeSet(t *testing.T) {
	for _, a := range policySets(t) {
		whole := cedar.PolicyMap{}
		for _, p := range a.policies {
			if !p.shadow {
				whole[cedar.PolicyID(p.id)] = p.cedar
			}
		}
		r := rand.New(rand.NewPCG(5, 6))
		for range 2000 {
			in := someInput(r)
			var d Decision
			a.Decide(in, &d)
			var f facts
			f.read(in, seesAll)
			s := a.routes[in.Route].slices[actionIndex(in.Method)]
			who := principal(in.Identity)
			verdict, diag := cedar.Authorize(whole, &entities{who, s.action, s.route},
				cedar.Request{Principal: who.UID, Action: s.action.UID, Resource: s.route.UID, Context: f.context(seesAll)})
			permitted := bool(verdict) && len(diag.Errors) == 0
			if permitted != (d.Action == models.Allow) {
				t.Fatalf("sliced %+v, whole set %v %+v for %+v", d, verdict, diag, in)
			}
			if d.Action == models.Allow {
				var ids []string
				for _, reason := range diag.Reasons {
					ids = append(ids, string(reason.PolicyID))
				}
				slices.Sort(ids)
				got := strings.Split(d.Policies, ",")
				slices.Sort(got)
				if !slices.Equal(got, ids) {
					t.Fatalf("permitted by %v, whole set says %v", got, ids)
				}
			}
		}
	}
}

func TestSlicesAreSmall(t *testing.T) {
	s := newTest(t).routes["orders"].slices[actionIndex([]byte("GET"))]
	var ids []string
	for _, p := range append(slices.Clone(s.permits), s.forbids...) {
		ids = append(ids, p.id)
	}
	if got := strings.Join(ids, " "); got != "read batch hot watch-new-device office" {
		t.Error(got)
	}
}

func TestMistakesAreReportedWithTheirPlace(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.cedar", `permit (principal, action, resource)
when { context.risk.scroe < 50 };
@id("x") @riskgate("explode") forbid (principal is Robot, action, resource);
@id("x") forbid (principal, action == Action::"FETCH", resource == Route::"ordres");
@riskgate("monitor") permit (principal, action, resource);
@acr("urn:mfa") @max_age("soon") forbid (principal, action, resource);
@typo("x") forbid (principal, action, resource in Class::"secret");
permit (principal, action, resource) when { context.risk.score == "high" };
`)
	write("b.cedar", "permit (principal, action, resource)\nwhen { context. };\n")
	write("c.txt", "not read")
	c := DefaultConfig()
	c.Policies = dir
	_, err := New(c, routes)
	var problems PolicyError
	if !errors.As(err, &problems) {
		t.Fatalf("error %v", err)
	}
	got := strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
	golden, _ := os.ReadFile("testdata/mistakes.txt")
	if got+"\n" != string(golden) {
		t.Errorf("got\n%s\nwant\n%s", got, golden)
	}
}

func TestUnreadableAndEmptyPoliciesAreRefused(t *testing.T) {
	c := DefaultConfig()
	c.Policies = filepath.Join(t.TempDir(), "none")
	if _, err := New(c, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	c.Policies = t.TempDir()
	if _, err := New(c, nil); err == nil {
		t.Error("a folder without policies is accepted")
	}
}

func TestWhatPoliciesSee(t *testing.T) {
	f := func(text string, want visible) {
		t.Helper()
		list, err := cedar.NewPolicyListFromBytes("", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := newPolicy(list[0], func(string) {}).sees; got != want {
			t.Errorf("%s sees %b, want %b", text, got, want)
		}
	}
	f(`permit (principal, action, resource);`, 0)
	f(`permit (principal is User, action, resource);`, seesIdentity)
	f(`permit (principal, action, resource) when { principal.declared };`, seesIdentity)
	f(`permit (principal, action, resource) when { resource.class == "admin" };`, 0)
	f(`permit (principal, action, resource) unless { context.risk.score > 1 };`, seesScore)
	f(`permit (principal, action, resource) when { context.acr == "x" };`, seesIdentity)
	f(`permit (principal, action, resource) when { context["geo"]["asn"] == 1 };`, seesASN)
	f(`permit (principal, action, resource) when { context has risk };`, seesAll)
	f(`permit (principal, action, resource) when { context == {} };`, seesAll)
	f(`permit (principal, action, resource) when { {a: context.time}.a.hour < 3 && context.device.state == "new" };`, seesTime|seesDevice)
	f(`permit (principal, action, resource) when { context.address.isLoopback() || context.evidence.rate == "hit" };`, seesAddress|seesState(models.Rate))
	f(`permit (principal, action, resource) when { context.geo.vpn || context.geo == context.geo };`, seesGeo)
}

func TestWholeRoundsDown(t *testing.T) {
	for x, want := range map[float64]uint8{-1: 0, 0: 0, 0.9: 0, 49.999: 49, 50: 50, 99.9: 99, 100: 100, 1e9: 100, math.Inf(-1): 0} {
		if got := whole(x); got != want {
			t.Errorf("%g: %d", x, got)
		}
	}
	if whole(math.NaN()) != 100 {
		t.Error("no number is no risk")
	}
}

func TestConfigMistakes(t *testing.T) {
	if p := DefaultConfig().Validate(); len(p) != 0 {
		t.Errorf("defaults: %v", p)
	}
	if got := fmt.Sprint(Config{Mode: "off"}.Validate()); got != "[mode: off, want enforce or shadow remember: 0, want 256 to 16777216]" {
		t.Error(got)
	}
}

func TestMemoryStaysWithinItsBound(t *testing.T) {
	a := newTest(t, func(c *Config) { c.Remember = 256 })
	var d Decision
	for range 5000 {
		a.Decide(input(person("u", "clerk", "read"), "GET", "orders"), &d)
	}
	if n := a.Status().Remembered; n > 256 || n == 0 {
		t.Errorf("%d decisions remembered", n)
	}
}
