package admin

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
)

func (a *Admin) health(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, "ok\n")
}

func (a *Admin) ready(w http.ResponseWriter, _ *http.Request) {
	if err := a.gateway.Ready(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ready\n")
}

func (a *Admin) reload(w http.ResponseWriter, _ *http.Request) {
	if err := a.gateway.Reload(); err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	io.WriteString(w, "reloaded\n")
}

// events answers with the newest decisions, ?n= of them, as a JSON array.
func (a *Admin) events(w http.ResponseWriter, r *http.Request) {
	n := 20
	if text := r.URL.Query().Get("n"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 {
			http.Error(w, "n: "+strconv.Quote(text)+", want a positive number", http.StatusBadRequest)
			return
		}
	}
	recent := a.gateway.Recent(min(n, a.config.Recent))
	if recent == nil {
		recent = []json.RawMessage{}
	}
	a.answer(w, recent)
}

func (a *Admin) explain(w http.ResponseWriter, r *http.Request) {
	explanation, err := a.gateway.Explain(r.PathValue("id"))
	switch {
	case errors.Is(err, ErrNotFound):
		http.Error(w, "no such event among the last "+strconv.Itoa(a.config.Recent)+
			"; riskctl explain reads older ones from the stream", http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		a.answer(w, explanation)
	}
}

// made answers with what the gateway makes of it.
func (a *Admin) made(by func() (json.RawMessage, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		v, err := by()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		a.answer(w, v)
	}
}

// risk answers with the risk section in force, to be put into riskgate.yaml.
func (a *Admin) risk(w http.ResponseWriter, _ *http.Request) {
	section, err := a.gateway.Risk()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(section) // who asked may be gone
}

func (a *Admin) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		a.log.Debug().Err(err).Msg("admin answer not delivered")
	}
}
