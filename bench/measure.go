package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// session is everything that runs while measuring.
type session struct {
	dir      string
	rings    string // removed at the end, "" if there is nothing to remove
	upstream *process
	subjects []*subject
}

// subject is one running proxy with what was measured of it.
type subject struct {
	benchCase
	process *process
	address string
	admin   string // address of the admin listener, "" for the bare proxy
	vary    string // file of addresses and credentials for the load
	samples []sample
}

// sample is one measurement.
type sample struct {
	cpu      float64 // microseconds of CPU time per request
	rps      float64
	p50, p99 float64 // microseconds
	rss      float64 // MiB, after the load
}

// startAll starts the upstream and every proxy. What was started is in the
// session even if it fails.
func startAll(ctx context.Context, dir string, cases []benchCase) (*session, error) {
	s := &session{dir: dir}
	upstream, address, err := start(ctx, dir, "upstream")
	if err != nil {
		return s, err
	}
	s.upstream = upstream
	fixtures, err := writeFixtures(dir)
	s.rings = fixtures.rings
	if err != nil {
		return s, err
	}
	for _, c := range cases {
		sub, err := startCase(ctx, dir, c, address, fixtures)
		if err != nil {
			return s, fmt.Errorf("start %s: %w", c.name, err)
		}
		s.subjects = append(s.subjects, sub)
	}
	return s, nil
}

func startCase(ctx context.Context, dir string, c benchCase, upstream string, f fixtures) (*subject, error) {
	if c.credential == "" {
		p, address, err := start(ctx, dir, "bare", "-upstream", upstream)
		return &subject{benchCase: c, process: p, address: address, vary: f.credentials["api_key"]}, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	admin, err := freeAddress()
	if err != nil {
		return nil, err
	}
	config, err := f.writeConfig(c, address, admin, upstream)
	if err != nil {
		return nil, err
	}
	p, _, err := start(ctx, dir, "riskgate", "serve", "--config", config)
	if err != nil {
		return nil, err
	}
	if err := waitListening(ctx, address); err != nil {
		p.stop()
		return nil, fmt.Errorf("%w: %s", err, p.tail())
	}
	return &subject{benchCase: c, process: p, address: address, admin: admin, vary: f.credentials[c.credential]}, nil
}

// stop ends every process and removes what it left in memory.
func (s *session) stop() error {
	for _, sub := range s.subjects {
		sub.process.stop()
	}
	if s.upstream != nil {
		s.upstream.stop()
	}
	if s.rings == "" {
		return nil
	}
	return os.RemoveAll(s.rings)
}

// round measures every case once. The order turns, so that no case always
// follows the same other.
func (s *session) round(ctx context.Context, o options, n int) error {
	for i := range s.subjects {
		sub := s.subjects[(i+n)%len(s.subjects)]
		got, err := s.measure(ctx, o, sub)
		if err != nil {
			return fmt.Errorf("measure %s: %w\n%s", sub.name, err, sub.process.tail())
		}
		sub.samples = append(sub.samples, got)
		fmt.Fprintf(os.Stderr, "%2d/%d %-16s %6.1f us/request %8.0f requests/s\n", n+1, o.pairs, sub.name, got.cpu, got.rps)
	}
	return nil
}

func (s *session) measure(ctx context.Context, o options, sub *subject) (sample, error) {
	if _, err := s.load(ctx, sub, o.connections, o.warmup); err != nil {
		return sample{}, err
	}
	if err := sub.settle(ctx); err != nil {
		return sample{}, err
	}
	before, errBefore := sub.process.cpuTime()
	seen, err := s.load(ctx, sub, o.connections, o.measure)
	if err == nil {
		err = sub.settle(ctx)
	}
	after, errAfter := sub.process.cpuTime()
	rss, errRSS := sub.process.rss()
	if err := errors.Join(errBefore, err, errAfter, errRSS); err != nil {
		return sample{}, err
	}
	return sample{
		cpu: float64(after-before) / float64(time.Microsecond) / float64(seen.Requests),
		rps: seen.RPS, p50: seen.P50, p99: seen.P99, rss: rss,
	}, nil
}

// loadResult is what bench/load prints.
type loadResult struct {
	Requests int64            `json:"requests"`
	Errors   int64            `json:"errors"`
	Statuses map[string]int64 `json:"statuses"`
	RPS      float64          `json:"rps"`
	P50      float64          `json:"p50_us"`
	P99      float64          `json:"p99_us"`
}

// load runs the load generator against a proxy. Anything but status 200 is an
// error: a refused request is no measure of a forwarded one.
func (s *session) load(ctx context.Context, sub *subject, connections int, length time.Duration) (r loadResult, err error) {
	args := []string{
		"-target", "http://" + sub.address + "/v1/orders/4711", "-connections", fmt.Sprint(connections),
		"-duration", length.String(), "-header", "User-Agent: " + agent, "-header", "Accept: application/json",
		"-header", "Accept-Language: de,en;q=0.7", "-vary", sub.vary,
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.dir, "load"), args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("load: %w", err)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return r, fmt.Errorf("load: %w", err)
	}
	if r.Requests == 0 || r.Errors != 0 || r.Statuses["200"] != r.Requests {
		return r, fmt.Errorf("%d requests, %d failed connections, statuses %v; want only 200", r.Requests, r.Errors, r.Statuses)
	}
	return r, nil
}

const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
