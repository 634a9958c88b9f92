package gateway

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

// routes is the service behind the gateway.
func (s *site) routes() http.Handler {
	mux := http.NewServeMux()
	ok := func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "ok", r.URL.Path) }
	mux.HandleFunc("/items/{id}", ok)
	mux.HandleFunc("/open/", ok)
	mux.HandleFunc("/upload", func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprintln(w, n, err)
	})
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, largeBody()) })
	mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) { <-s.slow; fmt.Fprint(w, "done") })
	mux.HandleFunc("/action", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Get("X-Riskgate-Action"))
	})
	mux.HandleFunc("/ticks", tick)
	return mux
}

const (
	largeBytes = 8 << 20
	tickEvery  = 20 * time.Millisecond
)

// largeBody is the same few bytes again and again, of a length that divides no
// buffer.
func largeBody() io.Reader {
	return io.LimitReader(&repeated{text: []byte("0123456789abcdefghijk")}, largeBytes)
}

type repeated struct {
	text []byte
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.text[(r.at+i)%len(r.text)]
	}
	r.at += len(p)
	return len(p), nil
}

// tick numbers events until the client leaves.
func tick(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w)
	every := time.NewTicker(tickEvery)
	defer every.Stop()
	for n := 1; ; n++ {
		fmt.Fprintf(w, "data: %d\n\n", n)
		if flush.Flush() != nil {
			return
		}
		select {
		case <-every.C:
		case <-r.Context().Done():
			return
		}
	}
}
