package signals

import (
	"testing"

	"github.com/riskgate/riskgate/models"
)

// Who comes from the same place for weeks is expected to go on like that, unless
// everybody's novelty is asked for alone.
func TestPersonalNovelty(t *testing.T) {
	g := newGate(t, earth, nil)
	id := user("ada")
	at := g.live(id, day0, 30, shot{addr: home, agent: firefox})
	next := shot{at: at, addr: munich, agent: firefox, path: "/v1/items/17"}
	f := g.collect(id, next).Features
	if own, all := f.Get(models.NetNovelty1), f.Get(models.NetHazard1); own >= all {
		t.Errorf("expected novelty %g, of everybody %g, want less of who never moves", own, all)
	}
	g.c.crowd = true
	f = g.collect(id, next).Features
	for i := range models.Feature(3) {
		if f.Get(models.NetNovelty1+i) != f.Get(models.NetHazard1+i) || f.Get(models.DevNovelty1+i) != f.Get(models.DevHazard1+i) {
			t.Errorf("level %d: novelty %g and %g, of everybody %g and %g", i+1, f.Get(models.NetNovelty1+i), f.Get(models.DevNovelty1+i),
				f.Get(models.NetHazard1+i), f.Get(models.DevHazard1+i))
		}
	}
}
