package geo

import (
	"math"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// Great-circle distances, from the coordinates of airports as published.
func TestDistance(t *testing.T) {
	f := func(lat1, lon1, lat2, lon2, want float64) {
		t.Helper()
		if got := Distance(lat1, lon1, lat2, lon2); math.Abs(got-want) > 0.005*want+0.001 {
			t.Errorf("%g %g to %g %g: %.0f km, want %.0f", lat1, lon1, lat2, lon2, got, want)
		}
	}
	f(40.6413, -73.7781, 51.4700, -0.4543, 5540) // JFK to LHR
	f(52.5, 13.4, 52.5, 13.4, 0)
	f(0, 0, 0, 180, math.Pi*6371)
	f(90, 0, -90, 0, math.Pi*6371)
	f(0, 179.5, 0, -179.5, 111.2)
}

func traveled(km, radii, seconds float64, softened bool) models.Evidence {
	var f models.Features
	f.Set(models.TravelDistance, km)
	f.Set(models.TravelRadii, radii)
	f.Set(models.TravelElapsed, seconds)
	if softened {
		f.Set(models.TravelSoftened, 1)
	}
	return travel(&f)
}

func TestTravel(t *testing.T) {
	f := func(name string, e models.Evidence, want float64) {
		t.Helper()
		if math.Abs(e.Lambda-want) > 1e-6 {
			t.Errorf("%s: %g, want %g", name, e.Lambda, want)
		}
	}
	f("a plane", traveled(5550, 0, 11*3600, false), 0)
	f("exactly half way up the scale", traveled(1300, 0, 3600, false), 2)
	f("nobody flies so fast", traveled(9000, 0, 3600, false), 4)
	f("the same from a VPN", traveled(9000, 0, 3600, true), 1)
	f("inside both radii", traveled(900, 850, 60, false), 0)
	f("less than 100 km beyond them", traveled(240, 100, 1, false), 0)
	f("at once: a minute is assumed", traveled(160, 0, 0, false), 4)
}

func TestInfrastructureIsAHitByItsOdds(t *testing.T) {
	f := func(net, dev float64, want models.State) {
		t.Helper()
		var in models.Features
		in.Set(models.NetOdds, net)
		in.Set(models.DevOdds, dev)
		if got := infrastructure(&in, 5).State; got != want {
			t.Errorf("odds %g and %g: %s, want %s", net, dev, got, want)
		}
	}
	f(1, 1, models.Clean)
	f(2.7, 2.7, models.Clean)
	f(2.72, 1, models.Hit)
	f(1, 2.72, models.Hit)
}

// Where many honest callers seem to travel like that, it says little.
func TestTravelByItsHazard(t *testing.T) {
	f := func(leap, want float64) {
		t.Helper()
		var m models.Features
		m.Flags = models.IsLook
		m.Set(models.TravelDistance, 8000)
		m.Set(models.TravelElapsed, 3600)
		m.Set(models.TravelHazard, leap)
		if got := travel(&m).Lambda; math.Abs(got-want) > 1e-3 {
			t.Errorf("a leap in %g of the looks from new networks: %g nats, want %g", leap, got, want)
		}
	}
	f(0, 4) // of the first model
	f(1.0/61, 4)
	f(0.3, math.Log(3))
	f(0.95, 0)
}
