package eval

import (
	"bufio"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/bench/eval/measure"
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals"
	"github.com/riskgate/riskgate/signals/geo"
)

// realData returns the path of a file of real data, or skips the test.
func realData(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("RISKGATE_DATA")
	if dir == "" {
		dir = "../../../shared/data"
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED: no %s: set RISKGATE_DATA to the folder of real data", path)
	}
	return path
}

// nowhere knows no address: networks are blocks of them.
type nowhere struct{}

func (nowhere) Lookup(netip.Addr, uint64) (models.Place, models.Flag, models.State) {
	return models.Place{}, 0, models.Unavailable
}
func (nowhere) Ready() bool { return true }

func gateAt(t *testing.T, l signals.Locator, start time.Time) *Gate {
	t.Helper()
	g, err := NewGate(DefaultConfig(), l, start)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

// stopped reports whether a decision would stop an attacker: a step-up, a denial,
// or a sixteenth of the rate for who cannot step up.
func stopped(ev *models.Event) bool {
	return ev.Action >= models.StepUp || !ev.CanStepUp && (ev.Finding != "" || ev.Assessment.Refill <= 1.0/16)
}

var sshLine = regexp.MustCompile(`^(\w{3} [ \d]\d [\d:]{8}) \S+ sshd\[\d+\]: (?:(Accepted) \w+|(Failed) \w+|(Invalid) user) ?(?:for (?:invalid user )?)?(.*?) ?(?:from) ([\d.]+)`)

// sshAttempts reads a log of sshd: every attempt as a request on a login route,
// every accepted one followed by a request with a session. Everybody shows the same
// agent, so that names, addresses and times alone speak.
func sshAttempts(t *testing.T, path string) (attempts []traffic.Event) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	agent := "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
	for in := bufio.NewScanner(f); in.Scan(); {
		m := sshLine.FindStringSubmatch(in.Text())
		if m == nil || m[4] != "" { // an invalid user is followed by a failed attempt, or by none at all
			continue
		}
		at, err := time.Parse("2006 Jan _2 15:04:05", "2017 "+m[1])
		if err != nil {
			t.Fatal(err)
		}
		if len(attempts) > 0 && at.Before(attempts[len(attempts)-1].Time) {
			at = attempts[len(attempts)-1].Time
		}
		e := traffic.Event{
			Time: at, Address: netip.MustParseAddr(m[6]), Agent: agent, HeaderOrder: 13, Method: "POST", Route: "login", Path: "/login",
			Class: models.Login, Object: -1, LoginUser: m[5], Person: m[5], Status: 401, Login: models.LoginFailed, Label: traffic.Stuffing,
		}
		if m[2] != "" {
			e.Status, e.Login, e.Label = 200, models.LoginPassed, traffic.Honest
		}
		attempts = append(attempts, e)
	}
	return attempts
}

// A real host's SSH log: how many attempts a source that never succeeded makes
// before one is stopped, and how often a genuine login is.
func TestRealSSHLog(t *testing.T) {
	attempts := sshAttempts(t, realData(t, "logs/auth.log"))
	g := gateAt(t, nowhere{}, attempts[0].Time)
	genuine := map[netip.Addr]bool{}
	for i := range attempts {
		genuine[attempts[i].Address] = genuine[attempts[i].Address] || attempts[i].Label == traffic.Honest
	}
	made, until := map[netip.Addr]int{}, map[netip.Addr]int{}
	accepted, hindered, sources := 0, 0, map[netip.Addr]bool{}
	for i := range attempts {
		e := &attempts[i]
		ev := g.Serve(e, false)
		if e.Label != traffic.Honest {
			if made[e.Address]++; !genuine[e.Address] && until[e.Address] == 0 && stopped(ev) {
				until[e.Address] = made[e.Address]
			}
			continue
		}
		accepted++
		sources[e.Address] = true
		bad := stopped(ev)
		visit := *e
		visit.Route, visit.Path, visit.Class, visit.Method, visit.LoginUser, visit.Login = "profile", "/v1/me", models.Normal, "GET", "", models.NoLogin
		visit.Subject = models.Subject{Kind: models.User, Issuer: traffic.UserIssuer, ID: e.Person}
		visit.Credential, visit.CredentialID, visit.AuthTime = models.JWT, e.Person+"-"+strconv.Itoa(i), e.Time
		if ev = g.Serve(&visit, false); stopped(ev) {
			bad = true
			g.Serve(&visit, true)
		}
		if bad {
			hindered++
		}
	}
	attackers, many, caught := 0, 0, []int{}
	for a, n := range made {
		if genuine[a] {
			continue
		}
		if attackers++; n >= 5 {
			many++
		}
		if until[a] > 0 {
			caught = append(caught, until[a])
		}
	}
	result := map[string]any{
		"attackers": attackers, "attackers_with_5_attempts": many, "stopped": len(caught),
		"attempts_until_stopped_median": measure.Quantile(caught, 0.5), "attempts_until_stopped_p95": measure.Quantile(caught, 0.95),
		"accepted": accepted, "accepted_sources": len(sources), "accepted_hindered": hindered,
	}
	t.Logf("%v", result)
	results["real_ssh_log"] = result
	if accepted != 226 || attackers < 80 {
		t.Errorf("%d accepted logins and %d attackers in the log, want 226 and many", accepted, attackers)
	}
	if hindered*10 > accepted {
		t.Errorf("%d of %d genuine logins hindered", hindered, accepted)
	}
}

