package trial

import (
	"fmt"
	"slices"

	"github.com/riskgate/riskgate/bench/eval/measure"
	"github.com/riskgate/riskgate/bench/eval/results"
)

// appendCalibrations shows how far scores are probabilities: as they are, fitted to
// labels, and when people's habits change.
func appendCalibrations(dst []byte, models []Summary, drifts []Drift) []byte {
	models = slices.DeleteFunc(slices.Clone(models), func(s Summary) bool { return s.Before == nil || s.After == nil })
	if len(models)+len(drifts) == 0 {
		return dst
	}
	dst = append(dst, "\nCalibration at a balanced prior, medians over the seeds. The drift has more people on the move and behind VPNs, and browsers updated "+
		"three times as fast, from 85 % of the days on; it is a run of its own.\n\n"+
		"| world | model | fitted to | judged on | ECE | Brier | slope | intercept | top decile gap | honest step-ups at the 1 % threshold |\n|---|---|---|---|---|---|---|---|---|---|\n"...)
	for _, of := range byModel(models) {
		name := [2]string{of[0].World, of[0].Model}
		dst = appendCalibration(dst, name, "nothing", "the days after", of, func(s *Summary) *measure.Calibration { return s.Before }, nil)
		dst = appendCalibration(dst, name, "labels", "the days after", of, func(s *Summary) *measure.Calibration { return s.After }, nil)
	}
	for _, of := range results.Group(drifts, func(d *Drift) [2]string { return [2]string{d.World, d.Model} }) {
		name := [2]string{of[0].World, of[0].Model}
		dst = appendCalibration(dst, name, "labels before the drift", "the days after, before the drift", of,
			func(d *Drift) *measure.Calibration { return &d.Next }, func(d *Drift) float64 { return d.Rates[0] })
		dst = appendCalibration(dst, name, "labels before the drift", "the last days, after it", of,
			func(d *Drift) *measure.Calibration { return &d.Drifted }, func(d *Drift) float64 { return d.Rates[1] })
		dst = appendCalibration(dst, name, "labels after the drift", "the last days, after it", of,
			func(d *Drift) *measure.Calibration { return &d.Refitted }, nil)
	}
	return dst
}

// appendCalibration appends one line; rate may be nil.
func appendCalibration[T any](dst []byte, name [2]string, fitted, judged string, of []T, c func(*T) *measure.Calibration, rate func(*T) float64) []byte {
	median := func(value func(*measure.Calibration) float64) float64 {
		return measure.MedianOf(of, func(one *T) float64 { return value(c(one)) })
	}
	dst = fmt.Appendf(dst, "| %s | %s | %s | %s | %.3f | %.4f | %.2f | %+.2f | %.3f |", name[0], name[1], fitted, judged,
		median(func(c *measure.Calibration) float64 { return c.ECE }), median(func(c *measure.Calibration) float64 { return c.Brier }),
		median(func(c *measure.Calibration) float64 { return c.Slope }), median(func(c *measure.Calibration) float64 { return c.Intercept }),
		median(func(c *measure.Calibration) float64 { return c.TopGap }))
	if rate == nil {
		return append(dst, " |\n"...)
	}
	return fmt.Appendf(dst, " %.2f %% |\n", 100*measure.MedianOf(of, rate))
}
