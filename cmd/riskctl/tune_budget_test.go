package main

import (
	"strings"
	"testing"
)

func TestBudget(t *testing.T) {
	f := func(text string, want budget) {
		t.Helper()
		var b budget
		if err := b.UnmarshalText([]byte(text)); err != nil || b != want {
			t.Errorf("%q: %+v, %v, want %+v", text, b, err, want)
		}
	}
	f("step_up=0.5%,deny=0.01%", budget{0.005, 0.0001})
	f("deny=0.1%", budget{0, 0.001})
	f("step_up = 2 %", budget{0.02, 0})
}

func TestBudgetMistakes(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		var b budget
		if err := b.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for _, wrong := range []string{"", "step_up", "step_up=", "step_up=0.5", "deny=0.001", "step_up=1%,"} {
		f(wrong, "want a share such as 0.5%")
	}
	for _, wrong := range []string{"step_up=0%", "step_up=60%", "deny=-1%", "step_up=NaN%", "step_up=x%"} {
		f(wrong, "want a share from 0.00001% to 50%")
	}
	f("allow=1%", "want step_up or deny")
	f("step_up=1%,step_up=2%", "want step_up once")
	f("deny=1%,step_up=1%, deny=1%", "want deny once")
}

// FuzzBudget: what is read is within its range, and what is printed of it is read
// again.
func FuzzBudget(f *testing.F) {
	for _, text := range []string{"step_up=0.5%,deny=0.01%", "deny=50%", "step_up=1e-5%", "deny=0.1", "step_up=1%,step_up=2%"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var b, again budget
		if b.UnmarshalText([]byte(text)) != nil {
			return
		}
		if b.stepUp < 0 || b.stepUp > 0.5 || b.deny < 0 || b.deny > 0.5 || b == (budget{}) {
			t.Errorf("%q: %+v", text, b)
		}
		if err := again.UnmarshalText([]byte(b.String())); err != nil || again.String() != b.String() {
			t.Errorf("%q is printed as %q, which is read as %q, %v", text, b, again, err)
		}
	})
}
