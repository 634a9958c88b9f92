package siege

import (
	"math"
	"testing"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
)

// A flood of high scores moves thresholds by no more than the few sessions an hour
// that count: by one account of the attacker's at most by five steps. If each of
// its requests counted, it would move them as far as they go.
func TestAFloodMovesNoThreshold(t *testing.T) {
	w := traffic.NewWorld(traffic.WorldA, 4, start, traffic.Size{Users: floodUsers, Days: 60})
	all, err := Floods(config(w), Flood{Requests: floodRequests, Over: 4 * time.Hour, Accounts: 1, Budget: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		t.Logf("%+v", f)
		if f.Attacks == 0 || f.Before.Sessions == 0 || f.After.Sessions == 0 || (f.Flood == "none") != (f.Requests == 0) {
			t.Errorf("%+v, want sessions on both sides and attacks", f)
		}
	}
	fixed, calm, fresh, known := all[0], all[1], all[2], all[3]
	if fixed.Requests != floodRequests || fixed.ShiftEnd != 0 || calm.ShiftBefore != known.ShiftBefore {
		t.Errorf("thresholds that stay moved by %g; before the flood they stand at %g and %g", fixed.ShiftEnd, calm.ShiftBefore, known.ShiftBefore)
	}
	if fresh.Counted != 0 || fresh.ShiftAfter != calm.ShiftAfter {
		t.Errorf("%d requests of new accounts counted, thresholds at %g and without a flood at %g", fresh.Counted, fresh.ShiftAfter, calm.ShiftAfter)
	}
	const step = 0.5 / 10 // of the first session; later ones move less
	if d := math.Abs(known.ShiftAfter - calm.ShiftAfter); known.Counted > 5 || d > 5*step {
		t.Errorf("%d requests counted and moved the thresholds by %g nats, want at most 5 and %g", known.Counted, d, 5*step)
	}
	if known.High < floodRequests/4 || known.ShiftAll != 1 {
		t.Errorf("%d high scores would move the thresholds to %g if they counted, want 1: the flood is none", known.High, known.ShiftAll)
	}
}
