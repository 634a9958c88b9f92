package tune

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// scores are n values of so many callers, without ties in tenths at the top.
func scores(n, callers int, r *rand.Rand) *Values {
	v := new(Values)
	for i := range n {
		v.Add(uint32(i%callers), 10+min(89, r.ExpFloat64()*8))
	}
	return v
}

// The plain definition: the lowest tenth that few enough reach.
func TestThresholdIsTheLowestThatKeepsTheBudget(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		v := scores(3000+r.IntN(2000), 100, r)
		budget := 0.005 + r.Float64()/50
		got, err := v.Threshold(budget, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		want := 0.0
		for tenth := range 1001 {
			above := 0
			for _, s := range v.scores {
				if s >= float64(tenth)/10 {
					above++
				}
			}
			if want = float64(tenth) / 10; float64(above) <= budget*float64(v.Len()) {
				if above != got.Above {
					t.Errorf("%d above, want %d", got.Above, above)
				}
				break
			}
		}
		if got.Threshold != want || got.Share() > budget || got.Low > got.Threshold || got.High < got.Threshold {
			t.Errorf("%+v, want %g for %g", got, want, budget)
		}
	}
}

func TestThresholdHasAFloor(t *testing.T) {
	v := scores(5000, 100, rand.New(rand.NewPCG(3, 4)))
	got, err := v.Threshold(0.5, 42, 1)
	if err != nil || got.Threshold != 42 || got.Low != 42 || got.High < 42 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestTooFewAreRefused(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, v := range []*Values{new(Values), scores(1999, 100, r), scores(5000, LeastSubjects-1, r)} {
		if _, err := v.Threshold(0.005, 0, 1); !errors.Is(err, ErrTooFew) {
			t.Errorf("%d of %d callers: %v", v.Len(), v.Subjects(), err)
		}
	}
	if _, err := scores(2000, LeastSubjects, r).Threshold(0.005, 0, 1); err != nil || Needed(0.005) != 2000 {
		t.Errorf("%v, needed %d", err, Needed(0.005))
	}
	full := new(Values)
	for i := range 5000 {
		full.Add(uint32(i%50), 100)
	}
	if _, err := full.Threshold(0.005, 0, 1); !errors.Is(err, ErrUnreachable) {
		t.Errorf("%v, want no threshold", err)
	}
}

// Callers are resampled whole: where scores are a habit of callers the interval is
// wide, where they are not it is narrow.
func TestIntervalIsClusteredByCaller(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	habit, chance := new(Values), new(Values)
	all := make([]float64, 0, 8000)
	for caller := range uint32(80) {
		own := 10 + r.Float64()*60
		for range 100 {
			s := own + r.Float64()
			habit.Add(caller, s)
			all = append(all, s)
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i, s := range all {
		chance.Add(uint32(i%80), s)
	}
	a, err1 := habit.Threshold(0.05, 0, 9)
	b, err2 := chance.Threshold(0.05, 0, 9)
	if err1 != nil || err2 != nil || a.Threshold != b.Threshold {
		t.Fatalf("%+v %v, %+v %v", a, err1, b, err2)
	}
	if a.High-a.Low < 3*(b.High-b.Low) {
		t.Errorf("a habit: %g to %g, chance: %g to %g", a.Low, a.High, b.Low, b.High)
	}
	again, _ := habit.Threshold(0.05, 0, 9)
	other, _ := habit.Threshold(0.05, 0, 10)
	if again != a || other.Threshold != a.Threshold {
		t.Errorf("%+v, again %+v, with another seed %+v", a, again, other)
	}
}

// In about 95 of 100 worlds the interval holds the true threshold; of 60 worlds at
// least 50 must.
func TestIntervalHoldsTheTruth(t *testing.T) {
	const budget = 0.02
	truth := 10 - 8*math.Log(budget) // of the exponential distribution
	held := 0
	for world := range uint64(60) {
		v := scores(5000, 100, rand.New(rand.NewPCG(world, 11)))
		got, err := v.Threshold(budget, 0, world)
		if err != nil {
			t.Fatal(err)
		}
		if got.Low <= truth+0.1 && truth <= got.High {
			held++
		}
	}
	if held < 50 {
		t.Errorf("the truth is in %d of 60 intervals", held)
	}
}

func TestSessions(t *testing.T) {
	var s Sessions
	s.Add(1, models.Normal, 0, 10)
	s.Add(2, models.Normal, 1, 50)
	s.Add(1, models.Normal, Pause, 30)
	s.Add(1, models.Admin, Pause, 70)
	s.Add(1, models.Normal, 2*Pause, 20)
	s.Add(1, models.Normal, 3*Pause+1, 11)
	by := s.Close()
	got := slices.Sorted(slices.Values(by[models.Normal].scores))
	if want := []float64{11, 30, 50}; !slices.Equal(got, want) || by[models.Admin].Len() != 1 || by[models.Normal].Subjects() != 2 {
		t.Errorf("%v, want %v; %d of %d callers", got, want, by[models.Admin].Len(), by[models.Normal].Subjects())
	}
}
