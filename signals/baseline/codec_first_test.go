package baseline

import (
	"encoding/hex"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// firstEvents are the forty days of which testdata/profile-v1.hex was learned by a
// build that wrote version 1.
func firstEvents() (list []*models.Event) {
	r := rand.New(rand.NewPCG(31, 32))
	for i := range uint32(3000) {
		ev := success(t0 + i*1200)
		ev.Observed.Address, ev.Observed.Network = r.Uint32N(9)+1, r.Uint32N(4)+1
		ev.Observed.Object, ev.Observed.ObjectSeq = r.Uint32N(50), int64(r.IntN(50))
		ev.Observed.Place = models.Place{Latitude: 52.5, Longitude: 13.4, Radius: 20, HasLocation: true}
		ev.Status = []int{200, 200, 302, 404}[r.IntN(4)]
		ev.Assessment.Score = 25 * r.Float64()
		if ev.Passed = i == 2000; i > 1000 {
			ev.Features.Set(models.TokenStatus, models.TokenValid)
			ev.Observed.DeviceToken = 77
		}
		list = append(list, ev)
	}
	return list
}

// A profile that an earlier build stored is read as what this build learns from
// the same events, but for what the earlier one did not keep, and for the weights,
// which it let fade faster.
func TestProfileOfTheFirstVersion(t *testing.T) {
	text, err := os.ReadFile("testdata/profile-v1.hex")
	if err != nil {
		t.Fatal(err)
	}
	old, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	var was, is Profile
	if err := was.UnmarshalBinary(old); err != nil {
		t.Fatal(err)
	}
	for _, ev := range firstEvents() {
		Learn(&is, ev)
	}
	for _, slots := range [][]Slot{was.Own.Network[:], was.Own.Device[:], is.Own.Network[:], is.Own.Device[:]} {
		for i := range slots {
			if slots[i].Weight < 0 || (slots[i].Fine == 0) != (slots[i].Weight == 0) {
				t.Errorf("slot %d: %+v", i, slots[i])
			}
			slots[i].Weight = 0
			if !slots[i].young(was.Own.At) { // the earlier one forgot it after a week
				slots[i].Born = 0
			}
		}
	}
	if was.Own.Network != is.Own.Network || was.Own.Device != is.Own.Device || was.Own.Probation != is.Own.Probation ||
		was.Own.Hours != is.Own.Hours || was.Own.Location != is.Own.Location {
		t.Errorf("tables differ: %+v\n%+v", was.Own, is.Own)
	}
	if a, b := &was.Own, &is.Own; a.At != b.At || a.First != b.First || a.Last != b.Last || a.TokenAt != b.TokenAt ||
		a.Successes != b.Successes || a.Days != b.Days || a.Passed != 1 || a.Failed != b.Failed {
		t.Errorf("counts differ: %+v\n%+v", a, b)
	}
	near := func(name string, x, y, within float64) {
		t.Helper()
		if !(math.Abs(x-y) <= within) || x == 0 {
			t.Errorf("%s: %g was stored, %g is learned", name, x, y)
		}
	}
	for i := range was.Own.Novelty.Share {
		w, n := was.Own.Novelty.at(i), is.Own.Novelty.at(i)
		if n.N > 0 {
			near("looks", float64(w.N), float64(n.N), 0.005*float64(n.N))
		}
		if n.K > 0 {
			near("novelty", float64(w.K), float64(n.K), 0.005*float64(n.K))
		}
	}
	l, m := &was.Local, &is.Local
	near("minute", l.MinuteMean.Float(), m.MinuteMean.Float(), 0.01)
	near("hour", l.HourMean.Float(), m.HourMean.Float(), 0.01)
	near("anchor", l.HourAnchor.Float(), m.HourAnchor.Float(), 0.06)
	near("objects", l.ObjectsMean.Float(), m.ObjectsMean.Float(), 0.01)
	near("rate", float64(l.Hour), float64(m.Hour), 0)
	if l.RateSamples != m.RateSamples || l.ObjectSample != m.ObjectSample || l.PeakHour != m.PeakHour ||
		l.Objects != m.Objects || l.Classes != m.Classes&^activeToday || l.GlobalHour != m.GlobalHour {
		t.Errorf("hours differ: %+v\n%+v", l, m)
	}
	for cut := range len(old) {
		if was.UnmarshalBinary(old[:cut]) == nil {
			t.Fatalf("cut to %d bytes it is read", cut)
		}
	}
	copy(old[len(old)-15-14*4:], []byte{0, 0, 0xc0, 0x7f})
	if was.UnmarshalBinary(old) == nil || was != (Profile{}) {
		t.Error("weights that are no numbers are read")
	}
}

// Builds that wrote versions 2 and 3 kept how often coarser levels were tried, which
// follows from the finer ones.
func TestProfileOfLaterVersions(t *testing.T) {
	text, err := os.ReadFile("testdata/profile-v3.hex")
	if err != nil {
		t.Fatal(err)
	}
	third, err := hex.DecodeString(string(text))
	if err != nil {
		t.Fatal(err)
	}
	want := randomProfile(rand.New(rand.NewPCG(3, 3))) // as it was stored
	want.Local.Sessions = [MaxSessions]Session{}
	var p Profile
	if err := p.UnmarshalBinary(third); err != nil || p != want {
		t.Errorf("version 3: %v, %+v\nwant %+v", err, p, want)
	}
	second := append([]byte{2}, third[1:len(third)-4]...)
	want.Local.Daily.Longest, want.Local.RunTop = 0, 0 // not kept
	want.Local.setRefusedShare(want.Local.RefusedMean.Float(), want.Local.RefusedVar.Float())
	if err := p.UnmarshalBinary(second); err != nil || p != want {
		t.Errorf("version 2: %v, %+v\nwant %+v", err, p, want)
	}
	own := third[:contributionSizes[3]]
	for _, version := range []byte{2, 3} {
		var c Contribution
		if err := c.UnmarshalBinary(append([]byte{version}, own[1:]...)); err != nil || c != want.Own {
			t.Errorf("contribution of version %d: %v", version, err)
		}
		if c.UnmarshalBinary(append([]byte{version}, own[1:len(own)-1]...)) == nil {
			t.Errorf("a contribution of version %d that is cut short is read", version)
		}
	}
}
