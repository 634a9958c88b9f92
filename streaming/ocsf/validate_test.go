package ocsf

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/models"
)

func TestEventsAreValidOCSF(t *testing.T) {
	s := loadSchema(t)
	r := rand.New(rand.NewPCG(9, 10))
	check := func(ev *models.Event, opt Options) {
		t.Helper()
		line := AppendEvent(nil, ev, opt)
		if faults := s.check(line); len(faults) > 0 {
			t.Fatalf("%v under %q:\n  %s\n%s", ev.Kind, opt.Privacy, strings.Join(faults, "\n  "), line)
		}
	}
	kinds := []models.EventKind{models.DecisionEvent, models.AuthenticationEvent, models.FindingEvent, models.RefusalEvent}
	for _, opt := range []Options{clearMode, {Privacy: Truncate}} {
		for _, kind := range kinds {
			check(&models.Event{Kind: kind}, opt)
			full := sample()
			full.Kind = kind
			check(full, opt)
			for range 200 {
				check(randomEvent(r, kind), opt)
			}
		}
	}
}

// The control: a checker that finds nothing would pass everything.
func TestTheCheckFindsWhatIsWrong(t *testing.T) {
	s := loadSchema(t)
	good := string(AppendEvent(nil, sample(), clearMode))
	f := func(want, old, changed string) {
		t.Helper()
		broken := strings.Replace(good, old, changed, 1)
		if broken == good {
			t.Fatalf("%s is not in the event", old)
		}
		faults := strings.Join(s.check([]byte(broken)), "; ")
		if !strings.Contains(faults, want) {
			t.Errorf("%s for %s: found %q, want %q", changed, old, faults, want)
		}
	}
	f("api_activity.severity_id: missing", `"severity_id":1,`, "")
	f("metadata.version: missing", `"metadata":{"version":"1.8.0",`, `"metadata":{`)
	f("api_activity.api.operation: missing", `"operation":"orders.read"`, `"version":"1"`)
	f("no such attribute", `"status_id":1`, `"status_ident":1`)
	f("belongs to profile security_control", `"profiles":["security_control","trace"]`, `"profiles":["trace"]`)
	f("belongs to profile trace", `"profiles":["security_control","trace"]`, `"profiles":["security_control"]`)
	f("77 is not in the enumeration", `"disposition_id":1`, `"disposition_id":77`)
	f("PURGE is not in the enumeration", `"http_method":"GET"`, `"http_method":"PURGE"`)
	f("want integer_t", `"risk_score":12`, `"risk_score":12.5`)
	f("want boolean_t", `"is_alert":false`, `"is_alert":0`)
	f("is no ip_t", `"ip":"198.51.100.7"`, `"ip":"198.51.100.777"`)
	f("want at_least_one", `"actor":{"user":{"type_id":1,"uid":"07080000000000000000000000000000"}}`, `"actor":{}`)
	f("want an array", `"resources":[{"type":"route","name":"orders.read"}]`, `"resources":{}`)
	f("is no type of observable", `"name":"src_endpoint.ip","type_id":2`, `"name":"src_endpoint.ip","type_id":77`)
	f("type_uid", `"type_uid":600302`, `"type_uid":600303`)
	f("no class 6999", `"class_uid":6003`, `"class_uid":6999`)
}
