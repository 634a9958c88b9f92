package gateway

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// A logoff holds across a reload and a restart, also on routes that the reload changes,
// and is counted.
func TestLogoffsOutliveReloadAndRestart(t *testing.T) {
	s := newSite(t)
	p := parts{risk: "mode: enforce", routes: `- {id: logoff, match: {path: "/open/logoff"}, pool: service, activity: logoff}`}
	s.configure(p)
	s.start()
	token := s.issuer.token("ada", time.Now().Add(-time.Hour))
	ask := func(path, token string, want int) {
		t.Helper()
		r := s.request(path)
		r.Header.Del("X-Api-Key")
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
		r.Header.Set("Accept-Language", "de")
		r.Header.Set("Accept", "*/*")
		if got, body := s.do(r); got != want {
			t.Fatalf("%s: %d, want %d: %s", path, got, want, body)
		}
	}
	ask("/items/1", token, http.StatusOK)
	ask("/open/logoff", token, http.StatusOK)
	ask("/items/1", token, http.StatusUnauthorized)
	s.until("the logoff", `riskgate_pipeline_activities_total{activity="logoff"} 1`)
	s.until("its session", "riskgate_logoff_sessions 1")

	s.configure(parts{risk: p.risk})
	s.reload()
	ask("/items/1", token, http.StatusUnauthorized)
	ask("/items/1", s.issuer.token("bob", time.Now()), http.StatusOK)

	s.stop()
	s.start()
	ask("/items/1", token, http.StatusUnauthorized)
	ask("/items/1", s.issuer.token("ada", time.Now()), http.StatusOK) // authenticated anew
	s.until("its session", "riskgate_logoff_sessions 1")
}

// What cannot be read is said, and the gateway starts without it.
func TestUnreadableLogoffsAreSaid(t *testing.T) {
	s := newSite(t).build()
	s.must(s.memory.PutGlobal(endedName, []byte("nothing")))
	s.stop()
	s.start()
	if !strings.Contains(s.log.String(), "which sessions were logged off before the start is lost") {
		t.Errorf("the log says\n%s", s.log)
	}
	s.want("/items/1", http.StatusOK)
}
