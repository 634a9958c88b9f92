package geo

import (
	"math"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

const (
	travelSlack  = 50.0  // km that databases are off beyond their radius
	travelLeast  = 100.0 // km below which nothing is said
	travelUsual  = 500.0 // km/h that are no news
	travelRange  = 1500.0
	travelNats   = 4.0
	travelSoft   = 0.25
	leastElapsed = 60.0 // seconds
)

// travel judges the speed between the last look and this one.
func travel(f *models.Features) models.Evidence {
	if f.Has(models.BaselineMissing) || f.Has(models.MissingLocation) {
		return baseline.Silent(models.Unavailable)
	}
	distance := f.Get(models.TravelDistance) - f.Get(models.TravelRadii) - travelSlack
	if distance < travelLeast {
		return baseline.SayLook(f, 0)
	}
	hours := max(f.Get(models.TravelElapsed), leastElapsed) / 3600
	speed := distance / hours
	lambda := travelNats * min(1, max(0, (speed-travelUsual)/travelRange))
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
