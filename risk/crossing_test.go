package risk

import (
	"testing"

	"github.com/riskgate/riskgate/models"
)

func TestCrossedTellsOnlyOfARise(t *testing.T) {
	e := New(DefaultConfig())
	high, critical := e.NatsAt(30), e.NatsAt(85)
	for _, c := range []struct {
		before, after float64
		want          Finding
	}{
		{0, high - 0.01, ""},
		{0, high + 0.01, ActorHigh},
		{high + 0.01, high + 0.5, ""}, // told already
		{high + 0.01, critical + 0.01, ActorCritical},
		{0, critical + 0.01, ActorCritical},
		{critical + 0.01, high + 0.01, ""}, // falling
	} {
		var f models.Features
		f.Set(models.ActorNats, c.before)
		a := models.Assessment{ActorScore: scoreOf(0.6*c.after - 2.2)}
		if got := e.Crossed(&f, &a, models.Normal); got != c.want {
			t.Errorf("from %g to %g nats: %q, want %q", c.before, c.after, got, c.want)
		}
	}
}
