package trial

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/risk"
)

// drifting returns a judge whose scores are log-odds at a balanced prior until the
// drift, and too high by one nat, for attacks and honest alike, from then on.
func drifting(n int) *judge {
	c := &Config{World: traffic.Config{Start: start, Days: 100, Drift: 85}, Risk: risk.DefaultConfig(), Rounds: 50}
	b, s := newBook(c), &series{name: "m"}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		at := start.Add(time.Duration((0.7 + 0.3*float64(i)/float64(n)) * 100 * 24 * float64(time.Hour)))
		high := 0.0
		if !at.Before(start.AddDate(0, 0, 85)) {
			high = 1
		}
		// Normal with means of -1 and 1 and a variance of 2: the ratio is the value.
		honest, attack := r.NormFloat64()*math.Sqrt2-1, r.NormFloat64()*math.Sqrt2+1
		s.honest, s.attacks = append(s.honest, float32(honest+high)), append(s.attacks, float32(attack+high))
		b.honest.users, b.honest.strata = append(b.honest.users, uint32(i)), append(b.honest.strata, manyLogins)
		b.honest.times, b.attacks.times = append(b.honest.times, at.Unix()), append(b.attacks.times, at.Unix())
		s.validation = append(s.validation, float32(r.NormFloat64()*math.Sqrt2-1))
	}
	return newJudge(c, b, s)
}

// A drift of one nat shows as an intercept of minus one, and is gone when labels of
// after it are fitted.
func TestDriftShowsAndIsFitted(t *testing.T) {
	d, enough := drifting(40_000).drift()
	if !enough || d.Day != 85 {
		t.Fatalf("%+v, enough %v", d, enough)
	}
	for _, c := range []struct {
		what             string
		got, want, about float64
	}{
		{"slope before", d.Next.Slope, 1, 0.05}, {"intercept before", d.Next.Intercept, 0, 0.1},
		{"intercept after", d.Drifted.Intercept, -1, 0.1}, {"intercept fitted again", d.Refitted.Intercept, 0, 0.1},
		{"slope per nat", d.Fit[0], 0.6, 0.03}, {"ECE fitted again", d.Refitted.ECE, 0, 0.02},
		{"honest at the threshold before", d.Rates[0], 0.01, 0.004},
		{"and after", d.Rates[1], 0.5 * math.Erfc((2.326-1/math.Sqrt2)/math.Sqrt2), 0.012},
	} {
		if !(math.Abs(c.got-c.want) <= c.about) {
			t.Errorf("%s: %.3f, want about %.3f", c.what, c.got, c.want)
		}
	}
	if d.Drifted.ECE < 3*d.Refitted.ECE {
		t.Errorf("ECE %.3f after the drift, %.3f fitted again", d.Drifted.ECE, d.Refitted.ECE)
	}
	if _, enough := drifting(30).drift(); enough {
		t.Error("30 logins were judged")
	}
}

// People who change their habits are stepped up more often at the old threshold.
func TestRunDrift(t *testing.T) {
	all, err := RunDrift(world(traffic.WorldA, 6, 500, 100))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range all {
		names = append(names, d.Model)
		if d.Rates[1] < d.Rates[0] || d.Next.ECE <= 0 || d.Refit == d.Fit {
			t.Errorf("%+v, want more step-ups after the drift, and another fit", d)
		}
	}
	if !slices.Equal(names, []string{WithToken, WithoutToken}) {
		t.Errorf("models %v", names)
	}
	text := string(appendCalibrations(nil, nil, all))
	if n := strings.Count(text, "the last days, after it"); n != 4 {
		t.Errorf("%d rows after the drift, want 4:\n%s", n, text)
	}
}

// Three step-ups instead of two are half as many more.
func TestRampCountsStepUps(t *testing.T) {
	with, bare := &series{name: "m"}, &series{name: "m" + unramped}
	b := &book{}
	for i := range 100 {
		high := func(n int) float32 { return float32(2*min(1, max(0, n-i))) - 1.5 }
		with.honest, bare.honest = append(with.honest, high(3)), append(bare.honest, high(2))
		b.honest.users, b.honest.strata = append(b.honest.users, uint32(i)), append(b.honest.strata, manyLogins)
	}
	c := &Config{Rounds: 200}
	r := newJudge(c, b, with).ramp(newJudge(c, b, bare))
	if r == nil || r.With != 0.03 || r.Without != 0.02 || math.Abs(r.More-0.5) > 1e-12 || !(r.CI[0] <= 0.5 && r.CI[1] >= 0.5) {
		t.Errorf("%+v, want 3 %% and 2 %%, half as many more", r)
	}
	if none := newJudge(c, b, with).ramp(newJudge(c, b, &series{honest: slices.Repeat([]float32{-9}, 100)})); none != nil {
		t.Errorf("%+v against nobody stepped up", none)
	}
}

// Medians of what people feel, with the ramp of trust in a row of its own.
func TestMediansOfPeople(t *testing.T) {
	var models []Summary
	for seed, more := range []float64{0.30, 0.10, 0.20} {
		models = append(models, Summary{World: "A", Model: "lmlr", Seed: uint64(seed + 1), Ramp: &Ramp{With: 0.01, Without: 0.009, More: more},
			Early: map[string][4]float64{"vpn": {0.5, 0.25, more, 0}}})
	}
	text := string(AppendMedians(nil, nil, models, nil))
	for _, want := range []string{"at most +15 %", "| A | lmlr | 1 2 3 | 1.000 % | 0.900 % | +20.0 % | +30.0 % [+0.0, +0.0] |", "| vpn | A | lmlr | 0.50 | 0.25 | 0.20 | 0.00 |"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
