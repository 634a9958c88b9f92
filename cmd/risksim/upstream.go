package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
)

// upstream answers what the gateway forwards as the world says: with the status
// and the size of the event that the X-Correlation-Id numbers.
type upstream struct {
	server *http.Server

	mu    sync.Mutex // guards sent
	sent  map[string]reply
	bytes []byte
}

type reply struct {
	status int
	bytes  int64
}

func newUpstream(address string) (*upstream, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	u := &upstream{sent: map[string]reply{}, bytes: make([]byte, 32<<10)}
	for i := range u.bytes {
		u.bytes[i] = ' '
	}
	u.server = &http.Server{Handler: u}
	go func() {
		if err := u.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic("BUG: upstream: " + err.Error())
		}
	}()
	return u, nil
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	u.mu.Lock()
	a, ok := u.sent[r.Header.Get("X-Correlation-Id")]
	u.mu.Unlock()
	if !ok {
		a.status = http.StatusNotFound
	}
	w.Header().Set("X-Riskgate-Action", r.Header.Get("X-Riskgate-Action"))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, _ = w.Write(u.bytes[:min(a.bytes, int64(len(u.bytes)))])
}

func (u *upstream) expect(t *task) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sent[strconv.Itoa(t.seq)] = reply{t.e.Status, t.e.BytesOut}
}

func (u *upstream) forget(t *task) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.sent, strconv.Itoa(t.seq))
}

func (u *upstream) close() { _ = u.server.Shutdown(context.Background()) }
