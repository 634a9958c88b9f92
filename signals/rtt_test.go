package signals

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/geo"
)

// truthRTT is the larger of both pieces of evidence, and whether either could be
// had: 2 where the round trip is shorter than light takes for the distance less
// a fifth of it, 250 km at least; and by how many factors e more than twice the
// handshake exceeds the round trip and 20 ms, 2 at most.
func truthRTT(f *models.Features) (lambda float64, known bool) {
	tcp, tls := value(f, models.RTTConnection), value(f, models.RTTHandshake)
	has := func(m models.Flag) bool { return f.Flags&m != 0 }
	if tcp == 0 || has(models.SourceRelay) || has(models.SourceTor) {
		return 0, false
	}
	if has(models.KnowsDistance) && !has(models.SourceVPN) && !has(models.SourceHosting) {
		known = true
		kilometers := value(f, models.RTTDistance)
		kilometers = math.Min(0.8*kilometers, kilometers-250)
		const perMillisecond = 200 // of light in glass
		if 2*kilometers/perMillisecond > tcp {
			lambda = 2
		}
	}
	if tls > 0 {
		known = true
		lambda = math.Max(lambda, clip(math.Log(tls)-math.Log(2*(tcp+20)), 0, 2))
	}
	return lambda, known
}

func TestRoundTripsAreTheModel(t *testing.T) {
	r := rand.New(rand.NewPCG(71, 72))
	sources := []models.Flag{0, 0, 0, models.SourceVPN, models.SourceHosting, models.SourceRelay, models.SourceTor}
	said := map[string]int{}
	for range 20000 {
		f := randomLook(r)
		f.Flags |= models.SecondModel | models.TimesAnswers | sources[r.IntN(len(sources))]
		if r.IntN(3) > 0 {
			f.Flags |= models.KnowsDistance
			f.Set(models.RTTDistance, math.Max(0, 9000*r.Float64()-1000))
		}
		if r.IntN(2) == 0 {
			f.Flags &^= models.IsLook
		}
		if r.IntN(5) > 0 {
			f.Set(models.RTTConnection, math.Exp(6*r.Float64()-1))
		}
		if r.IntN(3) > 0 {
			f.Set(models.RTTHandshake, value(f, models.RTTConnection)*math.Exp(3*r.Float64()))
		}
		var out models.EvidenceSet
		Evaluate(f, &out)
		e := out[models.RTT]
		want, known := truthRTT(f)
		switch {
		case !known:
			said["nothing"]++
			if e != (models.Evidence{State: models.Unavailable}) {
				t.Fatalf("unknown: %+v\n%+v", e, f)
			}
			continue
		case !(math.Abs(e.Lambda-want) <= 1e-6) || e.Confidence != 1 || (e.State == models.Hit) != (e.Lambda >= 0.5):
			t.Fatalf("%+v, the model says %.9g\n%+v", e, want, f)
		}
		for _, fact := range e.Facts {
			said[fact.Code.String()]++
		}
	}
	for _, what := range []string{"nothing", "none", "distance_km", "tls_delay_ms", "rtt_ms"} {
		if said[what] < 500 {
			t.Errorf("%s %d times: the test says little", what, said[what])
		}
	}
}

// gateway stands where Ada lives.
var gateway = &geo.Location{Latitude: 52.5, Longitude: 13.4}

func rtt(tcp, tls time.Duration) models.RoundTrips { return models.RoundTrips{TCP: tcp, TLS: tls} }

// What a request says in words, by where its address is and how soon it answers.
func TestRoundTripsInWords(t *testing.T) {
	const ms = time.Millisecond
	g := newGate(t, earth, nil)
	f := func(addr string, times models.RoundTrips, state models.State, words string) {
		t.Helper()
		e := g.collect(user("ada"), shot{at: day0, addr: addr, agent: firefox, rtt: times}).Evidence[models.RTT]
		got := string(models.AppendWords(nil, models.RTT, &e, 1))
		if e.State != state || got != words && words != "" || words == "" && e.Facts[0].Code != models.NoFact {
			t.Errorf("%s %v: %s %q, want %s %q", addr, times, e.State, got, state, words)
		}
	}
	f(sydney, rtt(ms, 0), models.Unavailable, "") // the gateway may stand anywhere
	f(home, rtt(10*ms, 90*ms), models.Clean, "TLS takes 80 ms longer than TCP: a proxy")
	g.c.SetLocation(gateway)
	f(sydney, rtt(0, 0), models.Unavailable, "")
	f(nowhere, rtt(ms, 0), models.Unavailable, "")
	f(home, rtt(ms, 0), models.Clean, "")
	f(munich, rtt(2400*time.Microsecond, 30*ms), models.Clean, "") // of 486 km, 236 are certain
	f(munich, rtt(2300*time.Microsecond, 30*ms), models.Hit, "answers sooner than light could travel 486 km")
	f(sydney, rtt(290*ms, 320*ms), models.Clean, "")
	f(sydney, rtt(90*ms, 0), models.Hit, "answers sooner than light could travel 16077 km")
	f(sydney, rtt(20*ms, 320*ms), models.Hit, "answers sooner than light could travel 16077 km, TLS takes 300 ms longer than TCP: a proxy")
	g.c.SetLocation(nil)
	f(sydney, rtt(ms, 0), models.Unavailable, "")
}

// Round trips are of the connection: they are judged at every request, and a
// session holds nothing of them.
func TestRoundTripsOfEachConnection(t *testing.T) {
	g, ada, at := settled(t)
	for i, s := range []struct {
		times models.RoundTrips
		want  models.State
	}{
		{rtt(10*time.Millisecond, 15*time.Millisecond), models.Clean},
		{rtt(10*time.Millisecond, 300*time.Millisecond), models.Hit},
		{rtt(0, 0), models.Unavailable},
	} {
		ev := g.send(ada, shot{at: at.Add(time.Duration(i) * time.Second), addr: home, agent: firefox, ja4: ja4, rtt: s.times})
		if ev.Evidence[models.RTT].State != s.want || ev.Features.Has(models.IsLook) != (i == 0) {
			t.Errorf("%v: %s, a look %v, want %s", s.times, ev.Evidence[models.RTT].State, ev.Features.Has(models.IsLook), s.want)
		}
	}
}

// A list that says what the source is silences what is true of every such source.
func TestRoundTripsOfKnownSources(t *testing.T) {
	g := newGate(t, earth, nil)
	g.c.SetLocation(gateway)
	for kind, want := range map[string]string{
		"listed": "distance_km,tls_delay_ms,rtt_ms", "vpn": "tls_delay_ms,rtt_ms", "hosting": "tls_delay_ms,rtt_ms", "relay": "", "tor": "",
	} {
		g.c.SetLists(listOf(t, kind, sydney))
		e := g.collect(nil, shot{at: day0, addr: sydney, agent: firefox, rtt: rtt(time.Millisecond, time.Second)}).Evidence[models.RTT]
		var facts []string
		for _, fact := range e.Facts {
			if fact.Code != models.NoFact {
				facts = append(facts, fact.Code.String())
			}
		}
		if got := strings.Join(facts, ","); got != want || (want == "") != (e.State == models.Unavailable) {
			t.Errorf("%s: %s of %q, want %q", kind, e.State, got, want)
		}
	}
}
