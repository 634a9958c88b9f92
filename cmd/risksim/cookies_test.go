package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/riskgate/riskgate/signals/device"
)

// A browser shows the device token that it was given, until its owner clears it;
// an attacker has none but what he took or was given himself.
func TestLiveKeepsCookies(t *testing.T) {
	var mu sync.Mutex
	shown := map[string]string{} // by number of the request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number := r.Header.Get("X-Correlation-Id")
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("X-Request-Id", "id-"+number)
		c, err := r.Cookie(device.CookieName)
		if err == nil {
			shown[number] = c.Value
			return
		}
		http.SetCookie(w, &http.Cookie{Name: device.CookieName, Value: "token-" + number})
	}))
	defer server.Close()
	dir := t.TempDir()
	world := []string{"--world", "A", "--users", "150", "--days", "60", "--seed", "3", "--flood", "100"}
	trace := filepath.Join(dir, "trace.jsonl")
	must(t, append([]string{"trace", "--out", trace}, world...)...)
	must(t, append([]string{"live", "--target", server.URL, "--labels", filepath.Join(dir, "labels"), "--time-scale", "0", "--concurrency", "1"}, world...)...)
	type browser struct {
		person, label  string
		attack, device int
	}
	kept, tokens := map[browser]string{}, map[string]string{} // owner of each token
	var lost, held, keepers int
	for i, l := range readLines[traceLine](t, trace) {
		number := strconv.Itoa(i + 1)
		b, got := browser{l.Person, l.Label, l.Attack, 0}, shown[number]
		if l.Device != nil {
			b.device = *l.Device
		}
		want := kept[b]
		switch {
		case l.HoldsToken:
			if tokens[got] == l.Person {
				held++
				continue
			}
			t.Fatalf("request %d, %+v, shows %q", i+1, l, got)
		case l.TokenLost, l.Variant == "victims_agent":
			want = ""
			lost++
		case l.Variant == "keeps_cookie" && want != "":
			keepers++
		}
		if got != want {
			t.Fatalf("request %d, %+v, shows %q, want %q", i+1, l, got, want)
		}
		if got == "" {
			kept[b] = "token-" + number
			if l.Label == "honest" {
				tokens[kept[b]] = l.Person
			}
		}
	}
	if lost < 20 || held == 0 || keepers < 20 {
		t.Errorf("%d cleared browsers, %d stolen tokens, %d of who waits", lost, held, keepers)
	}
}
