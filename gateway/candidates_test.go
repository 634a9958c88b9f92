package gateway

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/riskgate/riskgate/risk"
)

func TestOperatorsSeeWhatCandidatesSay(t *testing.T) {
	s := newSite(t)
	s.configure(parts{risk: "mode: shadow, candidates: [{name: watch, classes: {normal: {monitor: 0}}}, {name: same}]"})
	s.start()
	for range 20 {
		s.want("/items/1", http.StatusOK)
	}
	var got struct {
		Hash       string `json:"config_hash"`
		Candidates []struct {
			Name      string
			Hash      string `json:"config_hash"`
			Decisions int64
			Changed   int64
			Matrix    map[string]map[string]int64
		}
	}
	status, body := s.admin("GET", "/-/candidates")
	if err := json.Unmarshal([]byte(body), &got); status != http.StatusOK || err != nil || len(got.Candidates) != 2 {
		t.Fatalf("%d %v\n%s", status, err, body)
	}
	watch, same := got.Candidates[0], got.Candidates[1]
	if watch.Name != "watch" || watch.Decisions != 20 || watch.Changed != watch.Matrix["allow"]["monitor"] || watch.Changed == 0 ||
		same.Decisions != 20 || same.Changed != 0 || len(got.Hash) != 16 || watch.Hash == got.Hash {
		t.Errorf("%s", body)
	}
	f := s.families()["riskgate_risk_candidate_decisions_total"]
	if n := value(t, f, "candidate=watch,candidate_action=monitor,enforced=allow"); n != float64(watch.Changed) {
		t.Errorf("the metric says %g, the matrix %d", n, watch.Changed)
	}
	// the record that explains decisions is that of the section in force
	plain := s.Config().Risk
	plain.Candidates = nil
	if a, b := risk.New(plain).Hash(), risk.New(s.Config().Risk).Hash(); a != b {
		t.Errorf("hash %x with candidates, %x without", b, a)
	}
	s.configure(parts{})
	s.reload()
	if _, body := s.admin("GET", "/-/candidates"); body != `{"config_hash":"`+got.Hash+`","candidates":[]}`+"\n" {
		t.Errorf("after they were taken out: %s", body)
	}
}
