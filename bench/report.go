package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Report is what bench/results/proxy.json holds.
type Report struct {
	Commit  string   `json:"commit"`
	CPU     string   `json:"cpu"`
	Go      string   `json:"go"`
	Date    string   `json:"date"`
	Pairs   int      `json:"pairs"`
	Seconds float64  `json:"seconds"` // length of one measurement
	Results []Result `json:"results"`
	Ratios  []Ratio  `json:"ratios"`
}

// Result holds the medians of one case.
type Result struct {
	Case string  `json:"case"`
	CPU  float64 `json:"cpu_us"` // CPU time of the proxy per request, microseconds
	RPS  float64 `json:"rps"`
	P50  float64 `json:"p50_us"`
	P99  float64 `json:"p99_us"`
	RSS  float64 `json:"rss_mib"`
}

// Ratio compares the CPU time of a case with that of the bare proxy in the same
// round: the median over the rounds, with its 95 % bootstrap interval.
type Ratio struct {
	Case  string  `json:"case"`
	Ratio float64 `json:"ratio"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

func (s *session) report(o options) *Report {
	r := &Report{
		Commit: commit(), CPU: cpuModel(), Go: runtime.Version(), Date: time.Now().UTC().Format(time.RFC3339),
		Pairs: o.pairs, Seconds: o.measure.Seconds(),
	}
	bare := s.subjects[0]
	for _, sub := range s.subjects {
		r.Results = append(r.Results, sub.medians())
		if sub != bare {
			r.Ratios = append(r.Ratios, ratio(sub, bare))
		}
	}
	return r
}

func (s *subject) medians() Result {
	pick := func(of func(sample) float64) float64 {
		values := make([]float64, len(s.samples))
		for i, v := range s.samples {
			values[i] = of(v)
		}
		return median(values)
	}
	return Result{
		Case: s.name,
		CPU:  pick(func(v sample) float64 { return v.cpu }),
		RPS:  pick(func(v sample) float64 { return v.rps }),
		P50:  pick(func(v sample) float64 { return v.p50 }),
		P99:  pick(func(v sample) float64 { return v.p99 }),
		RSS:  pick(func(v sample) float64 { return v.rss }),
	}
}

func ratio(sub, bare *subject) Ratio {
	paired := make([]float64, len(sub.samples))
	for i := range paired {
		paired[i] = sub.samples[i].cpu / bare.samples[i].cpu
	}
	low, high := interval(paired)
	return Ratio{Case: sub.name, Ratio: median(paired), Low: low, High: high}
}

// median returns the middle value, of an even number the mean of the middle two.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// interval returns the 2.5 % and 97.5 % points of the medians of 10,000
// resamples.
func interval(values []float64) (low, high float64) {
	const rounds = 10_000
	r := rand.New(rand.NewPCG(1, 1))
	medians := make([]float64, rounds)
	resample := make([]float64, len(values))
	for i := range medians {
		for j := range resample {
			resample[j] = values[r.IntN(len(values))]
		}
		medians[i] = median(resample)
	}
	slices.Sort(medians)
	return medians[rounds*25/1000], medians[rounds*975/1000]
}

// write saves the report as indented JSON.
func (r *Report) write(path string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(content, '\n'), 0o644)
}

// text returns the table, last the ratio of the headline case.
func (r *Report) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-16s %8s %10s %8s %8s %9s  %s\n", "case", "cpu_us", "rps", "p50_us", "p99_us", "rss_mib", "ratio [95 %]")
	for _, x := range r.Results {
		text := "1"
		if q, ok := r.ratio(x.Case); ok {
			text = fmt.Sprintf("%.2f [%.2f, %.2f]", q.Ratio, q.Low, q.High)
		}
		fmt.Fprintf(&b, "%-16s %8.1f %10.0f %8.0f %8.0f %9.1f  %s\n", x.Case, x.CPU, x.RPS, x.P50, x.P99, x.RSS, text)
	}
	fmt.Fprintf(&b, "%s, %s, commit %s, %d pairs of %gs\n", r.CPU, r.Go, r.Commit, r.Pairs, r.Seconds)
	if q, ok := r.ratio(headline); ok {
		fmt.Fprintf(&b, "ratio %.2f\n", q.Ratio)
	}
	return b.String()
}

func (r *Report) ratio(name string) (Ratio, bool) {
	i := slices.IndexFunc(r.Ratios, func(q Ratio) bool { return q.Case == name })
	if i < 0 {
		return Ratio{}, false
	}
	return r.Ratios[i], true
}

// within reports whether the ratio of the headline case is at most the bound. A
// bound of 0 is none.
func (r *Report) within(bound float64) bool {
	q, ok := r.ratio(headline)
	return !ok || bound == 0 || q.Ratio <= bound
}

// commit names the commit measured, with "-dirty" for changes on top of it.
func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

func cpuModel() string {
	content, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(content)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
