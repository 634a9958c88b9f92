package keyed

import "testing"

// The example of the SipHash paper, appendix A: key and input count up from 0.
func TestSipHash(t *testing.T) {
	var key [32]byte
	input := make([]byte, 15)
	for i := range key {
		key[i] = byte(i)
	}
	for i := range input {
		input[i] = byte(i)
	}
	h := New(key)
	if got := h.Sum(0, input); got != 0xa129ca6149be45e5 {
		t.Errorf("%x, want a129ca6149be45e5", got)
	}
	if got := h.Text(0, string(input)); got != 0xa129ca6149be45e5 {
		t.Errorf("text: %x, want a129ca6149be45e5", got)
	}
}

func TestDomains(t *testing.T) {
	h := New([32]byte{1})
	if h.Text(Address, "a") == h.Text(Network, "a") {
		t.Error("two domains share a hash")
	}
	if h.Text(Address, "a") == (Hash{}).Text(Address, "a") {
		t.Error("two keys share a hash")
	}
	if Short(1<<32) == 0 {
		t.Error("Short is 0")
	}
}

func FuzzTextIsSum(f *testing.F) {
	f.Add("some agent", uint64(3))
	f.Fuzz(func(t *testing.T, s string, d uint64) {
		h := New([32]byte{9, 8, 7})
		if h.Text(Domain(d), s) != h.Sum(Domain(d), []byte(s)) {
			t.Errorf("%q: Text is not Sum", s)
		}
	})
}

func BenchmarkSum100(b *testing.B) {
	h, in := New([32]byte{1}), make([]byte, 100)
	for b.Loop() {
		h.Sum(Agent, in)
	}
}
