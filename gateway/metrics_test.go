package gateway

import (
	"net/http"
	"strings"
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
