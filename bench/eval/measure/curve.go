package measure

import "math"

// AUC returns the area under the receiver operating characteristic: the
// probability that an attack scores higher than an honest login, ties counting
// half. It is 0.5 where one of the samples is empty.
func AUC(attacks, honest Scores) float64 {
	if attacks.Len() == 0 || honest.Len() == 0 {
		return 0.5
	}
	sum := 0.0
	for i, v := range attacks.values {
		sum += (attacks.weightFrom(i) - attacks.weightFrom(i+1)) * honest.Below(v)
	}
	return sum / attacks.Weight()
}

// Below returns which part of the weight scores less than v, ties counting half:
// the share of the honest that an attack with this score stands out from.
func (s Scores) Below(v float32) float64 {
	least, above := s.weightFrom(s.search(v)), s.weightFrom(s.after(v))
	return 1 - (least+above)/2/s.Weight()
}

// AveragePrecision returns the area under the curve of precision over recall,
// where attacks are the share base of all logins: the weights of the two samples
// are scaled to it. Scores that tie are taken at once. It is 0 without attacks.
func AveragePrecision(attacks, honest Scores, base float64) float64 {
	area, before := 0.0, 0.0
	for i := attacks.Len() - 1; i >= 0; i-- {
		if i > 0 && attacks.values[i-1] == attacks.values[i] {
			continue
		}
		caught := attacks.weightFrom(i) / attacks.Weight()
		hits := base * caught
		area += (caught - before) * hits / (hits + (1-base)*honest.Share(attacks.values[i]))
		before = caught
	}
	return area
}

// Point is one point of the receiver operating characteristic.
type Point struct {
	Rate float64 // share of the honest that is stepped up
	TPR  float64 // share of the attacks that is caught
}

// ROC returns the characteristic at n step-up rates, evenly spaced on a
// logarithmic scale from least to 1.
func ROC(attacks, honest Scores, least float64, n int) []Point {
	points := make([]Point, 0, n)
	for i := range n {
		rate := math.Pow(least, 1-float64(i)/float64(n-1))
		t := honest.Threshold(rate)
		points = append(points, Point{Rate: rate, TPR: attacks.Share(t)})
	}
	return points
}
