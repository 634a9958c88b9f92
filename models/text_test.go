package models

import (
	"encoding"
	"testing"
)

func TestNamesReadBackWhatTheyWrite(t *testing.T) {
	f := func(v interface {
		encoding.TextUnmarshaler
		encoding.TextMarshaler
		Values() []string
	}, names int) {
		t.Helper()
		if n := len(v.Values()); n != names {
			t.Errorf("%T has %d names, want %d", v, n, names)
		}
		for _, name := range v.Values() {
			if err := v.UnmarshalText([]byte(name)); err != nil {
				t.Errorf("%T refuses its own name %q: %v", v, name, err)
			}
			if text, _ := v.MarshalText(); string(text) != name {
				t.Errorf("%T reads %q and writes %q", v, name, text)
			}
		}
		if err := v.UnmarshalText([]byte("Enforce")); err == nil {
			t.Errorf("%T reads %q", v, "Enforce")
		}
	}
	f(new(Mode), 2)
	f(new(Class), 4)
	f(new(Action), 5)
	f(new(Activity), 3)
}
