package gateway

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Operators find every metric in their guide.
func TestGuideExplainsEveryMetric(t *testing.T) {
	guide, err := os.ReadFile("../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`(?m)^# TYPE riskgate_(\S+)`).FindAllStringSubmatch(newSite(t).start().metrics(), -1)
	if len(names) < 40 {
		t.Fatalf("%d metrics, want more", len(names))
	}
	for _, name := range names {
		if !regexp.MustCompile("`" + name[1] + "[`{]").Match(guide) {
			t.Errorf("docs/operating.md does not explain %s", name[1])
		}
	}
}

// A policy that cannot be evaluated is counted, and forbids.
func TestFailingPoliciesAreCounted(t *testing.T) {
	s := newSite(t)
	s.write("p.cedar", "permit (principal, action, resource);\n"+
		"forbid (principal, action, resource) when { context.risk.score + 9223372036854775807 < 0 };\n")
	s.configure(parts{authz: "policies: p.cedar"})
	s.start()
	s.until("no failures yet", "riskgate_authz_errors_total 0")
	s.want("/items/1", http.StatusForbidden)
	if strings.Contains(s.metrics(), "riskgate_authz_errors_total 0\n") {
		t.Error("a policy failed and was not counted")
	}
}
