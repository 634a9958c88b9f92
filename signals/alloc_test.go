//go:build !race

package signals

import (
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

func TestCollectAndObserveAllocate(t *testing.T) {
	g, ada, at := settled(t)
	g.c.SetLocation(gateway)
	token, _ := g.c.IssueToken(nil, g.collect(ada, shot{at: at, addr: home, agent: firefox, ja4: ja4}))
	f := func(name string, id *models.Identity, s shot) {
		t.Helper()
		s.path = "/v1/items/17"
		view, route := s.view(), NewRouteFacts("r", "/v1/items/{id}", models.Normal)
		ev := &models.Event{}
		step := 0
		n := testing.AllocsPerRun(200, func() {
			step++
			ev.Reset()
			view.Time = s.at.Add(time.Duration(step) * time.Minute)
			ev.Time, ev.Client, ev.Status = view.Time, view.Client, 200
			if id != nil {
				ev.Pseudonym, ev.Subject, ev.Identity = id.Pseudonym, id.Subject.Kind, id
			}
			g.c.Collect(view, id, &route, ev)
			g.c.Observe(ev)
		})
		if n != 0 {
			t.Errorf("%s: Collect and Observe allocate %v times per request, want 0", name, n)
		}
	}
	f("a user", ada, shot{at: at, addr: home, agent: firefox, ja4: ja4, rtt: rtt(time.Millisecond, time.Second)})
	f("with a device token", ada, shot{at: at, addr: home, agent: firefox, ja4: ja4, cookie: string(token)})
	f("a machine client", machine("billing"), shot{at: at, addr: home, agent: "curl/8.1"})
	f("an anonymous caller", nil, shot{at: at, addr: home, agent: firefox, ja4: ja4})
}
