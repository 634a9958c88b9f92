package gateway

import (
	"fmt"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func (s *site) metrics() string {
	s.t.Helper()
	status, body := s.admin(http.MethodGet, "/metrics")
	if status != http.StatusOK {
		s.t.Fatalf("metrics: %d %s", status, body)
	}
	return body
}

// until waits for a line of /metrics.
func (s *site) until(what, line string) {
	s.t.Helper()
	eventually(s.t, what, func() bool { return strings.Contains(s.metrics(), line+"\n") })
}

// families parses /metrics.
func (s *site) families() map[string]*dto.MetricFamily {
	s.t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	all, err := parser.TextToMetricFamilies(strings.NewReader(s.metrics()))
	s.must(err)
	return all
}

// value returns the value, or the count, of the metric with such labels:
// "route=items,action=allow". It fails the test if there is none.
func value(t testing.TB, f *dto.MetricFamily, labels string) float64 {
	t.Helper()
	for _, m := range f.GetMetric() {
		var own []string
		for _, l := range m.GetLabel() {
			own = append(own, l.GetName()+"="+l.GetValue())
		}
		if all := strings.Join(own, ","); all == labels {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	t.Errorf("%s has no {%s}", f.GetName(), labels)
	return -1
}

const (
	secretUser = "zoe-4711"
	secretPath = "path-0815"
)

// traffic is something of everything: callers with names and addresses of their
// own, refusals, a bad reload, and a service that is away.
func (s *site) traffic(from int) {
	s.t.Helper()
	token := "Bearer " + s.issuer.token(secretUser, time.Now())
	for i := range 80 {
		r := s.request(fmt.Sprintf("/items/%s-%d", secretPath, from+i))
		r.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", 1+(from+i)%250))
		switch i % 4 {
		case 0:
			r.Header.Del("X-Api-Key")
			r.Header.Set("Authorization", token)
		case 1:
			r.Header.Set("X-Api-Key", fmt.Sprintf("rgk_forged%d_%s", from+i, strings.Repeat("a", 52)))
		}
		s.do(r)
	}
	for _, path := range []string{"/nowhere/" + secretPath, "/gone"} {
		s.get(path)
	}
}

func TestMetrics(t *testing.T) {
	s := newSite(t)
	s.configure(parts{routes: `- {id: gone, match: {path: /gone}, pool: gone, authn: [api_key]}`})
	s.withPool(`gone: {targets: ["http://127.0.0.1:1"]}`)
	s.start()
	s.traffic(0)
	s.reload()
	s.until("every event is sent", `riskgate_streaming_pending_events{sink="file"} 0`)
	f := s.families()
	for _, m := range []struct {
		name, labels string
		least        float64
	}{
		{"riskgate_pipeline_requests_total", "action=allow,route=items", 60},
		{"riskgate_pipeline_requests_total", "action=deny,route=items", 20},
		{"riskgate_risk_score", "class=normal", 60},
		{"riskgate_pipeline_stage_duration_seconds", "stage=assess", 1},
		{"riskgate_pipeline_stage_duration_seconds", "stage=finish", 1},
		{"riskgate_pipeline_denials_total", "reason=unknown_key", 20},
		{"riskgate_pipeline_denials_total", "reason=no_route", 1},
		{"riskgate_streaming_events_sent_total", "sink=file", 61},
		{"riskgate_streaming_events_lost_total", "class=allow,sink=file", 0},
		{"riskgate_streaming_events_lost_total", "class=keep,sink=file", 0},
		{"riskgate_streaming_events_rejected_total", "sink=file", 0},
		{"riskgate_streaming_oldest_event_seconds", "sink=file", 0},
		{"riskgate_baseline_entries", "place=known", 1},
		{"riskgate_baseline_bytes", "", 1 << 20},
		{"riskgate_baseline_evictions_total", "", 0},
		{"riskgate_baseline_store_reads_total", "", 0},
		{"riskgate_gateway_reloads_total", "result=done", 1},
		{"riskgate_gateway_reloads_total", "result=failed", 0},
		{"riskgate_jose_refreshes_total", "issuer=" + s.issuer.url + ",result=done", 1},
		{"riskgate_upstream_request_duration_seconds", "pool=service", 60},
		{"riskgate_upstream_errors_total", "pool=gone,reason=upstream_refused", 1},
		{"riskgate_upstream_up", "pool=service,target=" + s.service.URL, 1},
		{"riskgate_listener_connections_total", "", 1},
		{"riskgate_verdict_in_force", "kind=quarantine", 0},
		{"riskgate_verdict_files_refused_total", "", 0},
	} {
		if got := value(t, f[m.name], m.labels); got < m.least {
			t.Errorf("%s{%s} is %g, want at least %g", m.name, m.labels, got, m.least)
		}
	}
}

// withPool adds a pool to riskgate.yaml.
func (s *site) withPool(line string) {
	s.t.Helper()
	s.replace("  pools:\n", "  pools:\n    "+line+"\n")
}

// Labels say nothing about callers, and their number does not grow with traffic.
func TestMetricLabelsAreFewAndKnown(t *testing.T) {
	s := newSite(t).start()
	s.traffic(0)
	before := s.families()
	s.traffic(80)
	after := s.families()
	configured := map[string]bool{s.service.URL: true, s.issuer.url: true}
	for name, f := range after {
		if len(f.GetMetric()) != len(before[name].GetMetric()) {
			t.Errorf("%s: %d series, %d after more traffic", name, len(before[name].GetMetric()), len(f.GetMetric()))
		}
		if ours := strings.HasPrefix(name, "riskgate_"); !ours && !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
			t.Errorf("%s: want riskgate_ before it", name)
		}
		if counter := f.GetType() == dto.MetricType_COUNTER; counter != strings.HasSuffix(name, "_total") && strings.HasPrefix(name, "riskgate_") {
			t.Errorf("%s is a %s", name, f.GetType())
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if v := l.GetValue(); !configured[v] && tells(v) {
					t.Errorf("%s{%s=%q} tells of a caller", name, l.GetName(), v)
				}
			}
		}
	}
}

// tells reports whether a label value holds an address, a path, or the name of a
// caller.
func tells(v string) bool {
	_, err := netip.ParseAddr(v)
	return err == nil || strings.ContainsAny(v, "/:") || strings.Contains(v, secretUser) ||
		strings.Contains(v, secretPath) || strings.Contains(v, "forged") || v == "shop"
}

func TestHealthAndReadiness(t *testing.T) {
	s := newSite(t).start()
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := s.admin(http.MethodGet, path); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if got := debug.SetMemoryLimit(-1); got != 256<<20 {
		t.Errorf("the memory limit of the process is %d, want that of the configuration", got)
	}
}
