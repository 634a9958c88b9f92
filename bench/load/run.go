package main

import (
	"bufio"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// Result is what one run saw. Times are of one request, from its first byte sent
// to its last byte received.
type Result struct {
	Requests int64            `json:"requests"`
	Errors   int64            `json:"errors"` // connections that failed
	Statuses map[string]int64 `json:"statuses"`
	Seconds  float64          `json:"seconds"`
	RPS      float64          `json:"rps"`
	P50      float64          `json:"p50_us"`
	P90      float64          `json:"p90_us"`
	P99      float64          `json:"p99_us"`
	P999     float64          `json:"p999_us"`
	Max      float64          `json:"max_us"`
}

// worker is one connection and what it counted.
type worker struct {
	histogram histogram
	statuses  map[int]int64
	errors    int64
}

// run sends until the duration is over or the count reached, and adds up.
func run(o options) (Result, error) {
	probe, err := net.Dial("tcp", o.target.Host)
	if err != nil {
		return Result{}, err
	}
	probe.Close()
	all := make([]worker, o.connections)
	requests := o.requests()
	var sent atomic.Int64
	var running sync.WaitGroup
	start := time.Now()
	for i := range all {
		running.Go(func() {
			all[i] = worker{statuses: map[int]int64{}}
			all[i].send(o, requests, start.Add(o.duration), &sent)
		})
	}
	running.Wait()
	return total(all, time.Since(start)), nil
}

// send sends on one connection, and opens another when it fails.
func (w *worker) send(o options, requests [][]byte, until time.Time, sent *atomic.Int64) {
	for time.Now().Before(until) && (o.count == 0 || sent.Load() < o.count) {
		conn, err := net.Dial("tcp", o.target.Host)
		if err == nil {
			err = w.converse(conn, o, requests, until, sent)
			conn.Close()
		}
		if err != nil {
			w.errors++
		}
	}
}

// converse sends one request after the other until the connection ends. It
// returns nil when the run is over or the other side asked to close.
func (w *worker) converse(conn net.Conn, o options, requests [][]byte, until time.Time, sent *atomic.Int64) error {
	in := bufio.NewReaderSize(conn, 16<<10)
	var response fasthttp.Response
	for begin := time.Now(); begin.Before(until); {
		n := sent.Add(1)
		if o.count != 0 && n > o.count {
			return nil
		}
		if _, err := conn.Write(requests[n%int64(len(requests))]); err != nil {
			return err
		}
		if err := response.Read(in); err != nil {
			return err
		}
		end := time.Now()
		w.histogram.add(end.Sub(begin))
		w.statuses[response.StatusCode()]++
		if response.ConnectionClose() {
			return nil
		}
		begin = end
	}
	return nil
}

func total(all []worker, took time.Duration) Result {
	r := Result{Statuses: map[string]int64{}, Seconds: took.Seconds()}
	var h histogram
	for i := range all {
		h.merge(&all[i].histogram)
		r.Errors += all[i].errors
		for status, n := range all[i].statuses {
			r.Statuses[strconv.Itoa(status)] += n
		}
	}
	r.Requests = h.count
	r.RPS = float64(h.count) / r.Seconds
	r.P50, r.P90, r.P99, r.P999 = h.quantile(0.5), h.quantile(0.9), h.quantile(0.99), h.quantile(0.999)
	r.Max = float64(h.max) / float64(time.Microsecond)
	return r
}
