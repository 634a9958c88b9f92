package traffic

import (
	"math"
	"slices"
	"time"
)

// plan draws the runs of the day that begins.
func (w *worker) plan() {
	midnight := w.start.AddDate(0, 0, w.day)
	weekend := midnight.Weekday() == time.Saturday || midnight.Weekday() == time.Sunday
	size := func() int { return max(3, int(float64(w.batch)*math.Exp(0.2*w.r.NormFloat64()))) }
	switch w.job {
	case partner:
		if weekend && w.weekdays {
			return
		}
		for _, h := range w.hours {
			w.runs = append(w.runs, run{at: w.around(midnight, h, 5*time.Minute), size: size(), pace: w.pace})
		}
	case app:
		for range 3 + w.r.IntN(7) {
			w.runs = append(w.runs, run{at: midnight.Add(hourOfDay(w.r, 0)), size: size(), pace: 3 * time.Second})
		}
	case exporter:
		w.runs = append(w.runs, run{
			at: w.around(midnight, w.hours[0], 2*time.Minute), size: w.batch + w.r.IntN(w.batch/10), export: true,
			pace: 700 * time.Millisecond,
		})
		for h := 6; h < 23; h++ {
			w.runs = append(w.runs, run{at: w.around(midnight, time.Duration(h)*time.Hour, 5*time.Minute), size: 4, pace: time.Second})
		}
	}
	slices.SortFunc(w.runs, func(a, b run) int { return a.at.Compare(b.at) })
}

func (w *worker) around(midnight time.Time, h, width time.Duration) time.Time {
	return midnight.Add(h + time.Duration(float64(width)*w.r.Float64()))
}
