package rival

import (
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals"
	"github.com/riskgate/riskgate/signals/baseline"
)

// What a request costs once it was observed: its evidence, the score, and what is
// learned from it.
func BenchmarkScoreAndLearnLook(b *testing.B)     { benchmarkScoreAndLearn(b, true) }
func BenchmarkScoreAndLearnOrdinary(b *testing.B) { benchmarkScoreAndLearn(b, false) }

func benchmarkScoreAndLearn(b *testing.B, look bool) {
	o := open(b, Config{Tokens: true})
	e := signIn("u1", "10.0.0.77", 1, mac)
	e.Time, e.CredentialID = habit(o, 8), "next"
	var out [1]float32
	o.Score(e, out[:])
	if !look { // the second request of the same session
		o.Learn(e)
		e.Time = e.Time.Add(time.Second)
		o.Score(e, out[:])
	}
	ev := &o.event
	if ev.Features.Has(models.IsLook) != look {
		b.Fatal("not the request that was to be measured")
	}
	ev.Status = e.Status
	var p baseline.Profile
	baseline.Learn(&p, ev)
	b.ReportAllocs()
	for b.Loop() {
		signals.Evaluate(&ev.Features, &ev.Evidence)
		o.engine.Assess(&ev.Features, &ev.Evidence, ev.Class, &ev.Assessment)
		if look { // of another session each time
			ev.Time = ev.Time.Add(time.Hour)
		}
		baseline.Learn(&p, ev)
	}
}
