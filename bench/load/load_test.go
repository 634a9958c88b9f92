package main

import (
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"
)

// The histogram's quantiles are those of the sorted durations, within its width.
func TestQuantilesAreThoseOfTheSortedTimes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		var h histogram
		times := make([]float64, 1+r.IntN(5000))
		for i := range times {
			d := time.Duration(math.Exp(r.Float64() * 25))
			h.add(d)
			times[i] = float64(d) / 1000
		}
		slices.Sort(times)
		for _, q := range []float64{0.001, 0.5, 0.99, 1} {
			want := times[int(math.Ceil(q*float64(len(times))))-1]
			if got := h.quantile(q); got < want || got > want*(1+1.0/128)+0.001 {
				t.Fatalf("quantile %g of %d = %g, want %g", q, len(times), got, want)
			}
		}
	}
}

func TestEveryDurationHasABucket(t *testing.T) {
	for _, d := range []time.Duration{-1, 0, 127, 128, 255, 256, 1 << 30, 1 << 39, math.MaxInt64} {
		i := bucketOf(d)
		if d >= 0 && d < 1<<39 && (float64(d) > upperEnd(i) || i > 0 && float64(d) <= upperEnd(i-1)) {
			t.Errorf("%d ns falls into bucket %d, (%g, %g]", d, i, upperEnd(i-1), upperEnd(i))
		}
	}
}

func TestRunSendsWhatIsAsked(t *testing.T) {
	var mu sync.Mutex // guards seen
	seen := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.URL.RequestURI()+" "+r.Header.Get("X-Fixed")+" "+r.Header.Get("X-Key")]++
		if r.Header.Get("X-Key") == "b" {
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	defer server.Close()
	target, err := url.Parse(server.URL + "/v1/x?y=1")
	if err != nil {
		t.Fatal(err)
	}
	result, err := run(options{
		target: target, method: "GET", connections: 4, duration: time.Minute, count: 100,
		headers: []string{"X-Fixed: f"}, vary: [][]string{{"X-Key: a", "X-More: 1"}, {"X-Key: b"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if result.Requests != 100 || result.Errors != 0 || result.Statuses["200"] != 50 || result.Statuses["429"] != 50 {
		t.Errorf("result %+v, want 100 requests, half of them 429", result)
	}
	if seen["/v1/x?y=1 f a"] != 50 || seen["/v1/x?y=1 f b"] != 50 || len(seen) != 2 {
		t.Errorf("the server saw %v", seen)
	}
}

func TestRefusedConnectionIsAnError(t *testing.T) {
	server := httptest.NewServer(nil)
	target, _ := url.Parse(server.URL)
	server.Close()
	if _, err := run(options{target: target, connections: 1, duration: time.Second}); err == nil {
		t.Error("no error although nobody listens")
	}
}
