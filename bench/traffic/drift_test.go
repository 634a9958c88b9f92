package traffic

import "testing"

// Until the world drifts it is the world that does not; from then on more people
// are on the move and behind a VPN, and their browsers are newer.
func TestDrift(t *testing.T) {
	calm := NewWorld(WorldA, 5, start, Size{Users: 2000, Days: 100})
	calm.Attacks = nil
	drifts := calm
	drifts.Drift = 60
	type habits struct{ logins, carrier, vpn float64 }
	var was, is habits
	for now, h := range map[*Config]*habits{&calm: &was, &drifts: &is} {
		for e := range now.Events() {
			if e.Time.Before(start.AddDate(0, 0, 60)) {
				continue
			}
			h.logins++
			switch b := blockOf(e.Address); {
			case b.kind == mobileKind:
				h.carrier++
			case b.classes != 0:
				h.vpn++
			}
		}
	}
	same, events := 0, map[int]Event{}
	for e := range calm.Events() {
		events[e.Row] = *e
	}
	for e := range drifts.Events() {
		if e.Time.Before(start.AddDate(0, 0, 60)) {
			if *e != events[e.Row] {
				t.Fatalf("row %d before the drift: %+v, want %+v", e.Row, *e, events[e.Row])
			}
			same++
		}
	}
	t.Logf("%d logins the same, then %+v instead of %+v", same, is, was)
	if same == 0 || is.logins != was.logins || is.carrier < 1.2*was.carrier || is.vpn < 2*was.vpn {
		t.Errorf("%d logins the same, then %+v instead of %+v: want more on carriers and VPNs", same, is, was)
	}
	s := slot{seed: 11}
	if v, w := s.version(drifts.aged(99)), s.version(calm.aged(99)); v < w+1 {
		t.Errorf("version %d instead of %d after 39 days at three times the pace", v, w)
	}
}
