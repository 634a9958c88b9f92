package pipeline

import (
	"strings"
	"testing"
)

// Verifying a signature costs far more than sending one: who sends forgeries is
// soon refused before they are looked at, and others are not.
func TestForgeriesUseUpTheirAddress(t *testing.T) {
	w := newWorld(t, func(s *settings) { s.rate.Address, s.rate.Burst = 1, 40 })
	good := w.token("ada")
	forged := good[:strings.LastIndexByte(good, '.')+1] + b64(make([]byte, 64))
	for i, want := range []int{401, 401, 401, 429} {
		if got := w.send(shot{token: forged}); got.StatusCode != want {
			t.Errorf("forgery %d: %d, want %d", i, got.StatusCode, want)
		}
	}
	if got := w.send(shot{token: good, from: "203.0.113.77"}); got.StatusCode != 200 {
		t.Errorf("from another address: %d", got.StatusCode)
	}
}
