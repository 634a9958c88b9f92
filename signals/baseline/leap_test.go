package baseline

import (
	"math"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// journey is a look from an ASN new to the subject, so many km from the last one
// and an hour later.
func journey(at uint32, km float64) *models.Event {
	ev := lookAt(at, 5)
	ev.Features.Set(models.NetTotal, 10)
	ev.Features.Set(models.NetWeight2, 0)
	ev.Features.Set(models.TravelDistance, km)
	ev.Features.Set(models.TravelElapsed, 3600)
	ev.Features.Set(models.SinceLook, 60)
	return ev
}

func TestLeapsAreCountedByThePauseBefore(t *testing.T) {
	w := NewWorld()
	leap := func(gap float64) float64 {
		o := lookAt(t0, 5).Observed
		return w.Norms(&Query{Observed: &o, Gap: gap, Now: t0 + 200}).Leap
	}
	if got := leap(3600); math.Abs(got-1.0/61) > 1e-12 {
		t.Errorf("before any was seen: %g, want 1/61", got)
	}
	for i := range uint32(200) {
		km := 10.0
		if i%2 == 0 {
			km = 8000
		}
		w.Learn(journey(t0+i, km), SourceKeys{}, true)
		known := journey(t0+i, 8000)
		known.Features.Set(models.NetWeight2, 1)
		w.Learn(known, SourceKeys{}, true) // of a usual ASN
		nowhere := journey(t0+i, 8000)
		nowhere.Features.Flags |= models.MissingLocation
		w.Learn(nowhere, SourceKeys{}, true)
	}
	if got, want := leap(3600), 101.0/261; math.Abs(got-want) > 1e-3 {
		t.Errorf("a hundred of two hundred: %g, want %g", got, want)
	}
	if got := leap(30); math.Abs(got-1.0/61) > 1e-12 {
		t.Errorf("after another pause: %g, want what is expected", got)
	}
	w.t.rescale(t0 + 200)
	if got, want := leap(3600), 101.0/261; math.Abs(got-want) > 1e-3 {
		t.Errorf("on another scale: %g, want %g", got, want)
	}
}

func TestSpeed(t *testing.T) {
	var f models.Features
	f.Set(models.TravelDistance, 1150)
	f.Set(models.TravelRadii, 100)
	f.Set(models.TravelElapsed, 1800)
	if v, d := Speed(&f); v != 2000 || d != 1000 {
		t.Errorf("%g km/h over %g km, want 2000 over 1000", v, d)
	}
	f.Set(models.TravelElapsed, 0)
	if v, _ := Speed(&f); v != 60_000 {
		t.Errorf("at once: %g km/h, want as in a minute", v)
	}
	f.Set(models.TravelDistance, 240)
	if v, d := Speed(&f); v != 0 || d != 0 {
		t.Errorf("90 km: %g km/h over %g km, want nothing", v, d)
	}
}

const machineHazards = 2 * Levels * GapBuckets * 16 // bytes

// A world that an earlier build stored has no leaps, and everything else.
func TestWorldOfTheFirstVersion(t *testing.T) {
	w := randomWorld(300)
	first := w.AppendBinary(nil)
	first = first[:len(first)-2*GapBuckets*16-machineHazards]
	first[0] = 1
	var got World
	if err := got.UnmarshalBinary(first); err != nil {
		t.Fatal(err)
	}
	w.t.Habits[people].Leaps = [GapBuckets]trials{}
	w.t.Habits[machines] = w.t.Habits[people]
	if string(got.AppendBinary(nil)) != string(w.AppendBinary(nil)) {
		t.Error("something else was lost")
	}
}

// Machine clients never fail: if they counted, everybody else would look bad.
func TestMachinesHaveNoPartInReputation(t *testing.T) {
	w := NewWorld()
	for i := range uint32(500) {
		ev := lookAt(t0+i, 9)
		ev.Features.Flags |= models.IsMachine
		w.Learn(ev, SourceKeys{Address: 9, Network: 3}, true)
	}
	if w.t.Attempts != 0 || w.t.Sources.find(3) != nil {
		t.Errorf("%d attempts counted", w.t.Attempts)
	}
	if w.t.Total == 0 {
		t.Error("what they showed is no part of the world's shares")
	}
}

// Machine clients look in every hour and change nothing: beside many of them a person
// who does is no rarity, and what people show does not make that of machines rare.
func TestKindsAreApart(t *testing.T) {
	w, alone := NewWorld(), NewWorld()
	for i := range uint32(2000) {
		person := lookAt(t0+i, i%50)
		person.Features.Set(models.NetTotal, 3)
		person.Features.Set(models.SinceLook, 60)
		w.Learn(person, SourceKeys{}, true)
		alone.Learn(person, SourceKeys{}, true)
		machine := lookAt(t0+i, 1000)
		machine.Features.Flags |= models.IsMachine
		machine.Features.Set(models.NetTotal, 3)
		machine.Features.Set(models.NetWeight1, 1)
		machine.Features.Set(models.SinceLook, 60)
		w.Learn(machine, SourceKeys{}, true)
	}
	q := Query{Observed: &lookAt(t0, 7).Observed, Gap: 3600, Now: t0 + 2000}
	got, want := w.Norms(&q), alone.Norms(&q)
	if got.NetHazard != want.NetHazard || got.DevHazard != want.DevHazard || got.NetHazard[0] < 0.9 {
		t.Errorf("beside machines %+v, want %+v", got, want)
	}
	q = Query{Observed: &lookAt(t0, 1000).Observed, Gap: 3600, Now: t0 + 2000, Machine: true}
	if n := w.Norms(&q); n.NetHazard[0] > 0.01 {
		t.Errorf("of machines %+v", n)
	}
	second := w.AppendBinary(nil)
	second = second[:len(second)-GapBuckets*16-machineHazards]
	second[0] = 2
	var old World
	if err := old.UnmarshalBinary(second); err != nil {
		t.Fatal(err)
	}
	q.Observed = &lookAt(t0, 7).Observed
	if n := old.Norms(&q); n.NetHazard != want.NetHazard {
		t.Errorf("of a world before, machines have %+v, want what all did", n)
	}
}

// Who has little history is not measured against it as strictly as who has much.
func TestAlphaOf(t *testing.T) {
	f := models.Features{Flags: models.SecondModel}
	for total, want := range map[float64]float64{0: 0.5, 1: 0.3, 2: 0.1, 50: 0.1} {
		if got := AlphaOf(&f, total); math.Abs(got-want) > 1e-12 {
			t.Errorf("history of %g: %g, want %g", total, got, want)
		}
	}
	if got := AlphaOf(new(models.Features), 50); got != 0.5 {
		t.Errorf("in the first model %g, want 0.5", got)
	}
}
