package main

import (
	"fmt"
	"net"
	"net/http"
	"time"
)

// backend is the service behind the demo: a small API, and the issuer.
type backend struct {
	issuer   *issuer
	server   *http.Server
	listener net.Listener
	done     chan struct{} // closed when Serve has returned
}

func startBackend() (*backend, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("bind demo backend: %w", err)
	}
	i, err := newIssuer("http://" + l.Addr().String())
	if err != nil {
		return nil, err
	}
	b := &backend{issuer: i, listener: l, done: make(chan struct{})}
	b.server = &http.Server{Handler: b.routes(), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		defer close(b.done)
		_ = b.server.Serve(l) // always ErrServerClosed, by stop
	}()
	return b, nil
}

func (b *backend) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /jwks.json", b.issuer.keys)
	mux.HandleFunc("GET /token", b.issuer.issue)
	mux.HandleFunc("GET /v1/orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, map[string]string{"order": r.PathValue("id"), "for": r.Header.Get("X-Riskgate-Subject"),
			"risk": r.Header.Get("X-Riskgate-Level")})
	})
	mux.HandleFunc("POST /v1/orders", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
	})
	mux.HandleFunc("GET /admin/users/{id}", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, map[string]string{"user": r.PathValue("id")})
	})
	mux.HandleFunc("POST /login", login)
	mux.HandleFunc("GET /ticks", ticks)
	mux.HandleFunc("GET /public/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "hello")
	})
	return mux
}

// login accepts the password "correct" for anybody.
func login(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("password") != "correct" {
		http.Error(w, "wrong user name or password", http.StatusUnauthorized)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// ticks sends one server-sent event a second until the client leaves.
func ticks(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w)
	every := time.NewTicker(time.Second)
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

func (b *backend) stop() {
	_ = b.server.Close()
	<-b.done
}
