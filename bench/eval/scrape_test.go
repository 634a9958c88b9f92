package eval

import (
	"fmt"
	"testing"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
)

// Who takes everything on his own account, one request in forty seconds for a day,
// from his own network and device, with his own token: at least four in five are
// caught, and what else the month held is not touched.
func TestSlowScrapeOnTheOwnAccount(t *testing.T) {
	const days, thieves = 28, 15
	g := newGate(t)
	last := map[string]traffic.Event{}
	w := traffic.Config{Seed: 7, Start: start, Days: days, Users: 60, Machines: 2, Everyone: true}
	honest, alarms := map[subjectDay]bool{}, map[subjectDay]bool{}
	Run(w, g, func(e *traffic.Event, ev *models.Event) {
		day := subjectDay{e.Person, e.Time.YearDay()}
		honest[day] = true
		if ev.Evidence[models.SlowScrape].State == models.Hit {
			alarms[day] = true
		}
		if e.Label == traffic.Honest && e.Credential == models.JWT && ev.Denial == "" {
			last[e.Person] = *e
		}
	})
	caught, requests := 0, 0
	for i := range thieves {
		e, ok := last[fmt.Sprintf("user-%d", i)]
		if !ok {
			t.Fatalf("user-%d was never seen", i)
		}
		if at := scrape(g, &e, start.AddDate(0, 0, days)); at > 0 {
			caught++
			requests += at
		}
	}
	t.Logf("%d of %d caught, on average at request %d; slow_scrape a hit on %d of %d honest subject-days",
		caught, thieves, requests/max(1, caught), len(alarms), len(honest))
	if 1000*len(alarms) > len(honest) {
		t.Errorf("slow_scrape is a hit on %d of %d honest subject-days, want one in a thousand", len(alarms), len(honest))
	}
	if 5*caught < 4*thieves {
		t.Errorf("%d of %d caught, want four in five", caught, thieves)
	}
}

type subjectDay struct {
	person string
	day    int
}

// scrape returns at which request of a day somebody is caught, 0: not at all.
func scrape(g *Gate, e *traffic.Event, from time.Time) int {
	e.Route, e.Method, e.Status, e.Class = "orders.read", "GET", 200, models.Normal
	for i := range 24 * 90 {
		e.Time = from.Add(time.Duration(i) * 40 * time.Second)
		e.Object = int64(100_000 + 1_000*i + i*i%977)
		e.Path = fmt.Sprintf("/v1/orders/%d", e.Object)
		ev := g.Serve(e, false)
		if ev.Denial != "" || ev.Assessment.Refill <= 1.0/16 {
			return i + 1
		}
	}
	return 0
}
