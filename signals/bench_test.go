package signals

import (
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

func benchmarkCollect(b *testing.B, look bool) {
	g := newGate(b, earth, nil)
	g.c.SetLocation(gateway)
	g.populate(day0.AddDate(0, 0, -3))
	id := user("ada")
	at := g.live(id, day0, 20, shot{addr: home, agent: firefox, ja4: "t13d1516h2_8daaf6152771_02713d6af862"})
	s := shot{at: at, addr: home, agent: firefox, ja4: "t13d1516h2_8daaf6152771_02713d6af862", path: "/v1/items/17", rtt: rtt(time.Millisecond, time.Second)}
	if !look {
		g.send(id, s)
	}
	view, route := s.view(), NewRouteFacts("r", "/v1/items/{id}", models.Normal)
	view.Time = at.Add(time.Second)
	ev := &models.Event{}
	b.ReportAllocs()
	for b.Loop() {
		ev.Reset()
		ev.Time, ev.Client, ev.Pseudonym, ev.Subject, ev.Identity = view.Time, view.Client, id.Pseudonym, models.User, id
		g.c.Collect(view, id, &route, ev)
	}
	if ev.Features.Has(models.IsLook) != look {
		b.Fatal("not the request that was to be measured")
	}
}

func BenchmarkCollectLook(b *testing.B)   { benchmarkCollect(b, true) }
func BenchmarkCollectInside(b *testing.B) { benchmarkCollect(b, false) }

func BenchmarkObserve(b *testing.B) {
	g := newGate(b, earth, nil)
	id := user("ada")
	at := g.live(id, day0, 20, shot{addr: home, agent: firefox})
	ev := g.collect(id, shot{at: at, addr: home, agent: firefox, path: "/v1/items/17"})
	b.ReportAllocs()
	for b.Loop() {
		g.c.Observe(ev)
	}
}

func BenchmarkEvaluateLook(b *testing.B)   { benchmarkEvaluate(b, time.Hour) }
func BenchmarkEvaluateInside(b *testing.B) { benchmarkEvaluate(b, time.Second) }

func benchmarkEvaluate(b *testing.B, after time.Duration) {
	g := newGate(b, earth, nil)
	id := user("ada")
	at := g.live(id, day0, 20, shot{addr: home, agent: firefox})
	g.send(id, shot{at: at, addr: munich, agent: firefox, path: "/v1/items/17"})
	ev := g.collect(id, shot{at: at.Add(after), addr: munich, agent: firefox, path: "/v1/items/18"})
	if ev.Features.Has(models.IsLook) != (after == time.Hour) {
		b.Fatal("not the request that was to be measured")
	}
	var out models.EvidenceSet
	b.ReportAllocs()
	for b.Loop() {
		Evaluate(&ev.Features, &out)
	}
}
