package geo

import (
	"math"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

const (
	travelUsual = 500.0 // km/h that are no news
	travelRange = 1500.0
	travelNats  = 4.0
	travelSoft  = 0.25
	leapByThief = 0.9 // share of impossible journeys among attacks from a new network
)

// travel judges the speed v in km/h between the last look and this one, over the
// great circle beyond both accuracy radii and 50 km, a minute at least:
// min(4, ln(0.9/p))*clip((v-500)/1500, 0, 1), 0 to 4 nats, where p is how often honest
// callers make such journeys; a quarter where places say little; 0 for less than 100 km.
// Planes fly at 900 km/h, cities and databases are coarse. Riskgate's own; p is measured
// in ADR 16, the quarter within a country in ADR 9.
func travel(f *models.Features) models.Evidence {
	if f.Has(models.BaselineMissing) || f.Has(models.MissingLocation) {
		return baseline.Silent(models.Unavailable)
	}
	speed, distance := baseline.Speed(f)
	if distance == 0 {
		return baseline.SayLook(f, 0)
	}
	lambda := mostTravel(f) * min(1, max(0, (speed-travelUsual)/travelRange))
	if f.Get(models.TravelSoftened) != 0 {
		lambda *= travelSoft
	}
	e := baseline.SayLook(f, lambda)
	var facts baseline.Facts
	facts.Add(lambda > 0, models.FactDistance, distance)
	facts.Add(lambda > 0, models.FactSpeed, speed)
	e.Facts = facts.List()
	return e
}

// mostTravel is what an impossible journey says: less where honest callers who
// come from a new network after as long a pause have made many.
func mostTravel(f *models.Features) float64 {
	leap := f.Get(models.TravelHazard)
	if !(leap > 0) { // of the first model
		return travelNats
	}
	return min(travelNats, max(0, models.Ln(leapByThief/leap)))
}

const earthRadius = 6371.0 // km

// Distance returns the kilometers between two places given in degrees, along the
// great circle.
func Distance(lat1, lon1, lat2, lon2 float64) float64 {
	const radian = math.Pi / 180
	north := math.Sin((lat2 - lat1) * radian / 2)
	east := math.Sin((lon2 - lon1) * radian / 2)
	h := north*north + math.Cos(lat1*radian)*math.Cos(lat2*radian)*east*east
	return 2 * earthRadius * math.Asin(math.Sqrt(min(1, h)))
}
