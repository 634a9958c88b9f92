package pipeline

import (
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

func TestAFindingIsNewsOncePerSubjectAndInterval(t *testing.T) {
	f, at := newFindings(), time.Unix(1_800_000_000, 0)
	ada, bob := models.Pseudonym{1, 2, 3, 4, 5, 6, 7, 8}, models.Pseudonym{9, 8, 7, 6, 5, 4, 3, 2}
	for _, c := range []struct {
		who     models.Pseudonym
		finding string
		after   time.Duration
		want    bool
	}{
		{ada, "no_step_up", 0, true},
		{ada, "no_step_up", time.Second, false},
		{ada, "actor_risk_high", time.Second, true},
		{bob, "no_step_up", time.Second, true},
		{ada, "no_step_up", findingEvery - time.Second, false},
		{ada, "no_step_up", findingEvery, true},
		{ada, "no_step_up", findingEvery + time.Second, false},
	} {
		if got := f.news(c.who, c.finding, at.Add(c.after)); got != c.want {
			t.Errorf("%s about %x after %s: news %v, want %v", c.finding, c.who[:1], c.after, got, c.want)
		}
	}
}