var robot = regexp.MustCompile(`(?i)bot|crawl|spider|slurp|feed|fetch|monitor|check|curl|wget|java|python|perl|ruby|php|http|library|scan|archive|validator|preview|search`)

// A real web server's log: how many of the clients that look like people's
// browsers the groups of behavior would have stopped.
func TestRealWebLog(t *testing.T) {
	f, err := os.Open(realData(t, "logs/apache_logs"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, _, err := traffic.ReadLog(f)
	if err != nil {
		t.Fatal(err)
	}
	g := gateAt(t, nowhere{}, lines[0].Time.Add(-time.Hour))
	facts := signals.NewRouteFacts("log", "/", models.Normal)
	g.routes["log"] = &facts
	type client struct {
		addr  netip.Addr
		agent string
	}
	people, alarmed, behaved := map[client]bool{}, map[client]bool{}, map[client]bool{}
	reasons := map[string]int{}
	for _, l := range lines {
		e := traffic.Event{Time: l.Time, Address: l.Client, Agent: l.Agent, Method: l.Method, Route: "log", Path: l.Target, Object: -1, Status: l.Status}
		ev := g.Serve(&e, false)
		c := client{l.Client, l.Agent}
		if l.Agent == "" || robot.MatchString(l.Agent) {
			continue
		}
		people[c] = true
		if !stopped(ev) {
			continue
		}
		if !alarmed[c] && ev.Assessment.NumReasons > 0 {
			reasons[ev.Assessment.Top()[0].String()]++
		}
		alarmed[c] = true
		n := &ev.Assessment.Contributions
		behaved[c] = behaved[c] || n[models.Rate].Nats+n[models.Enumeration].Nats+n[models.RecentBehavior].Nats >= 0.5
	}
	result := map[string]any{"clients": len(people), "with_alarm": len(alarmed), "with_alarm_by_behavior": len(behaved), "first_reasons": reasons}
	t.Logf("%v", result)
	results["real_web_log"] = result
	if len(people) < 1000 || len(behaved)*20 > len(people) {
		t.Errorf("%d of %d clients with people's browsers alarmed by behavior, want at most one in 20", len(behaved), len(people))
	}
}

// The API access behavior set, which is nearly separable by construction: how varied
// a source's requests are tells outliers from the rest.
func TestRealAPIBehavior(t *testing.T) {
	f, err := os.Open(realData(t, "api/supervised_dataset.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	behaviors, unreadable, err := traffic.ReadBehaviors(f)
	if err != nil {
		t.Fatal(err)
	}
	var normal, outliers []float32
	for _, b := range behaviors {
		if b.Outlier {
			outliers = append(outliers, float32(b.Uniqueness))
		} else {
			normal = append(normal, float32(b.Uniqueness))
		}
	}
	auc := measure.AUC(measure.NewScores(outliers, nil), measure.NewScores(normal, nil))
	result := map[string]any{"normal": len(normal), "outliers": len(outliers), "unreadable": unreadable, "uniqueness_auc": auc}
	t.Logf("%v", result)
	results["real_api_behavior"] = result
	if auc < 0.95 {
		t.Errorf("AUC of uniqueness %.3f, want 0.95", auc)
	}
}

// MaxMind's test databases: half an hour from London to Changchun is no journey,
// three hours from London to Boxford are.
func TestRealPlaces(t *testing.T) {
	cfg := geo.DefaultConfig()
	cfg.City, cfg.ASN = realData(t, "geo/GeoIP2-City-Test.mmdb"), realData(t, "geo/GeoLite2-ASN-Test.mmdb")
	d, err := geo.Open(cfg, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	travel := func(to string, after time.Duration) float64 {
		g := gateAt(t, d, start)
		visit := func(from string, at time.Time) *models.Event {
			e := traffic.Event{
				Time: at, Address: netip.MustParseAddr(from), Agent: "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
				Method: "GET", Route: "profile", Path: "/v1/me", Object: -1, Status: 200, Person: "p",
				Subject:    models.Subject{Kind: models.User, Issuer: traffic.UserIssuer, ID: "p"},
				Credential: models.JWT, CredentialID: at.String(), AuthTime: at,
			}
			return g.Serve(&e, false)
		}
		at := start
		for range 12 {
			at = at.Add(24 * time.Hour)
			visit("81.2.69.142", at) // London
		}
		return visit(to, at.Add(after)).Assessment.Contributions[models.Travel].Nats
	}
	far, near := travel("175.16.199.1", 30*time.Minute), travel("2.125.160.216", 3*time.Hour)
	t.Logf("to Changchun %.2f nats, to Boxford %.2f", far, near)
	results["real_places"] = map[string]float64{"london_changchun_30m_nats": far, "london_boxford_3h_nats": near}
	if far < 3 || near > 0 {
		t.Errorf("to Changchun %.2f nats, to Boxford %.2f, want at least 3 and none", far, near)
	}
}
