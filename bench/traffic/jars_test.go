package traffic

import "testing"

// Cookies stay where they were given, until their owner clears them.
func TestJars(t *testing.T) {
	j := NewJars()
	own := func(device int) *Event { return &Event{Person: "ada", CredentialID: "s1", Device: device} }
	attack := func(l Label, v Variant, serial int) *Event {
		return &Event{Person: "ada", Label: l, Variant: v, Attack: serial}
	}
	holder := attack(TargetedTakeover, Plain, 3)
	holder.HoldsToken = true
	lost := func(session string) *Event {
		return &Event{Person: "ada", CredentialID: session, Device: 1, TokenLost: true}
	}
	j.Keep(own(1), "a=1")
	j.Keep(attack(NaiveTakeover, Plain, 1), "a=2")
	j.Keep(attack(Poisoning, VictimsAgent, 2), "a=3")
	j.Keep(attack(Poisoning, KeepsCookie, 4), "a=4")
	for _, c := range []struct {
		what string
		e    *Event
		want string
	}{
		{"the device", own(1), "a=1"},
		{"another device", own(0), ""},
		{"an attacker, what he was given", attack(NaiveTakeover, Plain, 1), "a=2"},
		{"another attack", attack(NaiveTakeover, Plain, 5), ""},
		{"who waits and keeps none", attack(Poisoning, VictimsAgent, 2), ""},
		{"who waits and keeps his", attack(Poisoning, KeepsCookie, 4), "a=4"},
		{"who took the victim's", holder, "a=1"},
	} {
		j.Begin(c.e)
		if got := j.Shown(c.e); got != c.want {
			t.Errorf("%s shows %q, want %q", c.what, got, c.want)
		}
	}
	j.Begin(&Event{Person: "ada", Device: 1, TokenLost: true}) // the login, before the session
	if got := j.Shown(own(1)); got != "a=1" {
		t.Errorf("a login shows %q", got)
	}
	j.Begin(lost("s2"))
	if got := j.Shown(lost("s2")); got != "" {
		t.Errorf("a cleared browser shows %q", got)
	}
	j.Keep(lost("s2"), "a=5")
	j.Begin(lost("s2"))
	if got := j.Shown(lost("s2")); got != "a=5" {
		t.Errorf("later in the same visit: %q, want what it was given in it", got)
	}
	j.Empty(own(1))
	if got := j.Shown(holder); got != "" {
		t.Errorf("stolen from an empty browser: %q", got)
	}
}
