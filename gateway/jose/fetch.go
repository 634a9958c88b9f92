package jose

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
)

// A Fetcher reads a key set from a URL. It returns an error rather than more
// than limit bytes.
type Fetcher interface {
	Fetch(ctx context.Context, url string, limit int64) ([]byte, error)
}

// HTTP fetches over HTTP and follows no redirect, so that only the configured
// host is believed.
type HTTP struct{ client *http.Client }

// NewHTTP returns a Fetcher with connections of its own.
func NewHTTP() *HTTP {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 1
	refuse := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &HTTP{&http.Client{Transport: t, CheckRedirect: refuse}}
}

// Close drops idle connections.
func (h *HTTP) Close() { h.client.CloseIdleConnections() }

// Fetch implements Fetcher.
func (h *HTTP) Fetch(ctx context.Context, url string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	req.Header.Set("User-Agent", "riskgate")
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	return readLimited(resp.Body, limit)
}

var errTooLarge = errors.New("larger than max_bytes")

func readLimited(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = errTooLarge
	}
	return data, err
}

func readFile(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readLimited(f, limit)
}
