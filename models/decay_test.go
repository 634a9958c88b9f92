package models

import (
	"testing"
	"time"
)

func TestDecay(t *testing.T) {
	f := func(want, v float64, elapsed time.Duration) {
		t.Helper()
		if got := Decay(v, elapsed, ActorHalfLife); got != want {
			t.Errorf("Decay(%g, %s) = %g, want %g", v, elapsed, got, want)
		}
	}
	f(4, 4, 0)
	f(2, 4, 15*time.Minute)
	f(-1, -2, 15*time.Minute)
	f(0.5, 4, 45*time.Minute)
	f(4, 4, -time.Hour)
	f(0, 4, 1<<62)
}
