package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// withLogins writes the visits of 60 callers, and n requests to a login route, each
// after change.
func withLogins(t *testing.T, n int, change func(*models.Event)) (file string) {
	t.Helper()
	_, events := visits(t, 60, 20)
	engine := risk.New(risk.DefaultConfig())
	for i := range n {
		f := known()
		f.Flags |= models.IsAnonymous
		e := decided(1+len(events), f, engine)
		e.Class, e.Time, e.Observed.Address = models.Login, events[len(events)-1].Time, uint32(i+1)
		change(e)
		events = append(events, e)
	}
	file = filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(file, append(encode(configured(engine)), encode(events...)...), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Nobody has a session where people log in: step_up of that class stays, and that of
// the others is found.
func TestTuneLeavesClassesWithoutSessions(t *testing.T) {
	file := withLogins(t, 40, func(*models.Event) {})
	code, out, report := runWith(t, nil, "tune", "--from", file, "--budget", "step_up=30%")
	c, err := config.ParseRisk("tuned.yaml", []byte(out))
	if code != 0 || err != nil {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, out, report)
	}
	usual := risk.DefaultConfig().Classes
	if c.Classes.Login != usual.Login || c.Classes.Normal == usual.Normal {
		t.Errorf("login %+v, normal %+v, want only the latter to be moved", c.Classes.Login, c.Classes.Normal)
	}
	for text, in := range map[string]string{
		"class login: step_up=30%: no sessions of verified callers; left as configured": report,
		"# login      step_up  left as configured: no sessions of verified callers":     out,
	} {
		if !strings.Contains(in, text) {
			t.Errorf("%q is not in\n%s", text, in)
		}
	}
}

func TestTuneStillFindsDenyWithoutSessions(t *testing.T) {
	file := withLogins(t, 400, func(*models.Event) {})
	code, out, report := runWith(t, nil, "tune", "--from", file, "--budget", "step_up=30%,deny=5%")
	if code != 0 || !strings.Contains(out, "# login      deny ") || !strings.Contains(out, "    login: {") {
		t.Errorf("exit code %d, want deny of login\n%s%s", code, out, report)
	}
}

// Few logins do not stand in the way of a budget that the other classes support.
func TestTuneLeavesDenyOfFewLogins(t *testing.T) {
	file := withLogins(t, 40, func(*models.Event) {})
	const why = "40 requests of 40 callers, want at least 1000 of 30"
	code, out, report := runWith(t, nil, "tune", "--from", file, "--budget", "step_up=30%,deny=1%")
	if code != 0 || !strings.Contains(report, "class login: deny=1%: "+why+"; left as configured") ||
		!strings.Contains(out, "# login      deny     left as configured: "+why) || strings.Contains(out, "login: {") {
		t.Errorf("exit code %d, want login left\n%s%s", code, out, report)
	}
}

func TestTuneRefusesTooFewSessionsAndNothingAtAll(t *testing.T) {
	f := func(name, want string, verified int, arguments ...string) {
		t.Helper()
		n := 0
		file := withLogins(t, 40, func(e *models.Event) {
			if n++; n <= verified {
				e.Subject, e.Credential, e.Pseudonym = models.User, models.JWT, models.Pseudonym{1, byte(n)}
			}
		})
		code, out, report := runWith(t, nil, append([]string{"tune", "--from", file, "--budget", "step_up=30%"}, arguments...)...)
		if code != 1 || out != "" || !strings.Contains(report, want) || !strings.Contains(report, errTooFew.Error()) {
			t.Errorf("%s: exit code %d, want 1 and %q\n%s%s", name, code, want, out, report)
		}
	}
	f("some", "class login: step_up=30%: 3 sessions of verified callers of 3 callers, want at least 34 of 30", 3)
	f("nothing left", "class login: step_up=30%: no sessions of verified callers; left as configured", 0, "--class", "login")
}

// A threshold that the budget would put lower is said to be a bound.
func TestTuneSaysWhatIsABound(t *testing.T) {
	file, _ := visits(t, 60, 20)
	f := func(section, want string, absent ...string) {
		t.Helper()
		arguments := []string{"tune", "--from", file, "--budget", "step_up=30%,deny=40%"}
		if section != "" {
			name := filepath.Join(t.TempDir(), "risk.yaml")
			if err := os.WriteFile(name, []byte(section), 0o600); err != nil {
				t.Fatal(err)
			}
			arguments = append(arguments, "--config", name)
		}
		code, out, report := runWith(t, nil, arguments...)
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, want %q\n%s%s", code, want, out, report)
		}
		for _, text := range absent {
			if strings.Contains(out, text) {
				t.Errorf("%q is in\n%s", text, out)
			}
		}
	}
	f("", "callers; a bound: not below step_up\n", "not below throttle")
	f("risk: {classes: {normal: {monitor: 15, throttle: 90, step_up: 95, deny: 99}}}\n", "callers; a bound: not below throttle\n")
}
