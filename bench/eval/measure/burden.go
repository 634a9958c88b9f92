package measure

// Burden is what honest people feel of a threshold.
type Burden struct {
	Median float64 `json:"median"` // step-ups per user and month
	P95    float64 `json:"p95"`
	Mean   float64 `json:"mean"`
	None   float64 `json:"none"` // share of users without any
}

// BurdenOf counts, for each user, the scores that reach the threshold over so many
// months. Users and scores are parallel.
func BurdenOf(users []uint32, scores []float32, threshold float32, months float64) Burden {
	counts := map[uint32]int{}
	for i, u := range users {
		if scores[i] >= threshold {
			counts[u]++
		} else if _, ok := counts[u]; !ok {
			counts[u] = 0
		}
	}
	if len(counts) == 0 || months <= 0 {
		return Burden{}
	}
	var b Burden
	perMonth := make([]float64, 0, len(counts))
	none, all := 0, 0
	for _, n := range counts {
		perMonth = append(perMonth, float64(n)/months)
		all += n
		if n == 0 {
			none++
		}
	}
	b.Median, b.P95 = Quantile(perMonth, 0.5), Quantile(perMonth, 0.95)
	b.Mean = float64(all) / float64(len(counts)) / months
	b.None = float64(none) / float64(len(counts))
	return b
}

// Reauthentication returns, for a user's first n logins with n from 1 to the
// length asked for, which share of them reached the threshold: the median and the
// mean over the users who have so many. Element 0 is of the first login. Number
// counts a user's logins from 1, in order of time; the three slices are parallel.
// Where no user has so many logins the value repeats.
func Reauthentication(users []uint32, numbers []uint8, scores []float32, threshold float32, length int) (median, mean []float64) {
	asked := map[uint32]int{}
	rates := make([][]float64, length)
	for i, u := range users {
		if scores[i] >= threshold {
			asked[u]++
		}
		if n := int(numbers[i]); n >= 1 && n <= length {
			rates[n-1] = append(rates[n-1], float64(asked[u])/float64(n))
		}
	}
	median, mean = make([]float64, length), make([]float64, length)
	for i, r := range rates {
		if len(r) == 0 {
			if i > 0 {
				median[i], mean[i] = median[i-1], mean[i-1]
			}
			continue
		}
		median[i], mean[i] = Quantile(r, 0.5), meanOf(r)
	}
	return median, mean
}

func meanOf(v []float64) float64 { return sumOf(v) / float64(len(v)) }
