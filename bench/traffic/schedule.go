package traffic

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// row is one login of a world, before anybody has drawn what it shows.
type row struct {
	at     int64  // nanoseconds since the start
	person uint32 // number
	key    uint32 // of the visit, below 1<<24
	attack uint32 // serial number, 0: honest
	since  uint32 // seconds since the first login of the burst
	again  uint8  // see visit
}

const (
	visitsADay = 1.35 // logins on a day with a visit
	burst      = 0.18 // of the logins are followed by another soon
	another    = 0.11 // of the visits are followed by another on the same day
)

// weekdays are the published shares from Sunday, against the mean.
var weekdays = [7]float64{0.130 * 7, 0.148 * 7, 0.154 * 7, 0.149 * 7, 0.151 * 7, 0.143 * 7, 0.124 * 7}

// schedule returns the logins of everybody in order of time.
func (w *logins) schedule() []row {
	var rows []row
	for i := range w.people {
		rows = w.planPerson(rows, &w.people[i])
	}
	sortRows(rows)
	return rows
}

func sortRows(rows []row) {
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.person, b.person), cmp.Compare(a.again, b.again))
	})
}

func (w *logins) planPerson(rows []row, p *person) []row {
	r := w.dice.aim(planStream, uint64(p.number))
	end := int64(w.config.Days) * int64(24*time.Hour)
	key := uint32(0)
	for day := range w.config.Days {
		weekday := w.config.Start.AddDate(0, 0, day).Weekday()
		if !chance(r, math.Min(0.95, p.active)*weekdays[weekday]) {
			continue
		}
		for more := true; more; more = chance(r, another) {
			at := int64(day)*int64(24*time.Hour) + int64(p.hour(r))
			key++
			rows = appendBurst(rows, r, row{at: at, person: uint32(p.number), key: key}, end)
		}
	}
	return rows
}

// appendBurst appends a login and those that follow it within the hour.
func appendBurst(rows []row, r *rand.Rand, first row, end int64) []row {
	for more := true; more && first.at < end; more = chance(r, burst) && first.again < 200 {
		rows = append(rows, first)
		gap := math.Exp(math.Log(15) + r.Float64()*math.Log(3500.0/15)) // 15 s to 58 min
		first.at += int64(gap * float64(time.Second))
		first.since += uint32(gap)
		first.again++
	}
	return rows
}
