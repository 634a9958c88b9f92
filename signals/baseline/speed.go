package baseline

import "github.com/riskgate/riskgate/models"

const (
	travelSlack  = 50.0  // km that databases are off beyond their radius
	travelLeast  = 100.0 // km below which nothing is said
	leastElapsed = 60.0  // seconds
	leapSpeed    = 1250  // km/h from which on a journey is impossible
)

// Speed returns how fast, in km/h, and how far, in km beyond what the databases may
// be off, the subject traveled since its last look with a location; 0 and 0 for less
// than 100 km.
func Speed(f *models.Features) (speed, distance float64) {
	distance = f.Get(models.TravelDistance) - f.Get(models.TravelRadii) - travelSlack
	if distance < travelLeast {
		return 0, 0
	}
	return distance / (max(f.Get(models.TravelElapsed), leastElapsed) / 3600), distance
}
