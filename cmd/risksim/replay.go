package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
)

// simulate does what the options ask for.
func simulate(ctx context.Context, o options, stdout, stderr io.Writer) error {
	lines, bad, err := readLog(o)
	if err != nil {
		return err
	}
	for i, b := range bad {
		if i == 10 {
			say(stderr, "risksim: %d more lines could not be read\n", len(bad)-i)
			break
		}
		say(stderr, "risksim: %s:%d: not sent: %v\n", o.accessLog, b.Number, b.Err)
	}
	if o.writeKeys != "" {
		if err := writeKeys(o, lines); err != nil {
			return fmt.Errorf("write keys: %w", err)
		}
	}
	if o.target == "" {
		return nil
	}
	s, err := replay(ctx, o, lines)
	if err != nil {
		return err
	}
	s.Malformed = len(bad)
	if _, err := io.WriteString(stdout, s.text()); err != nil {
		return err
	}
	if o.report != "" {
		return s.write(o.report)
	}
	return nil
}

// readLog returns the requests of the log in order of time. Servers write a line
// when the answer ends, so that logs are a little out of order.
func readLog(o options) ([]traffic.Line, []traffic.BadLine, error) {
	f, err := os.Open(o.accessLog)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	lines, bad, err := traffic.ReadLog(bufio.NewReaderSize(f, 1<<20))
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", o.accessLog, err)
	}
	if len(lines) == 0 {
		return nil, nil, fmt.Errorf("%s holds no request", o.accessLog)
	}
	slices.SortStableFunc(lines, func(a, b traffic.Line) int { return a.Time.Compare(b.Time) })
	if o.limit > 0 && o.limit < len(lines) {
		lines = lines[:o.limit]
	}
	return lines, bad, nil
}

// replay sends the lines. The requests of one client go over one connection, one
// after the other, so that their order is kept.
func replay(ctx context.Context, o options, lines []traffic.Line) (*summary, error) {
	queues := make([][]traffic.Line, o.concurrency)
	seed := maphash.MakeSeed()
	for _, l := range lines {
		n := maphash.Comparable(seed, l.Client) % uint64(o.concurrency)
		queues[n] = append(queues[n], l)
	}
	clock := schedule{begin: time.Now(), first: lines[0].Time, scale: o.timeScale}
	parts := make([]*summary, o.concurrency)
	faults := make([]error, o.concurrency)
	var running sync.WaitGroup
	for i, queue := range queues {
		running.Go(func() { parts[i], faults[i] = send(ctx, o, clock, queue) })
	}
	running.Wait()
	total := newSummary()
	for _, p := range parts {
		total.add(p)
	}
	total.Recorded = lines[len(lines)-1].Time.Sub(lines[0].Time).Seconds()
	total.Seconds = time.Since(clock.begin).Seconds()
	return total, errors.Join(faults...)
}

// schedule says when a request is due.
type schedule struct {
	begin, first time.Time
	scale        float64 // 0: at once
}

// wait returns how long to wait for a request recorded at t, and 0 if it is late.
func (s schedule) wait(t, now time.Time) time.Duration {
	if s.scale == 0 {
		return 0
	}
	due := s.begin.Add(time.Duration(float64(t.Sub(s.first)) / s.scale))
	return max(0, due.Sub(now))
}

// send sends the requests of one queue when they are due.
func send(ctx context.Context, o options, clock schedule, queue []traffic.Line) (*summary, error) {
	s := newSummary()
	c, err := newConnection(o)
	if err != nil {
		return s, err
	}
	defer c.close()
	for _, l := range queue {
		if wait := clock.wait(l.Time, time.Now()); wait > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(wait):
			}
		}
		if ctx.Err() != nil {
			return s, nil // interrupted: report what was sent
		}
		begin := time.Now()
		a, err := c.exchange(l.Method, c.request(l))
		s.count(l, a, err, time.Since(begin))
	}
	return s, nil
}
