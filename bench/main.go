// Command bench measures riskgate against a bare fasthttp reverse proxy: the same
// upstream and load, one processor each, interleaved in pairs. It prints a table
// and, last, the ratio of CPU time per request.
//
//	go run ./bench            riskgate and the bare proxy
//	go run ./bench -only bare the bare proxy alone
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// options says how long and how often to measure.
type options struct {
	pairs       int
	warmup      time.Duration // before each measurement
	measure     time.Duration
	connections int
	only        string // measure just these cases, comma-separated
	out         string // file for the results, "" for none
	maxRatio    float64
}

// headline is the case whose ratio is the last line.
const headline = "api_key_file"

func main() {
	var o options
	flag.IntVar(&o.pairs, "pairs", 10, "measurements of each case")
	flag.DurationVar(&o.warmup, "warmup", 500*time.Millisecond, "load before each measurement")
	flag.DurationVar(&o.measure, "measure", 2*time.Second, "length of each measurement")
	flag.IntVar(&o.connections, "connections", 16, "keep-alive connections")
	flag.StringVar(&o.only, "only", "", "cases to measure, comma-separated; default all")
	flag.StringVar(&o.out, "out", filepath.Join("bench", "results", "proxy.json"), "file for the results")
	flag.Float64Var(&o.maxRatio, "max", 0, "fail if the last ratio is larger; 0: never")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := run(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	if !ok {
		fmt.Fprintf(os.Stderr, "bench: the ratio is above %g\n", o.maxRatio)
		os.Exit(1)
	}
}

// run measures everything and reports whether the ratio is within bounds.
func run(ctx context.Context, o options) (ok bool, err error) {
	dir, err := os.MkdirTemp("", "riskgate-bench-")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cases := o.cases()
	if err := build(ctx, dir, cases); err != nil {
		return false, err
	}
	s, err := startAll(ctx, dir, cases)
	defer func() { err = errors.Join(err, s.stop()) }()
	if err != nil {
		return false, err
	}
	for i := range o.pairs {
		if err := s.round(ctx, o, i); err != nil {
			return false, err
		}
	}
	report := s.report(o)
	if o.out != "" {
		if err := report.write(o.out); err != nil {
			return false, err
		}
	}
	fmt.Print(report.text())
	return report.within(o.maxRatio), nil
}

// benchCase is one proxy to measure. The bare proxy has no credential.
type benchCase struct {
	name       string
	credential string // "", api_key or jwt
	sink       string // discard or file
}

var allCases = []benchCase{
	{name: "bare"},
	{"api_key_discard", "api_key", "discard"},
	{"api_key_file", "api_key", "file"},
	{"jwt_discard", "jwt", "discard"},
	{"jwt_file", "jwt", "file"},
}

// cases returns the cases to measure; bare is always one of them.
func (o options) cases() []benchCase {
	var chosen []benchCase
	for _, c := range allCases {
		if o.only == "" || c.name == "bare" || strings.Contains(","+o.only+",", ","+c.name+",") {
			chosen = append(chosen, c)
		}
	}
	return chosen
}

// profile guides the compiler, as in make build. The bare proxy gets it too: most
// of what it runs is in there.
const profile = "cmd/riskgate/riskgate.pgo"

// build compiles what the cases need into dir.
func build(ctx context.Context, dir string, cases []benchCase) error {
	packages := []string{"./bench/load", "./bench/peers/bare", "./bench/peers/upstream"}
	if len(cases) > 1 {
		packages = append(packages, "./cmd/riskgate")
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-trimpath", "-pgo", profile, "-o", dir + "/"}, packages...)...)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build (run this from the root of the repository): %w", err)
	}
	return nil
}
