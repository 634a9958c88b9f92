//go:build !race

package stepup

import (
	"testing"
	"time"
	"unsafe"

	"github.com/riskgate/riskgate/models"
)

func TestStepUpAllocates(t *testing.T) {
	w := Want{ACR: "urn:mfa", MaxAge: time.Minute}
	s := New(testConfig(), NewTable(256), w)
	id, n := user("urn:mfa", start), uint32(0)
	f := func(name string, call func()) {
		t.Helper()
		if n := testing.AllocsPerRun(200, call); n != 0 {
			t.Errorf("%s allocates %v times, want 0", name, n)
		}
	}
	f("Credit", func() { s.Credit(key(1), start) })
	f("Grant", func() { s.Grant(key(1), 2, start) })
	f("Ask", func() { n++; s.Ask(id, Key{models.Pseudonym{7}, n, 0}, w, start) })
	f("Answered", func() { s.Answered(id, key(1), start) })
	f("Meets", func() { s.Meets(id, w, start) })
	f("Void", func() { s.Void(models.Pseudonym{1}) })
	if size := unsafe.Sizeof(entry{}); size != 64 {
		t.Errorf("an entry takes %d bytes, documented are 64", size)
	}
}

func BenchmarkCredit(b *testing.B) {
	s := newTest()
	s.Grant(key(1), 2, start)
	b.Run("some", func(b *testing.B) {
		for b.Loop() {
			s.Credit(key(1), start)
		}
	})
	b.Run("none", func(b *testing.B) {
		for b.Loop() {
			s.Credit(key(2), start)
		}
	})
}
