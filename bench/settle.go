package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// settle waits until the gateway's sink has every event, so that the cost of
// encoding is counted to the requests that caused it. An event that was lost is
// an error: it would have cost nothing.
func (s *subject) settle(ctx context.Context) error {
	if s.admin == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		text, err := scrape(ctx, s.admin)
		if err != nil {
			return err
		}
		lost, errLost := sumMetric(text, "riskgate_streaming_events_lost_total")
		pending, errPending := sumMetric(text, "riskgate_streaming_pending_events")
		switch {
		case errLost != nil:
			return errLost
		case errPending != nil:
			return errPending
		case lost > 0:
			return fmt.Errorf("%v events were lost, want none: the sink does not keep up", lost)
		case pending == 0:
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%v events are still in the ring", pending)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// scrape reads the metrics of a gateway.
func scrape(ctx context.Context, admin string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/metrics", nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("read metrics: status %d", response.StatusCode)
	}
	return string(text), err
}

// sumMetric adds the values of all series of a metric.
func sumMetric(text, name string) (sum float64, err error) {
	found := false
	for line := range strings.Lines(text) {
		series, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		label, _, _ := strings.Cut(series, "{")
		if !ok || label != name {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("read metric %s: %w", name, err)
		}
		sum, found = sum+v, true
	}
	if !found {
		return 0, fmt.Errorf("no metric %s", name)
	}
	return sum, nil
}
